"""Machine code that LLVM makes for this processor, for what every sample of a render goes through.

Everything here has a fallback on NumPy and SciPy beside where it is used, with the same meaning; so
this is only faster. Where vectors are as wide as the processor's, each frame still is computed by
the same operations in the same order, so widths change no sample.
"""

from __future__ import annotations

import functools
import importlib.util
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jobs.pipeline.jit.sound import SoundKernels

_LOCK: Final = threading.Lock()


def sound_kernels() -> SoundKernels | None:
    """None where nothing can be compiled. The first call does it, in some tenths of a second."""
    with _LOCK:
        return _compiled_once()


@functools.cache
def _compiled_once() -> SoundKernels | None:
    if importlib.util.find_spec("llvmlite") is None:
        return None
    from jobs.pipeline.jit.compiler import made_for_this_host
    from jobs.pipeline.jit.sound import SoundKernels

    return made_for_this_host(SoundKernels)

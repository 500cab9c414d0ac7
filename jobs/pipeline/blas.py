"""Matrix products for signals in threads: one thread each, and the fastest kernels there are.

NumPy's wheels carry OpenBLAS, which by default spreads every product of our size over all cores.
For products of a few microseconds that costs more than it gives, and when several signals render
at once their helper threads fight over the cores. Signals are the unit of parallelism here.

OpenBLAS reads its environment when NumPy is first imported, so a program calls
``prepare_environment`` before that. ``use_one_thread`` mends the thread count later, if need be;
the choice of kernels cannot be mended.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

_THREAD_VARIABLES: Final = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
# What OpenBLAS's AVX-512 kernels use.
_AVX512_FLAGS: Final = frozenset({"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"})
_SETTERS: Final = (
    "scipy_openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "openblas_set_num_threads",
)


def prepare_environment(
    environment: MutableMapping[str, str] = os.environ, cpu_info: str | None = None
) -> None:
    """Set what OpenBLAS reads at start, before NumPy is imported; keeps what is already set.

    On AMD processors with AVX-512 the OpenBLAS in NumPy's wheels falls back to AVX2 kernels; its
    AVX-512 ones run there too (measured on Zen 5: the NAM engine goes 1.6 times as fast).
    ``cpu_info``: the text of /proc/cpuinfo, read if not given.
    """
    for name in _THREAD_VARIABLES:
        environment.setdefault(name, "1")
    if cpu_info is None:
        cpu_info = _read_cpu_info()
    flags = next((line for line in cpu_info.splitlines() if line.startswith("flags")), "")
    if "AuthenticAMD" in cpu_info and set(flags.split()) >= _AVX512_FLAGS:
        environment.setdefault("OPENBLAS_CORETYPE", "SkylakeX")


def _read_cpu_info() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        return ""


@functools.cache
def use_one_thread() -> bool:
    """Hold the OpenBLAS of NumPy's wheels to one thread; whether it could be found."""
    import numpy as np  # not at the top: this module prepares what NumPy reads when imported

    for library in Path(np.__file__).parent.parent.glob("numpy.libs/*openblas*"):
        try:
            loaded = ctypes.CDLL(str(library))
        except OSError:
            continue
        for name in _SETTERS:
            setter = getattr(loaded, name, None)
            if setter is not None:
                setter(1)
                return True
    return False

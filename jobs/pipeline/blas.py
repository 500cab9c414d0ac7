"""Matrix products for signals in threads: one thread each.

NumPy's wheels carry OpenBLAS, which by default spreads every product of our size over all cores.
For products of a few microseconds that costs more than it gives, and when several signals render
at once their helper threads fight over the cores. Signals are the unit of parallelism here.

OpenBLAS reads its environment when NumPy is first imported, so a program calls
``prepare_environment`` before that; ``use_one_thread`` mends the thread count later, if need be.
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
_SETTERS: Final = (
    "scipy_openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "openblas_set_num_threads",
)


def prepare_environment(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set what BLAS libraries read when NumPy is imported; what is already set stays."""
    for name in _THREAD_VARIABLES:
        environment.setdefault(name, "1")


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

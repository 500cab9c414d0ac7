"""Matrix products for signals in threads: one thread each.

NumPy's wheels carry OpenBLAS, which by default spreads every product of our size over all cores.
For products of a few microseconds that costs more than it gives, and when several signals render
at once their helper threads fight over the cores. Signals are the unit of parallelism here.

OpenBLAS reads its environment when NumPy is first imported, so a program calls
``prepare_environment`` before that; ``use_one_thread`` repairs the thread count later, if need be.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Iterable, MutableMapping
from pathlib import Path
from typing import Any, Final

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
_KERNEL_NAMES: Final = (
    "scipy_openblas_get_corename64_",
    "scipy_openblas_get_corename",
    "openblas_get_corename64_",
    "openblas_get_corename",
)


def prepare_environment(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set what BLAS libraries read when NumPy is imported; what is set and not empty stays."""
    for name in _THREAD_VARIABLES:
        environment[name] = environment.get(name, "").strip() or "1"


@functools.cache
def use_one_thread() -> bool:
    """Hold the OpenBLAS of NumPy's wheels to one thread; whether it could be found."""
    setter = _find_function(_SETTERS)
    if setter is None:
        return False
    setter(1)
    return True


@functools.cache
def blas_kernel() -> str:
    """Which processor's kernels OpenBLAS has chosen ("Haswell", "SkylakeX"), or "unknown".

    They add in different orders, so the last bits of a product differ between them.
    """
    get_name = _find_function(_KERNEL_NAMES)
    if get_name is None:
        return "unknown"
    get_name.restype = ctypes.c_char_p
    name = get_name()
    return name.decode("ascii", "replace") if isinstance(name, bytes) else "unknown"


def blas_name() -> str:
    """The library that NumPy was built with, and its version ("scipy-openblas 0.3.31")."""
    import numpy as np

    config = np.show_config(mode="dicts") or {}
    blas = config.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


def _find_function(names: Iterable[str]) -> Any | None:
    """A function of the OpenBLAS in NumPy's wheels, by the first of its names that is there."""
    import numpy as np  # not at the top: this module prepares what NumPy reads when imported

    for library in Path(np.__file__).parent.parent.glob("numpy.libs/*openblas*"):
        try:
            loaded = ctypes.CDLL(str(library))
        except OSError:
            continue
        for name in names:
            function = getattr(loaded, name, None)
            if function is not None:
                return function
    return None

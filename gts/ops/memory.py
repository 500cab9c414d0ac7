"""Memory that a job no longer needs goes back to the system.

What a render lets go of, glibc keeps for later, in an arena for each thread: hundreds of megabytes
that a server of pages never needs again.
"""

from __future__ import annotations

import ctypes
import functools
import gc
from collections.abc import Callable


def give_back() -> bool:
    """Whether there was a way to ask for it: glibc has one; other C libraries have or need none.

    Takes some hundredths of a second.
    """
    gc.collect()
    trim = _malloc_trim()
    if trim is None:
        return False
    trim(0)
    return True


@functools.cache
def _malloc_trim() -> Callable[[int], int] | None:
    try:
        found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    except (OSError, TypeError):  # a system without a C library of that kind
        return None
    return found

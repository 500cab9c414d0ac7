"""How much of the machine the reading of one file may take, and how the system is told so."""

from __future__ import annotations

import math
import resource
import signal
import time
from dataclasses import dataclass
from typing import Final

MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """``cpu_s``: of the processor; ``wall_s``: of the clock, once the process is up.

    ``memory_bytes``: all that the process may write to (Linux's RLIMIT_DATA). Of a reader that has
    read captures 250 MB are taken; the code that it has loaded, 110 MB, is not counted.
    ``file_bytes``: the largest file that it may write; 0 for what only reads.
    """

    cpu_s: int
    wall_s: float
    memory_bytes: int = 384 * MEBIBYTE
    file_bytes: int = 0


# For the process as a whole. A crash leaves no copy of a stranger's file behind.
_WHOLE_LIFE: Final = {"RLIMIT_CORE": 0, "RLIMIT_NOFILE": 64}
# Longer than the one who asked waits: for a process whose owner is gone.
_OVERTIME_S: Final = 5.0


def limit_process() -> tuple[str, ...]:
    """For a process as a whole. Returns the names of what this system does not know or allow."""
    lacking = [name for name, value in _WHOLE_LIFE.items() if not _set(name, value)]
    lacking += [name for name in ("RLIMIT_CPU", "RLIMIT_DATA") if not hasattr(resource, name)]
    return tuple(lacking)


def limit_file(limits: Limits) -> None:
    """For what this process does until the next call."""
    _set("RLIMIT_CPU", math.ceil(time.process_time()) + limits.cpu_s)
    _set("RLIMIT_DATA", limits.memory_bytes)
    _set("RLIMIT_FSIZE", limits.file_bytes)
    # The system ends the process then, even inside of a function that does not return.
    signal.setitimer(signal.ITIMER_REAL, limits.wall_s + _OVERTIME_S)


def rest() -> None:
    """Nothing is being read: time does not count."""
    _set("RLIMIT_CPU", resource.RLIM_INFINITY)
    signal.setitimer(signal.ITIMER_REAL, 0.0)


def _set(name: str, value: int) -> bool:
    """The soft limit, which is what counts, so that the next file may have another one."""
    which = getattr(resource, name, None)
    if which is None:
        return False
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = hard if value == resource.RLIM_INFINITY else min(value, hard)
    try:
        resource.setrlimit(which, (value, hard))
    except (ValueError, OSError):  # macOS refuses some values
        return False
    return True

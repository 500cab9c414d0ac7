"""What a reader may be asked for, what that may cost, and what the two say to each other.

They talk in JSON, one message a line. The longest good files take a fraction of the limits:
docs/decisions/0005-reading-files.md.
"""

from __future__ import annotations

import json
import math
import resource
import signal
import time
from dataclasses import dataclass, replace
from typing import Any, Final

MEBIBYTE: Final = 1024 * 1024
# The largest true one is the text of a shootout file with the names of what it unpacked.
MAX_MESSAGE_BYTES: Final = 8 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the machine the reading of one file may take.

    ``cpu_s``: of the processor; ``wall_s``: of the clock, once the process is up.

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


def lift_limits() -> None:
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


@dataclass(frozen=True, slots=True)
class ReadTask:
    """``function``: ``module:name`` of a function of JSON values and a ``Progress``, which returns
    JSON values. ``subject``: what is read, for people."""

    function: str
    subject: str
    limits: Limits

    def writing(self, file_bytes: int) -> ReadTask:
        """The same, with leave to write files of so many bytes."""
        return replace(self, limits=replace(self.limits, file_bytes=file_bytes))


_READERS: Final = "jobs.pipeline.gate.readers"

READ_DI: Final = ReadTask(f"{_READERS}:read_di", "DI track", Limits(cpu_s=120, wall_s=480.0))
READ_NAM: Final = ReadTask(f"{_READERS}:read_nam_file", "capture", Limits(cpu_s=30, wall_s=90.0))
READ_IR: Final = ReadTask(
    f"{_READERS}:read_ir_file", "impulse response", Limits(cpu_s=20, wall_s=60.0)
)
READ_AUDIO_KIND: Final = ReadTask(
    f"{_READERS}:read_audio_kind", "sound file", Limits(cpu_s=20, wall_s=60.0)
)
UNPACK_FILES: Final = ReadTask(
    f"{_READERS}:unpack_files", "archive", Limits(cpu_s=60, wall_s=240.0)
)
UNPACK_ARCHIVE: Final = ReadTask(f"{_READERS}:unpack", "archive", Limits(cpu_s=60, wall_s=240.0))

# The argument of a reader that has time to load what its first files will need.
PREPARE: Final = "--prepare"

# Keys of what a reader says. READY: once, with what this system lacks of limits. COST: with
# RESULT and with each kind of failure.
READY: Final = "ready"
PROGRESS: Final = "progress"
RESULT: Final = "result"
COST: Final = "cost"
PIPELINE_ERROR: Final = "pipeline_error"
OS_ERROR: Final = "os_error"
TOO_DEMANDING: Final = "too_demanding"
UNFORESEEN: Final = "unforeseen"


def encode(message: dict[str, Any]) -> bytes:
    """Raises ``TypeError`` or ``ValueError`` for what is no JSON."""
    return json.dumps(message).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """Raises ``ValueError``."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("no message of a reader")
    return message

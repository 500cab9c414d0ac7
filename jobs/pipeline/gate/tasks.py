"""What a reader may be asked for, and what each may cost.

The longest good files take a fraction of these: docs/decisions/0005-reading-files.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from jobs.pipeline.gate.limits import Limits


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

READ_DI: Final = ReadTask(f"{_READERS}:read_di", "recording", Limits(cpu_s=120, wall_s=480.0))
READ_NAM: Final = ReadTask(f"{_READERS}:read_nam_file", "capture", Limits(cpu_s=30, wall_s=90.0))
READ_IR: Final = ReadTask(
    f"{_READERS}:read_ir_file", "impulse response", Limits(cpu_s=20, wall_s=60.0)
)
UNPACK_ARCHIVE: Final = ReadTask(f"{_READERS}:unpack", "archive", Limits(cpu_s=60, wall_s=240.0))

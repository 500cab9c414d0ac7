"""Reading files of strangers for a job: in a reader (``jobs.pipeline.gate``), which is gone within
a moment when the job is cancelled or the worker stops.

Everything here raises ``PipelineError``: what is wrong with the file, and as ``Gate.read``;
``OSError``; and ``CancelledError`` when the job is to stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import msgspec

from jobs.pipeline.errors import Progress, no_progress
from jobs.pipeline.formats.records import JSONObject
from jobs.pipeline.formats.shootout_archive import ArchiveLimits, UnpackedMedia
from jobs.pipeline.formats.shootout_file import ShootoutFile, shootout_from_document
from jobs.pipeline.gate import gate
from jobs.pipeline.gate.messages import (
    READ_AUDIO_KIND,
    READ_DI,
    READ_IR,
    READ_NAM,
    UNPACK_ARCHIVE,
    UNPACK_FILES,
    ReadTask,
)
from jobs.pipeline.measure.di_facts import DIProbe
from jobs.queue.current_job import cancellation_check


def di_read(path: Path, *, max_duration_s: float, progress: Progress = no_progress) -> DIProbe:
    """As ``probe_di`` of the whole recording."""
    arguments: JSONObject = {"path": str(path), "max_duration_s": max_duration_s}
    return msgspec.convert(_read(READ_DI, arguments, progress), DIProbe)


class NamFound(msgspec.Struct, frozen=True):
    """``summary``: of ``NamFile``; ``self_test``: its report."""

    summary: dict[str, Any]
    self_test: dict[str, Any]


def nam_read(path: Path, progress: Progress = no_progress) -> NamFound:
    return msgspec.convert(_read(READ_NAM, {"path": str(path)}, progress), NamFound)


class IRFound(msgspec.Struct, frozen=True):
    """``probe``: an ``IRProbe`` as JSON. ``is_space``: whether it was read as one."""

    probe: dict[str, Any]
    is_space: bool


def ir_read(path: Path, *, is_space: bool | None) -> IRFound:
    """``is_space``: whether it is one; ``None``: as its channels tell."""
    arguments: JSONObject = {"path": str(path), "is_space": is_space}
    return msgspec.convert(_read(READ_IR, arguments, no_progress), IRFound)


def archive_read(
    path: Path, folder: Path, limits: ArchiveLimits, progress: Progress = no_progress
) -> ShootoutFile:
    """The shootout in an archive; what it names is in the empty ``folder`` then."""
    arguments: JSONObject = {"path": str(path), "folder": str(folder), "limits": asdict(limits)}
    found = _read(UNPACK_ARCHIVE, arguments, progress, file_bytes=limits.max_file_bytes)
    sha256s: Mapping[str, str] = found["sha256"]
    return shootout_from_document(
        found["tables"], Path(found["root"]), lambda path: sha256s[str(path)]
    )


class AudioKindFound(msgspec.Struct, frozen=True):
    """As ``jobs.pipeline.measure.audio_kind.AudioKind``."""

    likeness: Literal["impulse", "unsure", "played"]
    duration_s: float
    num_channels: int
    center_s: float


def audio_kind_read(path: Path) -> AudioKindFound:
    """Whether a sound file is an impulse response or was played."""
    return msgspec.convert(_read(READ_AUDIO_KIND, {"path": str(path)}, no_progress), AudioKindFound)


def media_unpack(
    path: Path, folder: Path, limits: ArchiveLimits, progress: Progress = no_progress
) -> UnpackedMedia:
    """The recordings and captures in an archive; they are in the empty ``folder`` then."""
    arguments: JSONObject = {"path": str(path), "folder": str(folder), "limits": asdict(limits)}
    found = _read(UNPACK_FILES, arguments, progress, file_bytes=limits.max_file_bytes)
    return msgspec.convert(found, UnpackedMedia)


def _read(task: ReadTask, arguments: JSONObject, progress: Progress, *, file_bytes: int = 0) -> Any:
    return gate.read(
        task.writing(file_bytes), arguments, progress=progress, check=cancellation_check()
    )

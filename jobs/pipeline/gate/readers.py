"""What is done in a reader, away from the worker, and what a new one does while it waits.

Arguments and answers of the functions are JSON values. ``WARM_UP_STEPS`` is what the first files
would pay for otherwise: a good second of the processor for the first recording and for the first
capture, because modules are loaded, and code is made, when they are used first.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any, Final

import msgspec

from jobs.pipeline import nam
from jobs.pipeline.errors import PipelineError, Progress
from jobs.pipeline.files import sha256_of
from jobs.pipeline.formats.records import JSONObject
from jobs.pipeline.formats.shootout_archive import ArchiveLimits, unpack_archive, unpack_media
from jobs.pipeline.formats.shootout_file import read_document
from jobs.pipeline.measure.audio_kind import audio_kind
from jobs.pipeline.measure.probe import probe_di
from jobs.pipeline.nam.engine import self_test_report
from jobs.pipeline.nam.file import parse_nam, read_nam
from jobs.pipeline.render.ir_facts import TRUE_STEREO_CHANNELS
from jobs.pipeline.render.ir_file import probe_ir, probe_space

# What a new reader tries itself on: a recording, and the smallest capture there can be.
_SOUND: Final = Path(nam.__file__).parent / "data" / "loudness_input.flac"
_LAYER: Final = {
    "input_size": 1,
    "condition_size": 1,
    "channels": 1,
    "kernel_size": 1,
    "dilations": [1],
    "activation": "Tanh",
    "gated": False,
    "head_size": 1,
    "head_bias": False,
}
_CAPTURE: Final = {
    "version": "0.5.4",
    "architecture": "WaveNet",
    "config": {"layers": [_LAYER], "head_scale": 1.0},
    "weights": [0.5] * 8,
}


class ReadDI(msgspec.Struct, frozen=True):
    path: str
    max_duration_s: float


class ReadFile(msgspec.Struct, frozen=True):
    path: str


class ReadIR(msgspec.Struct, frozen=True):
    path: str
    is_space: bool | None


class Unpack(msgspec.Struct, frozen=True):
    path: str
    folder: str
    limits: ArchiveLimits


def read_di(arguments: JSONObject, progress: Progress) -> dict[str, Any]:
    """A ``DIProbe`` as JSON. Raises as ``probe_di``."""
    asked = msgspec.convert(arguments, ReadDI)
    probe = probe_di(Path(asked.path), max_duration_s=asked.max_duration_s, progress=progress)
    return probe.as_json()


def read_nam_file(arguments: JSONObject, progress: Progress) -> dict[str, Any]:
    """What a capture says of itself, and its self-test. Raises as ``read_nam``."""
    capture = read_nam(Path(msgspec.convert(arguments, ReadFile).path))
    report = self_test_report(capture, progress=progress)
    return {"summary": capture.summary(), "self_test": report}


def read_ir_file(arguments: JSONObject, progress: Progress) -> dict[str, Any]:
    """An ``IRProbe`` as JSON, and whether it was read as a space: ``is_space`` says so, or, where
    that is ``None``, its channels. Raises as ``probe_ir`` and ``probe_space``."""
    asked = msgspec.convert(arguments, ReadIR)
    path, is_space = Path(asked.path), asked.is_space
    probe = probe_space(path) if is_space else probe_ir(path)
    if is_space is None and probe.num_channels == TRUE_STEREO_CHANNELS:
        is_space, probe = True, probe_space(path)
    return {"probe": probe.as_json(), "is_space": bool(is_space)}


def read_audio_kind(arguments: JSONObject, progress: Progress) -> dict[str, Any]:
    """An ``AudioKind`` as JSON. Raises as ``audio_kind``."""
    return audio_kind(Path(msgspec.convert(arguments, ReadFile).path), progress).as_json()


def unpack_files(arguments: JSONObject, progress: Progress) -> dict[str, Any]:
    """The recordings and captures of an archive, in a folder: their names there. Raises as
    ``unpack_media``."""
    asked = msgspec.convert(arguments, Unpack)
    with open(asked.path, "rb") as file:
        return unpack_media(file, Path(asked.folder).resolve(), asked.limits, progress).as_json()


def unpack(arguments: JSONObject, progress: Progress) -> dict[str, Any]:
    """What is named in an archive, in a folder: the path of the shootout file, what it says, and
    the SHA-256 of the files by their paths. Raises as ``unpack_archive`` and ``read_document``."""
    asked = msgspec.convert(arguments, Unpack)
    folder = Path(asked.folder).resolve()
    with open(asked.path, "rb") as file:
        root = unpack_archive(file, folder, asked.limits, progress)
    tables = read_document(root)
    if _has_dates(tables):
        raise PipelineError("SHOOTOUT_FILE_INVALID", "A shootout file has no dates or times in it.")
    media = [path for path in folder.rglob("*") if path.is_file() and path != root]
    return {
        "root": str(root),
        "tables": tables,
        "sha256": {
            str(path): sha256_of(path, between=lambda: progress(1.0)) for path in sorted(media)
        },
    }


def _has_dates(value: object) -> bool:
    """What is in a TOML document and not in JSON."""
    if isinstance(value, dict):
        return any(map(_has_dates, value.values()))
    if isinstance(value, list):
        return any(map(_has_dates, value))
    return isinstance(value, date | time)


def _read_a_capture() -> None:
    self_test_report(parse_nam(json.dumps(_CAPTURE).encode()))


# One after the other, until there is something to do.
WARM_UP_STEPS: Final[tuple[Callable[[], object], ...]] = (
    lambda: probe_di(_SOUND),
    _read_a_capture,
    lambda: probe_ir(_SOUND),
)

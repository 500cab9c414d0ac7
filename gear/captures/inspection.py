"""Looking into captures: what a file is, in the words of our rows. No database."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gear.captures.naming import kind_of_gear_type, stated
from gear.models.item import CaptureFormat, GearKind
from gear.text import clean_json
from jobs.files.reading import ir_read, nam_read
from jobs.pipeline.errors import Progress, no_progress
from jobs.pipeline.json_values import JSONObject


@dataclass(frozen=True, slots=True)
class CaptureFacts:
    """What the inspection found. ``None`` is unknown, never zero.

    ``name``, ``model``, ``make``, ``creator``: what the file says of the gear, placeholders left
    out; ``kind``: of gear that it must be. For what its owner has not said.
    """

    architecture: str = ""
    format_version: str = ""
    sample_rate_hz: int | None = None
    duration_s: float | None = None
    input_level_dbu: float | None = None
    output_level_dbu: float | None = None
    info: JSONObject = field(default_factory=dict)
    name: str = ""
    model: str = ""
    make: str = ""
    creator: str = ""
    kind: GearKind | None = None


def inspect_capture(
    path: Path, capture_format: str, progress: Progress = no_progress, *, kind: str = ""
) -> CaptureFacts:
    """Read the whole file, in a process of its own, and run the self-test of a model.

    ``kind``: of its gear, where its owner has said so: all channels of a space sound. Otherwise an
    impulse response of four channels is one, because no cabinet is in true stereo.

    Raises as ``jobs.files.reading``. A failed self-test is no error: it is told in
    ``info["self_test"]``. Whatever ``progress`` raises ends it.
    """
    if capture_format == CaptureFormat.NAM:
        return _inspect_nam(path, progress)
    return _inspect_ir(path, kind)


def _inspect_nam(path: Path, progress: Progress) -> CaptureFacts:
    found = nam_read(path, progress)
    summary, metadata = found.summary, found.summary["metadata"]
    return CaptureFacts(
        architecture=summary["architecture"],
        format_version=summary["version"],
        sample_rate_hz=summary["sample_rate_hz"],
        input_level_dbu=metadata["input_level_dbu"],
        output_level_dbu=metadata["output_level_dbu"],
        info=clean_json({**summary, "self_test": found.self_test}),
        name=stated(metadata["name"]),
        model=stated(metadata["gear_model"]),
        make=stated(metadata["gear_make"]),
        creator=stated(metadata["modeled_by"]),
        kind=kind_of_gear_type(metadata["gear_type"]),
    )


def _inspect_ir(path: Path, kind: str) -> CaptureFacts:
    found = ir_read(path, is_space=kind == GearKind.SPACE if kind else None)
    return CaptureFacts(
        architecture="",
        sample_rate_hz=found.probe["sample_rate_hz"],
        duration_s=found.probe["duration_s"],
        info=clean_json(found.probe),
        kind=GearKind.SPACE if found.is_space else None,
    )

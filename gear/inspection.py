"""Looking into captures: what a file is, in the words of our rows. No database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gear.capture_text import clean_json, clean_text
from gear.models.item import CaptureFormat, GearKind
from gear.naming import stated
from jobs.pipeline.audio.files import IRProbe, probe_ir, probe_space
from jobs.pipeline.audio.nam import read_nam, self_test_report
from jobs.pipeline.errors import Progress, no_progress


@dataclass(frozen=True, slots=True)
class CaptureFacts:
    """What the inspection found. ``None`` is unknown, never zero.

    ``name``, ``model``, ``make``, ``creator``: what the file says of the gear, placeholders left
    out; ``gear_type``: in the trainer's word. For what its owner has not said.
    """

    architecture: str = ""
    format_version: str = ""
    sample_rate_hz: int | None = None
    duration_s: float | None = None
    input_level_dbu: float | None = None
    output_level_dbu: float | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    model: str = ""
    make: str = ""
    creator: str = ""
    gear_type: str = ""


def inspect_capture(
    path: Path, capture_format: str, progress: Progress = no_progress, *, kind: str = ""
) -> CaptureFacts:
    """Read the whole file, within bounds, and run the self-test of a model. ``kind``: of its gear,
    because all channels of a space sound.

    Raises ``PipelineError`` with what is wrong with the file. A failed self-test is no error: it
    is told in ``info["self_test"]``. Whatever ``progress`` raises ends it.
    """
    if capture_format == CaptureFormat.NAM:
        return _inspect_nam(path, progress)
    return _inspect_ir(path, probe_space if kind == GearKind.SPACE else probe_ir)


def _inspect_nam(path: Path, progress: Progress) -> CaptureFacts:
    nam = read_nam(path)
    metadata = nam.metadata
    return CaptureFacts(
        architecture=nam.architecture,
        format_version=nam.version,
        sample_rate_hz=nam.sample_rate_hz,
        input_level_dbu=metadata.input_level_dbu,
        output_level_dbu=metadata.output_level_dbu,
        info=clean_json({**nam.summary(), "self_test": self_test_report(nam, progress=progress)}),
        name=stated(metadata.name),
        model=stated(metadata.gear_model),
        make=stated(metadata.gear_make),
        creator=stated(metadata.modeled_by),
        gear_type=clean_text(metadata.gear_type or ""),
    )


def _inspect_ir(path: Path, probe_file: Callable[[Path], IRProbe]) -> CaptureFacts:
    probe = probe_file(path)
    return CaptureFacts(
        architecture="",
        sample_rate_hz=probe.sample_rate_hz,
        duration_s=probe.duration_s,
        info=clean_json(probe.as_json()),
    )

"""What is known of a capture, as a list of terms with their values for people."""

from __future__ import annotations

from collections.abc import Iterator

from django.template.defaultfilters import filesizeformat

from gear.chains.describe import architecture_of
from gear.models import Capture
from gear.models.item import CaptureFormat, FileState
from gts.web.display import duration, kilohertz, number

NOT_STATED = "not stated"


def capture_specs(capture: Capture) -> list[tuple[str, str]]:
    """In the order in which people look for them. Nothing but the file while it is checked."""
    specs: list[tuple[str, str]] = []
    if capture.state == FileState.READY:
        of_format = _of_ir if capture.format == CaptureFormat.IR else _of_model
        specs = [*of_format(capture)]
    if capture.file:
        specs.append(("File", f"{capture.name}, {filesizeformat(capture.size_bytes)}"))
    return specs


def _of_model(capture: Capture) -> Iterator[tuple[str, str]]:
    said = capture.info.get("metadata", {})
    architecture = architecture_of(capture)
    if architecture:
        yield "Network", f"NAM {architecture}"
    if capture.info.get("num_weights"):
        yield "Weights", f"{capture.info['num_weights']:,}".replace(",", "\N{THIN SPACE}")
    yield from _sample_rate(capture)
    yield "Input level", _dbu(capture.input_level_dbu)
    yield "Output level", _dbu(capture.output_level_dbu)
    yield "Loudness", _stated(said.get("loudness_db"), "dB")
    if said.get("gain") is not None:
        yield "Gain", f"{number(said['gain'], 2)} of 1"
    if said.get("tone_type"):
        yield "Tone", str(said["tone_type"]).replace("_", " ")
    if said.get("gear_type"):
        yield "Captured", str(said["gear_type"]).replace("_", " + ")
    if capture.format_version:
        yield "File format", f"NAM {capture.format_version}"


def _of_ir(capture: Capture) -> Iterator[tuple[str, str]]:
    facts = capture.info
    if facts.get("num_channels"):
        yield "Channels", str(facts["num_channels"])
    if capture.duration_s is not None:
        yield "Length", duration(capture.duration_s)
    if facts.get("sound_s") is not None:
        yield "Sounds for", f"{number(1000.0 * facts['sound_s'], 0)} ms"
    if facts.get("lead_s"):
        yield "Silence in front", f"{number(1000.0 * facts['lead_s'])} ms"
    if facts.get("peak_dbfs") is not None:
        yield "Peak", f"{number(facts['peak_dbfs'])} dBFS"
    yield from _sample_rate(capture)
    if facts.get("format"):
        yield "File format", str(facts["format"])


def _sample_rate(capture: Capture) -> Iterator[tuple[str, str]]:
    if capture.sample_rate_hz:
        yield "Sample rate", kilohertz(capture.sample_rate_hz)


def _dbu(level_dbu: float | None) -> str:
    return NOT_STATED if level_dbu is None else f"{number(level_dbu)} dBu at 0 dBFS"


def _stated(value: float | None, unit: str) -> str:
    return NOT_STATED if value is None else f"{number(value)} {unit}"

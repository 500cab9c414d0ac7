"""Reading .nam files: JSON with version, architecture, config and weights.

Everything a file announces is checked before anything of that size is allocated; the limits are
in ``document``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.nam.architectures import parse_convnet, parse_linear, parse_lstm
from jobs.pipeline.nam.document import (
    DEFAULT_SAMPLE_RATE_HZ,
    MAX_ENGINE_FLOATS,
    MAX_FILE_BYTES,
    MAX_NESTING,
    MAX_RECEPTIVE_FIELD_FRAMES,
    MAX_SAMPLE_RATE_HZ,
    MAX_STATE_FLOATS,
    MAX_SUBMODELS,
    MAX_WEIGHTS,
    MIN_SAMPLE_RATE_HZ,
    Fields,
    invalid,
    printable,
    read_json_object,
    refuse_foreign,
)
from jobs.pipeline.nam.network import ModelConfig
from jobs.pipeline.nam.wavenet import parse_wavenet
from jobs.pipeline.nam.wavenet.config import Condition
from jobs.pipeline.signal.samples import FloatArray

CONTAINER: Final = "SlimmableContainer"
ARCHITECTURES: Final = ("WaveNet", "LSTM", "ConvNet", "Linear", CONTAINER)

OLDEST_VERSION: Final = (0, 5, 0)
NEWEST_VERSION: Final = (0, 7, 0)
_VERSION: Final = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class NamMetadata:
    """What a capture says of itself; None is "unknown", never 0.

    ``loudness_db``: unweighted RMS of the trainer's loudness input through the capture.
    ``gain``: 0..1, how much it compresses. ``input_level_dbu``, ``output_level_dbu``: level of a
    1 kHz sine that reaches 0 dBFS peak at the capture's input and at the recording of its output.
    """

    name: str | None = None
    modeled_by: str | None = None
    gear_make: str | None = None
    gear_model: str | None = None
    gear_type: str | None = None
    tone_type: str | None = None
    loudness_db: float | None = None
    gain: float | None = None
    input_level_dbu: float | None = None
    output_level_dbu: float | None = None


@dataclass(frozen=True, slots=True)
class Submodel:
    """One size in a container. Serves slim sizes below ``max_value``; the last serves the rest."""

    max_value: float
    label: str
    nam: NamFile


@dataclass(frozen=True, slots=True)
class NamFile:
    """A checked capture. ``config`` and ``weights`` are None and empty for a container."""

    version: str
    architecture: str
    sample_rate_hz: int
    metadata: NamMetadata
    label: str
    num_weights: int
    config: ModelConfig | None
    weights: FloatArray
    submodels: tuple[Submodel, ...] = ()
    warnings: tuple[str, ...] = ()

    def summary(self) -> dict[str, Any]:
        """JSON-safe description, for storing beside the file."""
        metadata = self.metadata
        return {
            "version": self.version,
            "architecture": self.architecture,
            "label": self.label,
            "sample_rate_hz": self.sample_rate_hz,
            "num_weights": self.num_weights,
            "submodels": [
                {
                    "max_value": submodel.max_value,
                    "label": submodel.label,
                    "num_weights": submodel.nam.num_weights,
                }
                for submodel in self.submodels
            ],
            "metadata": {name: getattr(metadata, name) for name in metadata.__slots__},
            "warnings": list(self.warnings),
        }


def read_nam(path: Path) -> NamFile:
    """Read and check a capture. Takes bounded time and memory whatever the file holds.

    Raises ``PipelineError``: NAM_TOO_LARGE, NAM_NOT_JSON, CAPTURE_FORMAT_UNSUPPORTED (of another
    program), NAM_VERSION_UNSUPPORTED, NAM_ARCHITECTURE_UNSUPPORTED, NAM_WEIGHT_COUNT or
    NAM_INVALID, all permanent; ``OSError`` if the file cannot be read.
    """
    with path.open("rb") as file:
        # One byte more than allowed is enough to know, and a size asked beforehand may be stale.
        data = file.read(MAX_FILE_BYTES + 1)
    return parse_nam(data)


def parse_nam(data: bytes) -> NamFile:
    """The same for a file in memory."""
    document = read_json_object(data)
    refuse_foreign(document)
    nam = _parse_model(Fields(document, ""), DEFAULT_SAMPLE_RATE_HZ, depth=0)
    for model in (nam, *(submodel.nam for submodel in nam.submodels)):
        if model.config is not None and model.config.num_outputs != 1:
            invalid("config", "of one output: GTS runs mono captures only")
    return nam


def _parse_model(model: Fields, default_sample_rate_hz: int, depth: int) -> NamFile:
    """One model: the file itself, a submodel of a container, or a condition network."""
    if depth >= MAX_NESTING:
        invalid(model.where, f"at most {MAX_NESTING} models deep")
    for key in ("version", "architecture", "config", "weights"):
        model.require(key)
    version = model.string("version")
    warnings = _check_version(version)
    architecture = model.string("architecture")
    if architecture not in ARCHITECTURES:
        raise PipelineError(
            "NAM_ARCHITECTURE_UNSUPPORTED",
            f"This capture has the architecture “{printable(architecture)}”, "
            "which is not supported. "
            f"Supported: {', '.join(ARCHITECTURES)}.",
            detail=f"version {version}",
        )
    sample_rate_hz = model.integer(
        "sample_rate", MIN_SAMPLE_RATE_HZ, MAX_SAMPLE_RATE_HZ, default=default_sample_rate_hz
    )
    metadata = _parse_metadata(model, warnings)
    weights = _parse_weights(model)
    config = model.fields("config")

    if architecture == CONTAINER:
        _check_weight_count(0, len(weights), model.where)
        submodels = _parse_submodels(config, sample_rate_hz, depth, warnings)
        return NamFile(
            version,
            architecture,
            sample_rate_hz,
            metadata,
            submodels[-1].label,
            sum(submodel.nam.num_weights for submodel in submodels),
            None,
            weights,
            submodels,
            tuple(warnings),
        )

    def parse_condition(fields: Fields) -> Condition:
        nested = _parse_model(fields, sample_rate_hz, depth + 1)
        if nested.config is None:
            invalid(fields.path("architecture"), "a single network", nested.architecture)
        if nested.sample_rate_hz != sample_rate_hz:
            invalid(fields.path("sample_rate"), f"{sample_rate_hz}", nested.sample_rate_hz)
        warnings.extend(nested.warnings)
        return Condition(nested.config, nested.weights)

    parsed: ModelConfig
    if architecture == "WaveNet":
        parsed = parse_wavenet(config, parse_condition, warnings)
    elif architecture == "LSTM":
        parsed = parse_lstm(config, sample_rate_hz)
    elif architecture == "ConvNet":
        parsed = parse_convnet(config)
    else:
        parsed = parse_linear(config)
    _check_weight_count(parsed.num_weights, len(weights), model.where)
    _check_size(parsed)
    return NamFile(
        version,
        architecture,
        sample_rate_hz,
        metadata,
        parsed.label,
        len(weights),
        parsed,
        weights,
        (),
        tuple(warnings),
    )


def _check_version(version: str) -> list[str]:
    """Warnings about the version, if it can be used at all."""
    match = _VERSION.fullmatch(version)
    numbers = tuple(int(part) for part in match.groups()) if match else (0, 0, 0)
    if not numbers >= OLDEST_VERSION or numbers[:2] > NEWEST_VERSION[:2]:
        raise PipelineError(
            "NAM_VERSION_UNSUPPORTED",
            f"This capture has file version {printable(version[:20])}, which is not supported. "
            "Supported: 0.5.0 to 0.7.x.",
        )
    if numbers > NEWEST_VERSION:
        return [f"File version {version} is newer than 0.7.0; the capture may sound incomplete."]
    return []


def _parse_weights(model: Fields) -> FloatArray:
    """All weights as float32, read-only."""
    values = model.items("weights", MAX_WEIGHTS, minimum=0)
    where = model.path("weights")
    if not set(map(type, values)) <= {int, float}:
        invalid(where, "a list of numbers")
    try:
        with np.errstate(over="ignore"):
            weights = np.array(values, np.float64).astype(np.float32)
    except OverflowError:
        invalid(where, "a list of numbers of reasonable size")
    if not np.isfinite(weights).all():
        invalid(where, "a list of finite numbers")
    weights.flags.writeable = False
    return weights


def _check_weight_count(expected: int, got: int, where: str) -> None:
    if expected != got:
        raise PipelineError(
            "NAM_WEIGHT_COUNT",
            f"This capture is damaged: it should have {expected} weights but has {got}.",
            detail=where,
        )


def _check_size(config: ModelConfig) -> None:
    """Refuse what a few weights can blow up: dilations, groups, kernels over silent channels."""
    for what, size, limit in (
        ("frames of receptive field", config.receptive_field_frames, MAX_RECEPTIVE_FIELD_FRAMES),
        ("numbers of engine", config.num_engine_floats, MAX_ENGINE_FLOATS),
        ("numbers of state", config.num_state_floats, MAX_STATE_FLOATS),
    ):
        if size > limit:
            raise PipelineError(
                "NAM_TOO_LARGE",
                "This capture announces a network far larger than any real one.",
                detail=f"{size} {what}, at most {limit}",
            )


def _parse_submodels(
    config: Fields, sample_rate_hz: int, depth: int, warnings: list[str]
) -> tuple[Submodel, ...]:
    submodels: list[Submodel] = []
    for i, entry in enumerate(config.items("submodels", MAX_SUBMODELS)):
        fields = Fields(entry, f"{config.path('submodels')}[{i}]")
        max_value = fields.number("max_value")
        if submodels and max_value <= submodels[-1].max_value:
            invalid(fields.path("max_value"), "above the one before it", max_value)
        nam = _parse_model(fields.fields("model"), sample_rate_hz, depth + 1)
        if nam.config is None:
            invalid(fields.path("model"), "a single network", nam.architecture)
        if nam.sample_rate_hz != sample_rate_hz:
            invalid(fields.path("model.sample_rate"), f"{sample_rate_hz}", nam.sample_rate_hz)
        warnings.extend(nam.warnings)
        submodels.append(Submodel(max_value, nam.label, nam))
    if submodels[-1].max_value < 1.0:
        invalid(config.path("submodels"), "complete: the last max_value is below 1")
    return tuple(submodels)


def _parse_metadata(model: Fields, warnings: list[str]) -> NamMetadata:
    """Never a reason to refuse a capture: what cannot be read is unknown, with a warning."""
    values = model.get("metadata")
    if values is None:
        return NamMetadata()
    if not isinstance(values, dict):
        warnings.append("The metadata is not an object and was ignored.")
        return NamMetadata()

    def text(key: str) -> str | None:
        value = values.get(key)
        return printable(value) or None if isinstance(value, str) else None

    def number(key: str) -> float | None:
        value = values.get(key)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6:
            return float(value)
        warnings.append(f"The metadata field “{key}” is not a usable number and was ignored.")
        return None

    return NamMetadata(
        name=text("name"),
        modeled_by=text("modeled_by"),
        gear_make=text("gear_make"),
        gear_model=text("gear_model"),
        gear_type=text("gear_type"),
        tone_type=text("tone_type"),
        loudness_db=number("loudness"),
        gain=number("gain"),
        input_level_dbu=number("input_level_dbu"),
        output_level_dbu=number("output_level_dbu"),
    )

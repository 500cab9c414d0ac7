"""Parameters of the blocks of a chain: of built-in processors, and of captures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from gear.models.item import CaptureFormat
from jobs.pipeline.audio.blocks import Parameter, describe_parameters, validate_parameters
from jobs.pipeline.errors import PipelineError

# What a captured block may be told: which size of a container to run, how loud the cab is.
CAPTURE_PARAMETERS: Final[dict[str, Parameter]] = {
    CaptureFormat.NAM: Parameter("slim_size", "Size", "", 0.0, 1.0, 1.0),
    CaptureFormat.IR: Parameter("gain_db", "Gain", "dB", -24.0, 24.0, 0.0),
}


def check_processor(processor: str, parameters: Mapping[str, object]) -> dict[str, float | bool]:
    """The parameters with what was left out. Raises ``PipelineError``: BLOCK_UNKNOWN,
    BLOCK_PARAMETER_UNKNOWN, BLOCK_PARAMETER_INVALID, BLOCK_PARAMETER_OUT_OF_RANGE."""
    return validate_parameters(processor, {name: _finite(parameters[name]) for name in parameters})


def check_capture(capture_format: str, parameters: Mapping[str, object]) -> dict[str, float | bool]:
    """The same for a captured block, which has one parameter at most."""
    parameter = CAPTURE_PARAMETERS[capture_format]
    for name in parameters:
        if name != parameter.name:
            raise PipelineError("BLOCK_PARAMETER_UNKNOWN", f"This block has no parameter “{name}”.")
    value = _finite(parameters.get(parameter.name, parameter.default))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PipelineError("BLOCK_PARAMETER_INVALID", f"{parameter.name} must be a number.")
    if not parameter.minimum <= value <= parameter.maximum:
        raise PipelineError(
            "BLOCK_PARAMETER_OUT_OF_RANGE",
            f"{parameter.name} must be from {parameter.minimum:g} to {parameter.maximum:g}"
            f"{parameter.unit and ' '}{parameter.unit}, not {value:g}.",
        )
    return {parameter.name: float(value)}


def describe(
    processor: str, capture_format: str | None, parameters: Mapping[str, float | bool]
) -> str:
    """The settings of a block for people; empty where there is nothing to say."""
    if processor:
        try:
            return describe_parameters(processor, parameters)
        except PipelineError:  # stored by a version that knew more processors
            return ""
    if capture_format is None:
        return ""
    parameter = CAPTURE_PARAMETERS[capture_format]
    value = parameters.get(parameter.name, parameter.default)
    if value == parameter.default:
        return ""
    if parameter.unit == "dB":
        return f"{parameter.label} {value:+g} dB"
    return f"{parameter.label} {value * 100:g} %"


def _finite(value: object) -> object:
    """JSON may spell integers that no float can hold."""
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return value

"""Parameters of the blocks of a chain: of built-in processors, and of captures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gear.models.item import CaptureFormat
from jobs.pipeline.audio.blocks import Parameter, describe_parameters
from jobs.pipeline.errors import PipelineError

# What a captured block may be told: which size of a container to run, how loud the cab is.
CAPTURE_PARAMETERS: Final[dict[str, Parameter]] = {
    CaptureFormat.NAM: Parameter("slim_size", "Size", "", 0.0, 1.0, 1.0),
    CaptureFormat.IR: Parameter("gain_db", "Gain", "dB", -24.0, 24.0, 0.0),
}


def check_capture(capture_format: str, parameters: Mapping[str, object]) -> dict[str, float | bool]:
    """The parameters of a captured block, which has one at most. Raises ``PipelineError``:
    BLOCK_PARAMETER_UNKNOWN, BLOCK_PARAMETER_INVALID, BLOCK_PARAMETER_OUT_OF_RANGE."""
    parameter = CAPTURE_PARAMETERS[capture_format]
    for name in parameters:
        if name != parameter.name:
            raise PipelineError("BLOCK_PARAMETER_UNKNOWN", f"This block has no parameter “{name}”.")
    return {parameter.name: parameter.checked(parameters.get(parameter.name))}


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

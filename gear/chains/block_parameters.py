"""Parameters of the blocks of a chain: of built-in processors, and of captures."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.pipeline.effects.blocks import describe_capture, describe_parameters
from jobs.pipeline.effects.blocks.captured import (
    IR_PARAMETERS,
    CaptureParameters,
    capture_parameters,
)
from jobs.pipeline.errors import PipelineError


def check_capture(kind: str, parameters: Mapping[str, object]) -> dict[str, float | bool]:
    """The parameters of a captured block, complete. ``kind``: of its gear. Raises
    ``PipelineError``: BLOCK_PARAMETER_UNKNOWN, BLOCK_PARAMETER_INVALID,
    BLOCK_PARAMETER_OUT_OF_RANGE."""
    return _checked(parameters, capture_parameters(kind))


def check_extra_ir(parameters: Mapping[str, object]) -> dict[str, float | bool]:
    """The parameters of one more impulse response, complete. Raises as ``check_capture``."""
    return _checked(parameters, IR_PARAMETERS)


def _checked(parameters: Mapping[str, object], known: CaptureParameters) -> dict[str, float | bool]:
    for name in parameters:
        if name not in known.names:
            raise PipelineError("BLOCK_PARAMETER_UNKNOWN", f"This block has no parameter “{name}”.")
    complete: dict[str, float | bool] = {
        number.name: number.checked(parameters.get(number.name)) for number in known.numbers
    }
    for switch in known.switches:
        value = parameters.get(switch.name, False)
        if not isinstance(value, bool):
            raise PipelineError("BLOCK_PARAMETER_INVALID", f"{switch.name} must be true or false.")
        complete[switch.name] = value
    return complete


def describe(processor: str, kind: str | None, parameters: Mapping[str, float | bool]) -> str:
    """The settings of a block for people; empty where there is nothing to say. ``kind``: of the
    gear of its capture."""
    if processor:
        try:
            return describe_parameters(processor, parameters)
        except PipelineError:  # stored by a version that knew more processors
            return ""
    return "" if kind is None else describe_capture(kind, parameters)

"""Parameters of the blocks of a chain: of built-in processors, and of captures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gear.models.item import GearKind
from jobs.pipeline.audio.blocks import (
    Parameter,
    describe_ir,
    describe_parameters,
    describe_space,
    mix_pct,
)
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import DEFAULT_SPACE_MIX_PCT, MAX_CAB_DELAY_MS

# What a captured block may be told: which size of a container to run, how a cab is mixed,
# how much there is of a space.
SLIM_SIZE: Final = Parameter("slim_size", "Size", "", 0.0, 1.0, 1.0)
IR_NUMBERS: Final = (
    Parameter("gain_db", "Gain", "dB", -24.0, 24.0, 0.0),
    Parameter("delay_ms", "Delay", "ms", 0.0, MAX_CAB_DELAY_MS, 0.0),
)
IR_SWITCHES: Final = ("is_inverted",)
# Of the block and not of each response: whether their onsets are brought together.
CAB_SWITCHES: Final = (*IR_SWITCHES, "is_aligned")
SPACE_MIX: Final = mix_pct(DEFAULT_SPACE_MIX_PCT)


def check_capture(kind: str, parameters: Mapping[str, object]) -> dict[str, float | bool]:
    """The parameters of a captured block, complete. ``kind``: of its gear. Raises
    ``PipelineError``: BLOCK_PARAMETER_UNKNOWN, BLOCK_PARAMETER_INVALID,
    BLOCK_PARAMETER_OUT_OF_RANGE."""
    if kind == GearKind.CAB:
        return _checked(parameters, IR_NUMBERS, CAB_SWITCHES)
    if kind == GearKind.SPACE:
        return _checked(parameters, (SPACE_MIX,), ())
    return _checked(parameters, (SLIM_SIZE,), ())


def check_extra_ir(parameters: Mapping[str, object]) -> dict[str, float | bool]:
    """The parameters of one more impulse response, complete. Raises as ``check_capture``."""
    return _checked(parameters, IR_NUMBERS, IR_SWITCHES)


def _checked(
    parameters: Mapping[str, object], numbers: Sequence[Parameter], switches: Sequence[str]
) -> dict[str, float | bool]:
    known = {*(number.name for number in numbers), *switches}
    for name in parameters:
        if name not in known:
            raise PipelineError("BLOCK_PARAMETER_UNKNOWN", f"This block has no parameter “{name}”.")
    complete: dict[str, float | bool] = {
        number.name: number.checked(parameters.get(number.name)) for number in numbers
    }
    for name in switches:
        value = parameters.get(name, False)
        if not isinstance(value, bool):
            raise PipelineError("BLOCK_PARAMETER_INVALID", f"{name} must be true or false.")
        complete[name] = value
    return complete


def describe(processor: str, kind: str | None, parameters: Mapping[str, float | bool]) -> str:
    """The settings of a block for people; empty where there is nothing to say. ``kind``: of the
    gear of its capture."""
    if processor:
        try:
            return describe_parameters(processor, parameters)
        except PipelineError:  # stored by a version that knew more processors
            return ""
    if kind is None:
        return ""
    if kind == GearKind.CAB:
        return describe_ir(parameters)
    if kind == GearKind.SPACE:
        return describe_space(parameters)
    value = parameters.get(SLIM_SIZE.name, SLIM_SIZE.default)
    return "" if value == SLIM_SIZE.default else f"{SLIM_SIZE.label} {value * 100:g} %"

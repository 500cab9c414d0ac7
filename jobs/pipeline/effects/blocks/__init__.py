"""The built-in processors as data, one module per family: parameters, places, tails, words.

What sounds is in ``jobs.pipeline.effects.processors``. This and what it imports know no NumPy:
pages and checks need the words alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from jobs.pipeline.effects.blocks.captured import describe_capture, describe_ir
from jobs.pipeline.effects.blocks.dynamics import COMPRESSOR, LIMITER, NOISE_GATE
from jobs.pipeline.effects.blocks.equalizers import GRAPHIC_EQ, PARAMETRIC_EQ
from jobs.pipeline.effects.blocks.filters import HIGH_PASS, LOW_PASS
from jobs.pipeline.effects.blocks.gain import GAIN
from jobs.pipeline.effects.blocks.modulation import CHORUS, FLANGER, PHASER
from jobs.pipeline.effects.blocks.schema import BlockType, Parameter
from jobs.pipeline.effects.blocks.space import DELAY, REVERB
from jobs.pipeline.errors import PipelineError

__all__ = [
    "BLOCK_TYPES",
    "BlockType",
    "Parameter",
    "block_type",
    "describe_capture",
    "describe_ir",
    "describe_parameters",
    "validate_parameters",
]

BLOCK_TYPES: dict[str, BlockType] = {
    block_type.name: block_type
    for block_type in (
        GAIN,
        NOISE_GATE,
        COMPRESSOR,
        LIMITER,
        PARAMETRIC_EQ,
        GRAPHIC_EQ,
        HIGH_PASS,
        LOW_PASS,
        CHORUS,
        PHASER,
        FLANGER,
        DELAY,
        REVERB,
    )
}


def block_type(processor: str) -> BlockType:
    """Raises ``BLOCK_UNKNOWN`` for a processor that does not exist."""
    found = BLOCK_TYPES.get(processor)
    if found is None:
        raise PipelineError("BLOCK_UNKNOWN", f"There is no built-in processor “{processor}”.")
    return found


def validate_parameters(
    processor: str, parameters: Mapping[str, object]
) -> dict[str, float | bool]:
    """Check the parameters of a processor and fill in what is left out.

    Besides its own parameters each takes ``bypass`` (true or false). Raises ``BLOCK_UNKNOWN``,
    ``BLOCK_PARAMETER_UNKNOWN``, ``BLOCK_PARAMETER_INVALID`` (not a number, not true or false) and
    ``BLOCK_PARAMETER_OUT_OF_RANGE``; each names the parameter.
    """
    kind = block_type(processor)
    known = {parameter.name for parameter in kind.parameters} | {"bypass"}
    for name in parameters:
        if name not in known:
            raise PipelineError(
                "BLOCK_PARAMETER_UNKNOWN", f"{kind.title} has no parameter “{name}”."
            )
    bypass = parameters.get("bypass", False)
    if not isinstance(bypass, bool):
        raise PipelineError("BLOCK_PARAMETER_INVALID", "bypass must be true or false.")
    complete: dict[str, float | bool] = {"bypass": bypass}
    for parameter in kind.parameters:
        complete[parameter.name] = parameter.checked(parameters.get(parameter.name))
    return complete


def describe_parameters(processor: str, parameters: Mapping[str, object]) -> str:
    """The settings for people: "Gain +3 dB"; of a bypassed processor only that it is."""
    complete = validate_parameters(processor, parameters)
    if complete["bypass"]:
        return "bypassed"
    return block_type(processor).describe(complete)

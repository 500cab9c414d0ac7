"""Blocks whose sound is a file: what a chain may set of each, and how that reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from jobs.pipeline.effects.blocks.schema import Parameter, mix_pct
from jobs.pipeline.recipe import DEFAULT_SPACE_MIX_PCT, MAX_CAB_DELAY_MS
from jobs.pipeline.vocabulary.gear import GearKind


@dataclass(frozen=True, slots=True)
class Switch:
    """``name``: in the recipe and the API. ``key``: in the shootout file. It is off by default."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class CaptureParameters:
    numbers: tuple[Parameter, ...] = ()
    switches: tuple[Switch, ...] = ()

    @property
    def names(self) -> list[str]:
        return [*(number.name for number in self.numbers), *(each.name for each in self.switches)]

    @property
    def keys(self) -> list[str]:
        """In the shootout file."""
        return [*(number.name for number in self.numbers), *(each.key for each in self.switches)]


SLIM_SIZE: Final = Parameter("slim_size", "Size", "", 0.0, 1.0, 1.0)
SPACE_MIX: Final = mix_pct(DEFAULT_SPACE_MIX_PCT)

# Of each impulse response of a cabinet.
IR_PARAMETERS: Final = CaptureParameters(
    (
        Parameter("gain_db", "Gain", "dB", -24.0, 24.0, 0.0),
        Parameter("delay_ms", "Delay", "ms", 0.0, MAX_CAB_DELAY_MS, 0.0),
    ),
    (Switch("is_inverted", "inverted"),),
)
# And of the block: whether the onsets of its responses are brought together.
CAB_PARAMETERS: Final = CaptureParameters(
    IR_PARAMETERS.numbers, (*IR_PARAMETERS.switches, Switch("is_aligned", "align"))
)
SPACE_PARAMETERS: Final = CaptureParameters((SPACE_MIX,))
# Which size of a container is played.
NAM_PARAMETERS: Final = CaptureParameters((SLIM_SIZE,))


def capture_parameters(kind: str) -> CaptureParameters:
    """``kind``: of the gear that was captured."""
    if kind == GearKind.CAB:
        return CAB_PARAMETERS
    return SPACE_PARAMETERS if kind == GearKind.SPACE else NAM_PARAMETERS


def describe_capture(kind: str, parameters: Mapping[str, float | bool]) -> str:
    """The settings of a captured block for people; empty where all is as it comes."""
    if kind == GearKind.CAB:
        return describe_ir(parameters)
    if kind == GearKind.SPACE:
        return f"{SPACE_MIX.label} {parameters.get(SPACE_MIX.name, SPACE_MIX.default):g} %"
    size = parameters.get(SLIM_SIZE.name, SLIM_SIZE.default)
    return "" if size == SLIM_SIZE.default else f"{SLIM_SIZE.label} {size * 100:g} %"


def describe_ir(parameters: Mapping[str, object]) -> str:
    """The settings of a response for people; empty where all is as it comes."""
    parts = []
    gain_db, delay_ms = parameters.get("gain_db", 0.0), parameters.get("delay_ms", 0.0)
    if gain_db:
        parts.append(f"Gain {gain_db:+g} dB")
    if parameters.get("is_inverted"):
        parts.append("inverted")
    if delay_ms:
        parts.append(f"{delay_ms:g} ms later")
    if parameters.get("is_aligned"):
        parts.append("aligned")
    return ", ".join(parts)

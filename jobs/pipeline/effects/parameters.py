"""What can be set of a block of a chain, and how that reads for people.

``BlockType`` is a built-in processor: its name, its parameters, where it may stand. ``blocks``
lists them all, ``processors`` makes them sound. ``CaptureParameters`` is what a chain may set of
a block whose sound is a file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import DEFAULT_SPACE_MIX_PCT, MAX_CAB_DELAY_MS
from jobs.pipeline.vocabulary.gear import GearKind, Slot

ANYWHERE = tuple(slot for slot in Slot if slot.takes_processors)
# For what would feed the amp a signal that no longer moves as the strings do.
NOT_BEFORE_AMP = tuple(slot for slot in ANYWHERE if slot != Slot.PRE)

Values: TypeAlias = Mapping[str, float]

_INAUDIBLE_DB = 90.0


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number with its bounds, both allowed. ``name`` ends in the unit: ``cutoff_hz``."""

    name: str
    label: str
    unit: str
    minimum: float
    maximum: float
    default: float

    def checked(self, value: object) -> float:
        """``value``, or the default for ``None``.

        Raises ``PipelineError``: BLOCK_PARAMETER_INVALID (not a number) or
        BLOCK_PARAMETER_OUT_OF_RANGE, naming the parameter and its range.
        """
        if value is None:
            return self.default
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise PipelineError("BLOCK_PARAMETER_INVALID", f"{self.name} must be a number.")
        if not self.minimum <= value <= self.maximum:  # NaN is neither
            unit = f" {self.unit}" if self.unit else ""
            raise PipelineError(
                "BLOCK_PARAMETER_OUT_OF_RANGE",
                f"{self.name} must be from {self.minimum:g} to {self.maximum:g}{unit}.",
            )
        return float(value)

    def text(self, value: float) -> str:
        """``value`` with its unit for people: "+3 dB", "80 Hz", "4:1"."""
        if self.unit == "dB":
            return f"{value:+g} dB"
        space = "" if self.unit in ("", ":1") else " "
        return f"{value:g}{space}{self.unit}"


def mix_pct(default: float) -> Parameter:
    """How much of the effect there is: 0 is the signal as it came, 100 the effect alone."""
    return Parameter("mix_pct", "Mix", "%", 0.0, 100.0, default)


def no_tail(_parameters: Values) -> float:
    """Of what answers each frame at once: 0 s."""
    return 0.0


def repeating_tail_s(longest_s: float, feedback: float, num_rounds_after: int = 0) -> float:
    """Until what comes back again and again is inaudible, in seconds.

    It comes after ``longest_s`` for the first time, and again by the factor ``feedback`` (0..1)
    softer until it has fallen by 90 dB; then ``num_rounds_after`` as long each.
    """
    num_more = math.ceil(_INAUDIBLE_DB / (-20.0 * math.log10(feedback))) if feedback else 0
    return longest_s * (1 + num_more + num_rounds_after)


def never(_parameters: Values) -> bool:
    """Of what leaves the channels as they are."""
    return False


@dataclass(frozen=True, slots=True)
class BlockType:
    """A built-in processor; its functions take complete parameters.

    ``tail_s``: how long it may sound on after its input has ended. ``is_stereo``: whether it makes
    two different channels where a chain may have two. ``is_modulated``: whether something swings
    in it by itself, so that it matters how long it has been running. ``settings``: they for
    people, where a list of all is not what they would say.
    """

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    places: tuple[Slot, ...] = ANYWHERE
    tail_s: Callable[[Values], float] = no_tail
    is_stereo: Callable[[Values], bool] = never
    is_modulated: bool = False
    settings: Callable[[Values], str] | None = None

    def describe(self, parameters: Values) -> str:
        """The settings for people: "Time 375 ms, feedback 30 %, mix 30 %"."""
        if self.settings is not None:
            return self.settings(parameters)
        words = [f"{each.label} {each.text(parameters[each.name])}" for each in self.parameters]
        return ", ".join([*words[:1], *(word[0].lower() + word[1:] for word in words[1:])])


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

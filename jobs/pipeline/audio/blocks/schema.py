"""What a built-in processor is: its name, its parameters, where it may stand, how it sounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from jobs.pipeline.audio.signal import Stage
from jobs.pipeline.errors import PipelineError

Slot: TypeAlias = Literal["pre", "loop", "post"]
ANYWHERE: tuple[Slot, ...] = ("pre", "loop", "post")
# For what would feed the amp a signal that no longer moves as the strings do.
NOT_BEFORE_AMP: tuple[Slot, ...] = ("loop", "post")

Values: TypeAlias = Mapping[str, float]

# Takes complete parameters, the sample rate in Hz, and the number of channels, which stays.
StartStage: TypeAlias = Callable[[Values, int, int], Stage]


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
    return 0.0


def never(_parameters: Values) -> bool:
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
    start: StartStage
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

"""What a built-in processor is: its name, its parameters, where it may stand, how it sounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from jobs.pipeline.audio.signal import Stage
from jobs.pipeline.errors import PipelineError

Slot: TypeAlias = Literal["pre", "loop", "post"]
ANYWHERE: tuple[Slot, ...] = ("pre", "loop", "post")

# Takes complete parameters, the sample rate in Hz, and the number of channels.
StartStage: TypeAlias = Callable[[Mapping[str, float], int, int], Stage]


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


@dataclass(frozen=True, slots=True)
class BlockType:
    """A built-in processor. ``tail_s``: how long it may sound on after its input has ended."""

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    start: StartStage
    places: tuple[Slot, ...] = ANYWHERE
    tail_s: float = 0.0

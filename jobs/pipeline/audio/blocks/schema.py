"""What a built-in processor is: its name, its parameters, where it may stand, how it sounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from jobs.pipeline.audio.signal import Stage

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


@dataclass(frozen=True, slots=True)
class BlockType:
    """A built-in processor. ``tail_s``: how long it may sound on after its input has ended."""

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    start: StartStage
    places: tuple[Slot, ...] = ANYWHERE
    tail_s: float = 0.0

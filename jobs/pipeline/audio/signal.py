"""What a signal is here, and decibels.

Arrays are float32, shape ``(channels, frames)``; full scale is 1.0. Decibels are relative to
full scale unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float32]
Blocks: TypeAlias = Iterator[FloatArray]

# Everything that is published is at this rate.
OUTPUT_SAMPLE_RATE_HZ = 48_000

# Frames that travel together through a chain. Changes nothing in the result, only the speed.
BLOCK_FRAMES = 16_384


class Stage(Protocol):
    """One step of a chain that hears the signal block by block and keeps its own state.

    The result does not depend on how the signal is cut into blocks.
    """

    def process(self, block: FloatArray) -> FloatArray:
        """Take ``(channels, n)``; return ``(channels, m)``, where m may differ from n."""
        ...

    def finish(self) -> FloatArray:
        """The signal has ended: return what is still inside (latency, tail), maybe 0 frames."""
        ...


def db_to_gain(level_db: float) -> float:
    """Linear factor of a level in decibels: 10^(dB/20)."""
    return float(10.0 ** (level_db / 20.0))


def gain_to_db(gain: float) -> float:
    """Decibels of a linear factor: 20·log10(gain). Raises ``ValueError`` if it is not positive."""
    if gain <= 0.0:
        raise ValueError("gain must be positive to have a level in decibels")
    return float(20.0 * np.log10(gain))


def empty(num_channels: int) -> FloatArray:
    """A signal of no frames, shape ``(num_channels, 0)``."""
    return np.zeros((num_channels, 0), dtype=np.float32)

"""What every architecture offers, and calls of NumPy as steps to be run in order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

import numpy as np

from jobs.pipeline.signal.samples import FloatArray

Step: TypeAlias = tuple[Callable[..., object], tuple[Any, ...]]

# Frames NumPy takes at a time. Near 1024, where the working set of a layer stays in the
# second-level cache and the calls are long enough to hide Python; not 1024 itself, because rows
# 4096 bytes apart fall on the same cache lines (measured: matrix products 1.3 to 1.5 times slower).
NETWORK_BLOCK_FRAMES: Final = 992

_CACHE_LINE_FLOATS: Final = 16
# No backend keeps more frames than these of a row's present, margins included.
_MAX_PRESENT_FRAMES: Final = 1_152


class Runner(Protocol):
    """One signal's way through a network: owns state and buffers."""

    def process(self, block: FloatArray) -> FloatArray:
        """The next n frames: float32 (inputs, n) to a new (outputs, n), n ≥ 0."""
        ...


class Network(Protocol):
    """Weights laid out for running. Immutable: any number of runners, in any threads."""

    @property
    def label(self) -> str:
        """What it is, for people."""
        ...

    @property
    def weight_count(self) -> int: ...

    @property
    def receptive_field_frames(self) -> int:
        """Frames of silence after which the state has settled."""
        ...

    def start(self) -> Runner: ...


class ModelConfig(Protocol):
    """An architecture's part of a file, checked; knows its size before anything is allocated."""

    @property
    def num_weights(self) -> int: ...

    @property
    def num_outputs(self) -> int: ...

    @property
    def label(self) -> str: ...

    @property
    def receptive_field_frames(self) -> int: ...

    @property
    def num_engine_floats(self) -> int:
        """Upper bound of the numbers a laid-out network holds."""
        ...

    @property
    def num_state_floats(self) -> int:
        """Upper bound of the numbers one runner holds."""
        ...


def aligned_zeros(size: int) -> FloatArray:
    """Zeros (size,), beginning on a cache line: vector loads then never straddle two."""
    raw = np.zeros(size + _CACHE_LINE_FLOATS, np.float32)
    start = (-raw.ctypes.data // raw.itemsize) % _CACHE_LINE_FLOATS
    return raw[start : start + size]


def num_buffer_floats(rows: int, lookback: int = 0) -> int:
    """Upper bound of the numbers that any backend takes for a buffer with this much past."""
    return (rows + 1) * (lookback + _MAX_PRESENT_FRAMES)


def new_buffer(rows: int, frames: int = NETWORK_BLOCK_FRAMES) -> FloatArray:
    """Zeros (rows, frames), beginning on a cache line."""
    return aligned_zeros(rows * frames).reshape(rows, frames)


def larger(a: FloatArray, b: FloatArray | float, out: FloatArray) -> Step:
    """``np.maximum``, which unlike its neighbors does not take ``out`` by position."""
    return (partial(np.maximum, out=out), (a, b))


def smaller(a: FloatArray, b: FloatArray | float, out: FloatArray) -> Step:
    return (partial(np.minimum, out=out), (a, b))


def run_steps(steps: list[Step]) -> None:
    for call, arguments in steps:
        call(*arguments)

"""A network as a list of NumPy calls, and what every architecture offers.

For a given block length all shapes and buffers are known, so a network is *compiled* once into a
flat list of calls with their views ready made; running a block is running through the list.
Nothing is allocated and no view is made while a signal streams, and NumPy lets go of the
interpreter lock inside each call, so signals in threads run at the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

import numpy as np

from jobs.pipeline.audio.signal import FloatArray

Step: TypeAlias = tuple[Callable[..., object], tuple[Any, ...]]

# Frames a network takes at a time. Near 1024, where the working set of a layer stays in the
# second-level cache and the calls are long enough to hide Python; not 1024 itself, because rows
# 4096 bytes apart fall on the same cache lines (measured: matrix products 1.3 to 1.5 times slower).
NETWORK_BLOCK_FRAMES: Final = 992

_CACHE_LINE_FLOATS: Final = 16


class Runner(Protocol):
    """One signal's way through a network: owns state and buffers, starts at all zero."""

    def compile(self, source: FloatArray, target: FloatArray) -> list[Step]:
        """Calls that take the next n frames.

        ``source`` (1, n) is read and ``target`` (outputs, n) written by each run of the calls;
        both are views of buffers that stay where they are. n ≤ ``NETWORK_BLOCK_FRAMES``.
        """
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


def new_buffer(rows: int, frames: int = NETWORK_BLOCK_FRAMES) -> FloatArray:
    """Zeros (rows, frames), beginning on a cache line: vector loads then never straddle two."""
    size = rows * frames
    raw = np.zeros(size + _CACHE_LINE_FLOATS, np.float32)
    start = (-raw.ctypes.data // raw.itemsize) % _CACHE_LINE_FLOATS
    return raw[start : start + size].reshape(rows, frames)


def larger(a: FloatArray, b: FloatArray | float, out: FloatArray) -> Step:
    """``np.maximum``, which unlike its neighbours does not take ``out`` by position."""
    return (partial(np.maximum, out=out), (a, b))


def smaller(a: FloatArray, b: FloatArray | float, out: FloatArray) -> Step:
    return (partial(np.minimum, out=out), (a, b))


def run_steps(steps: list[Step]) -> None:
    for call, arguments in steps:
        call(*arguments)

"""What every network offers, and the numbers that networks are made of.

Convolutions are causal and dilated, for kernel size K and dilation d

    y[o, t] = b[o] + Σ_i Σ_k w[o, i, k] · x[i, t − (K−1−k)·d]

(PyTorch's ``Conv1d``; the last tap is the present). In files the weights are ordered (group,
output, input, tap), then the bias.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

import numpy as np

from jobs.pipeline.signal.samples import FloatArray

# A call and its arguments, most often of NumPy: what runs a network is a list of them.
Step: TypeAlias = tuple[Callable[..., object], tuple[Any, ...]]

# Frames NumPy takes at a time. Near 1024, where the working set of a layer stays in the
# second-level cache and the calls are long enough to hide Python; not 1024 itself, because rows
# 4096 bytes apart fall on the same cache lines (measured: matrix products 1.3 to 1.5 times slower).
NETWORK_CHUNK_FRAMES: Final = 992

_CACHE_LINE_FLOATS: Final = 16
# No backend keeps more frames than these of a row's present, margins included.
_MAX_PRESENT_FRAMES: Final = 1_152


class Runner(Protocol):
    """One signal's way through a network: owns state and buffers."""

    def process(self, chunk: FloatArray) -> FloatArray:
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


@dataclass(frozen=True, slots=True)
class ConvShape:
    """Size of a convolution, known before its weights are read. ``groups`` divides both sizes."""

    num_outputs: int
    num_inputs: int
    kernel: int = 1
    groups: int = 1
    has_bias: bool = True

    @property
    def num_weights(self) -> int:
        bias = self.num_outputs if self.has_bias else 0
        return self.num_outputs * (self.num_inputs // self.groups) * self.kernel + bias

    @property
    def num_dense(self) -> int:
        """Numbers once groups are spelled out as one full matrix per tap."""
        return self.num_outputs * (self.num_inputs * self.kernel + 1)


@dataclass(frozen=True, slots=True)
class ConvWeights:
    """``kernel`` (outputs, inputs, taps), oldest tap first; ``bias`` (outputs,), maybe zeros."""

    kernel: FloatArray
    bias: FloatArray

    def leading(self, num_outputs: int, num_inputs: int) -> ConvWeights:
        """The first channels only: how slimmable layers are made smaller."""
        return ConvWeights(self.kernel[:num_outputs, :num_inputs], self.bias[:num_outputs])

    def scaled(self, factor: FloatArray | float) -> ConvWeights:
        """Output times ``factor``, a number or one per output (outputs,)."""
        each = np.broadcast_to(np.float32(factor), self.bias.shape)
        return ConvWeights(self.kernel * each[:, None, None], self.bias * each)


class WeightReader:
    """Takes a file's weights in order. The count has been checked before."""

    def __init__(self, weights: FloatArray) -> None:
        self._weights = weights
        self._position = 0

    def take(self, count: int) -> FloatArray:
        values = self._weights[self._position : self._position + count]
        self._position += count
        return values

    def convolution(self, shape: ConvShape) -> ConvWeights:
        outputs, inputs = shape.num_outputs // shape.groups, shape.num_inputs // shape.groups
        size = (shape.groups, outputs, inputs, shape.kernel)
        per_group = self.take(shape.groups * outputs * inputs * shape.kernel).reshape(size)
        kernel = np.zeros((shape.num_outputs, shape.num_inputs, shape.kernel), np.float32)
        for group, values in enumerate(per_group):
            kernel[
                group * outputs : (group + 1) * outputs, group * inputs : (group + 1) * inputs
            ] = values
        bias = self.take(shape.num_outputs) if shape.has_bias else np.zeros(shape.num_outputs)
        return ConvWeights(kernel, bias.astype(np.float32))


@dataclass(frozen=True, slots=True)
class LstmCell:
    """The numbers of one LSTM cell, in file order and not yet laid out for running.

    ``weights`` (4, units, inputs + units), ``bias`` (4, units): gates in the order i, f, g, o.
    ``first_hidden``, ``first_memory`` (units,): the state before the first sample.
    """

    weights: FloatArray
    bias: FloatArray
    first_hidden: FloatArray
    first_memory: FloatArray

    @property
    def num_units(self) -> int:
        return len(self.first_hidden)

    @property
    def num_inputs(self) -> int:
        return int(self.weights.shape[2]) - self.num_units


def read_lstm_cell(reader: WeightReader, num_inputs: int, num_units: int) -> LstmCell:
    width = num_inputs + num_units
    return LstmCell(
        reader.take(4 * num_units * width).reshape(4, num_units, width),
        reader.take(4 * num_units).reshape(4, num_units),
        reader.take(num_units),
        reader.take(num_units),
    )


def aligned_zeros(size: int) -> FloatArray:
    """Zeros (size,), beginning on a cache line: vector loads then never straddle two."""
    raw = np.zeros(size + _CACHE_LINE_FLOATS, np.float32)
    start = (-raw.ctypes.data // raw.itemsize) % _CACHE_LINE_FLOATS
    return raw[start : start + size]


def num_buffer_floats(rows: int, lookback: int = 0) -> int:
    """Upper bound of the numbers that any backend takes for a buffer with this much past."""
    return (rows + 1) * (lookback + _MAX_PRESENT_FRAMES)


def new_buffer(rows: int, frames: int = NETWORK_CHUNK_FRAMES) -> FloatArray:
    """Zeros (rows, frames), beginning on a cache line."""
    return aligned_zeros(rows * frames).reshape(rows, frames)


def larger(a: FloatArray, b: FloatArray | float, out: FloatArray) -> Step:
    """``np.maximum``, which unlike its neighbors does not take ``out`` by position."""
    return (partial(np.maximum, out=out), (a, b))


def smaller(a: FloatArray, b: FloatArray | float, out: FloatArray) -> Step:
    return (partial(np.minimum, out=out), (a, b))


def run_steps(steps: list[Step]) -> None:
    """One after the other."""
    for call, arguments in steps:
        call(*arguments)

"""Causal dilated convolutions over a stream: weights, history, and products.

y[o, t] = b[o] + Σ_i Σ_k w[o, i, k] · x[i, t − (K−1−k)·d]

for kernel size K and dilation d (PyTorch's ``Conv1d``; the last tap is the present). In files the
weights are ordered (group, output, input, tap), then the bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided

from jobs.pipeline.audio.nam.steps import NETWORK_BLOCK_FRAMES, Step, new_buffer
from jobs.pipeline.audio.signal import FloatArray


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

    def product(self) -> FloatArray:
        """(outputs, 1 + inputs·taps): bias, then tap after tap from the present to the past."""
        taps = self.kernel[:, :, ::-1].transpose(0, 2, 1).reshape(len(self.bias), -1)
        return np.ascontiguousarray(np.hstack([self.bias[:, None], taps]))


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


class DelayLine:
    """A signal and enough of its past, side by side, so that a delayed block is only a view.

    The present block follows the past in one buffer; ``advance`` moves the newest past to the
    front. That move costs the lookback, which is short beside the block for all but the widest
    layers; a ring would instead make every layer walk through fresh memory.
    """

    def __init__(self, channels: int, lookback: int) -> None:
        self._lookback = lookback
        self._buffer = new_buffer(channels, lookback + NETWORK_BLOCK_FRAMES)

    def present(self, n: int) -> FloatArray:
        """Where the next ``n`` frames belong: (channels, n)."""
        return self._buffer[:, self._lookback : self._lookback + n]

    def delayed(self, first: int, kernel: int, dilation: int, n: int) -> FloatArray:
        """Taps ``first`` … ``kernel − 1``, tap j being j·dilation late.

        Shape (kernel − first, channels, n), a view.
        """
        start = self._buffer[:, self._lookback - first * dilation :]
        channel_stride, frame_stride = start.strides
        return as_strided(
            start,
            (kernel - first, len(start), n),
            (-dilation * frame_stride, channel_stride, frame_stride),
            writeable=False,
        )

    def delayed_products(self, kernel: int, dilation: int, n: int) -> FloatArray:
        """(kernel, outputs, n) when row j·outputs + o holds tap j's product for output o."""
        num_outputs = len(self._buffer) // kernel
        start = self._buffer[:, self._lookback :]
        row_stride, frame_stride = start.strides
        return as_strided(
            start,
            (kernel, num_outputs, n),
            (num_outputs * row_stride - dilation * frame_stride, row_stride, frame_stride),
            writeable=False,
        )

    def advance(self, n: int) -> list[Step]:
        """Calls that make the last ``lookback`` frames the past. None if there is no past."""
        if self._lookback == 0:
            return []
        past = self._buffer[:, : self._lookback]
        return [(np.copyto, (past, self._buffer[:, n : n + self._lookback]))]


class Convolution:
    """A convolution on its own (outside a WaveNet's layers): weights, shared between signals.

    Products are made on the smaller side. With more inputs than outputs (a head: many channels,
    one output) every tap is multiplied first and the results are delayed and summed; otherwise the
    delayed inputs are stacked and multiplied at once.
    """

    def __init__(self, weights: ConvWeights, dilation: int = 1) -> None:
        self.num_outputs, self.num_inputs, self.kernel = weights.kernel.shape
        self.dilation = dilation
        self.lookback = (self.kernel - 1) * dilation
        self.sums_products = self.kernel > 1 and self.num_outputs < self.num_inputs
        self.product = weights.product()
        self.tap_product = np.ascontiguousarray(
            weights.kernel[:, :, ::-1].transpose(2, 0, 1).reshape(-1, self.num_inputs)
        )
        self.bias = weights.bias[:, None]

    def start(self) -> ConvolutionState:
        return ConvolutionState(self)


class ConvolutionState:
    """A convolution's history for one signal."""

    def __init__(self, convolution: Convolution) -> None:
        self._convolution = c = convolution
        if c.sums_products:
            self._line = DelayLine(c.kernel * c.num_outputs, c.lookback)
        else:
            self._line = DelayLine(c.num_inputs, c.lookback)
            self._columns = new_buffer(1 + c.kernel * c.num_inputs)
            self._columns[0] = 1.0

    def compile(self, source: FloatArray, target: FloatArray) -> list[Step]:
        """``source`` (inputs, n) to ``target`` (outputs, n)."""
        c, n = self._convolution, source.shape[1]
        present = self._line.present(n)
        if c.sums_products:
            late = self._line.delayed_products(c.kernel, c.dilation, n)
            return [
                (np.matmul, (c.tap_product, source, present)),
                (np.add.reduce, (late, 0, None, target)),
                (np.add, (target, c.bias, target)),
                *self._line.advance(n),
            ]
        columns = self._columns[:, :n]
        taps = columns[1:].reshape(c.kernel, c.num_inputs, n)
        return [
            (np.copyto, (present, source)),
            (np.copyto, (taps, self._line.delayed(0, c.kernel, c.dilation, n))),
            (np.matmul, (c.product, columns, target)),
            *self._line.advance(n),
        ]

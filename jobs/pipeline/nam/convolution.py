"""Causal dilated convolutions: how large they are, and their weights.

y[o, t] = b[o] + Σ_i Σ_k w[o, i, k] · x[i, t − (K−1−k)·d]

for kernel size K and dilation d (PyTorch's ``Conv1d``; the last tap is the present). In files the
weights are ordered (group, output, input, tap), then the bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.pipeline.signal.samples import FloatArray


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

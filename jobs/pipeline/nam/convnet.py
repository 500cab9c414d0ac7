"""ConvNet: a stack of two-tap dilated convolutions, each with an activation, and a linear head."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from jobs.pipeline.nam.activations import Activation, parse_activation
from jobs.pipeline.nam.backend import Backend, Startable
from jobs.pipeline.nam.convolution import ConvShape, ConvWeights, WeightReader
from jobs.pipeline.nam.fields import Fields, invalid
from jobs.pipeline.nam.limits import MAX_CHANNELS, MAX_DILATION, MAX_LAYERS
from jobs.pipeline.nam.program import Program
from jobs.pipeline.nam.steps import Runner, num_buffer_floats
from jobs.pipeline.signal.samples import FloatArray

_KERNEL: Final = 2


@dataclass(frozen=True, slots=True)
class ConvNetConfig:
    channels: int
    dilations: tuple[int, ...]
    has_batch_norm: bool
    activation: Activation
    groups: int
    num_outputs: int

    def shapes(self) -> Iterator[ConvShape]:
        """The blocks' convolutions and the head, in file order."""
        for i in range(len(self.dilations)):
            num_inputs = 1 if i == 0 else self.channels
            yield ConvShape(
                self.channels, num_inputs, _KERNEL, self.groups, has_bias=not self.has_batch_norm
            )
        yield ConvShape(self.num_outputs, self.channels)

    @property
    def num_weights(self) -> int:
        batch_norms = (4 * self.channels + 1) * len(self.dilations) if self.has_batch_norm else 0
        return sum(shape.num_weights for shape in self.shapes()) + batch_norms

    @property
    def label(self) -> str:
        return f"ConvNet ({self.channels} channels)"

    @property
    def receptive_field_frames(self) -> int:
        return 1 + sum(self.dilations)

    @property
    def num_engine_floats(self) -> int:
        return 2 * sum(shape.num_dense for shape in self.shapes())

    @property
    def num_state_floats(self) -> int:
        lines = num_buffer_floats(1, self.dilations[0]) + num_buffer_floats(self.num_outputs)
        for dilation in (*self.dilations[1:], 0):
            lines += num_buffer_floats(self.channels, dilation)
        # What NumPy gathers for a product, and spare room for activations.
        return lines + num_buffer_floats((_KERNEL + 2) * self.channels)

    def lay_out(self, weights: FloatArray, backend: Backend) -> ConvNetNetwork:
        reader = WeightReader(weights)
        program = Program(1)
        values = program.inputs
        *block_shapes, head_shape = self.shapes()
        for shape, dilation in zip(block_shapes, self.dilations, strict=True):
            block = reader.convolution(shape)
            if self.has_batch_norm:
                block = _fold_batch_norm(block, reader)
            result = program.rows(self.channels)
            program.convolve(result, block, values, dilation)
            program.apply(self.activation, result)
            values = result
        program.outputs = program.rows(self.num_outputs)
        program.convolve(program.outputs, reader.convolution(head_shape), values)
        return ConvNetNetwork(self, backend.program(program))


def parse_convnet(config: Fields) -> ConvNetConfig:
    """Read a ConvNet ``config``. Raises ``PipelineError`` NAM_INVALID."""
    if config.integer("in_channels", 1, 64, default=1) != 1:
        invalid(config.path("in_channels"), "1: GTS runs mono captures only")
    if config.integer("groups", 1, MAX_CHANNELS, default=1) != 1:
        invalid(config.path("groups"), "1, because the first block has one input")
    channels = config.integer("channels", 1, MAX_CHANNELS)
    activation = parse_activation(config.require("activation"), config.path("activation"))
    activation.check_channels(channels, config.path("activation"))
    return ConvNetConfig(
        channels=channels,
        dilations=config.integers("dilations", 1, MAX_DILATION, MAX_LAYERS),
        has_batch_norm=config.boolean("batchnorm"),
        activation=activation,
        groups=1,
        num_outputs=config.integer("out_channels", 1, MAX_CHANNELS, default=1),
    )


def _fold_batch_norm(block: ConvWeights, reader: WeightReader) -> ConvWeights:
    """Batch normalization at rest is a gain and an offset per channel.

    y = γ·(x − μ)/√(σ² + ε) + β, read in the order μ, σ², γ, β, ε.
    """
    channels = len(block.bias)
    mean, variance, scale, offset = (reader.take(channels) for _ in range(4))
    epsilon = reader.take(1)
    # A negative variance is no number of a real training; it must not become NaN.
    gain = scale / np.sqrt(np.maximum(variance + epsilon, np.finfo(np.float32).tiny))
    return ConvWeights(block.kernel * gain[:, None, None], offset - gain * mean)


class ConvNetNetwork:
    def __init__(self, config: ConvNetConfig, program: Startable) -> None:
        self.label = config.label
        self.weight_count = config.num_weights
        self.receptive_field_frames = config.receptive_field_frames
        self._program = program

    def start(self) -> Runner:
        return self._program.start()

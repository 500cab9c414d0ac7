"""ConvNet: a stack of two-tap dilated convolutions, each with an activation, and a linear head."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from jobs.pipeline.audio.nam.activations import Activation, parse_activation
from jobs.pipeline.audio.nam.convolution import (
    Convolution,
    ConvShape,
    ConvWeights,
    WeightReader,
)
from jobs.pipeline.audio.nam.fields import Fields, invalid
from jobs.pipeline.audio.nam.limits import MAX_CHANNELS, MAX_DILATION, MAX_LAYERS
from jobs.pipeline.audio.nam.steps import NETWORK_BLOCK_FRAMES, Step, new_buffer
from jobs.pipeline.audio.signal import FloatArray

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
        per_layer = 6 * NETWORK_BLOCK_FRAMES * len(self.dilations)
        return self.channels * (per_layer + self.receptive_field_frames)

    def lay_out(self, weights: FloatArray) -> ConvNetNetwork:
        reader = WeightReader(weights)
        *block_shapes, head_shape = self.shapes()
        blocks = []
        for shape, dilation in zip(block_shapes, self.dilations, strict=True):
            block = reader.convolution(shape)
            if self.has_batch_norm:
                block = _fold_batch_norm(block, reader)
            blocks.append(Convolution(block, dilation))
        return ConvNetNetwork(self, tuple(blocks), Convolution(reader.convolution(head_shape)))


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
    """Batch normalisation at rest is a gain and an offset per channel.

    y = γ·(x − μ)/√(σ² + ε) + β, read in the order μ, σ², γ, β, ε.
    """
    channels = len(block.bias)
    mean, variance, scale, offset = (reader.take(channels) for _ in range(4))
    epsilon = reader.take(1)
    # A negative variance is no number of a real training; it must not become NaN.
    gain = scale / np.sqrt(np.maximum(variance + epsilon, np.finfo(np.float32).tiny))
    return ConvWeights(block.kernel * gain[:, None, None], offset - gain * mean)


class ConvNetNetwork:
    def __init__(
        self, config: ConvNetConfig, blocks: tuple[Convolution, ...], head: Convolution
    ) -> None:
        self.label = config.label
        self.weight_count = config.num_weights
        self.receptive_field_frames = config.receptive_field_frames
        self.channels = config.channels
        self.activation = config.activation
        self.blocks = blocks
        self.head = head

    def start(self) -> ConvNetRunner:
        return ConvNetRunner(self)


class ConvNetRunner:
    def __init__(self, network: ConvNetNetwork) -> None:
        self._network = network
        self._blocks = [block.start() for block in network.blocks]
        self._head = network.head.start()
        self._values, *self._spare = (new_buffer(network.channels) for _ in range(3))

    def compile(self, source: FloatArray, target: FloatArray) -> list[Step]:
        n = source.shape[1]
        values = self._values[:, :n]
        spare = (self._spare[0][:, :n], self._spare[1][:, :n])
        steps: list[Step] = []
        for block in self._blocks:
            # A block copies its input into its history first, so it may write over it.
            steps += block.compile(source, values)
            steps += self._network.activation.steps(values, spare)
            source = values
        return steps + self._head.compile(source, target)

"""The networks that are not WaveNets, and from any checked config to its network.

ConvNet: a stack of two-tap dilated convolutions, each with an activation, and a linear head.

Linear: one long impulse response, y[t] = b + Σ_k w[k]·x[t − k]. The present comes first, as in
NeuralAmpModelerCore; files of the trainer up to 0.13 have it last (its issue 696) and sound as they
do in players, not as they were trained.

LSTM: stacked recurrent cells and a linear head. Per cell and sample (PyTorch's equations, gates in
the order i, f, g, o):

    i, f, o = σ(W·[x, h] + b)    g = tanh(W·[x, h] + b)    c ← f·c + i·g    h ← o·tanh(c)

How that is computed is the backend's matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy

from jobs.pipeline.nam.backend import Backend, Startable
from jobs.pipeline.nam.document import (
    MAX_CHANNELS,
    MAX_DILATION,
    MAX_LAYERS,
    MAX_LSTM_HIDDEN,
    MAX_LSTM_LAYERS,
    MAX_RECEPTIVE_FIELD_FRAMES,
    Fields,
    invalid,
)
from jobs.pipeline.nam.network import (
    NETWORK_CHUNK_FRAMES,
    ConvShape,
    ConvWeights,
    ModelConfig,
    Network,
    Runner,
    WeightReader,
    num_buffer_floats,
    read_lstm_cell,
)
from jobs.pipeline.nam.program import Activation, Program, parse_activation
from jobs.pipeline.nam.wavenet import WaveNetConfig
from jobs.pipeline.nam.wavenet.network import WaveNetNetwork
from jobs.pipeline.signal.samples import FloatArray

_CONVNET_TAPS: Final = 2

# Above this many taps the sum of a Linear network is done by FFT, in double precision.
_MAX_DIRECT_TAPS: Final = 64


def lay_out(
    config: ModelConfig, weights: FloatArray, backend: Backend, slim_size: float = 1.0
) -> Network:
    """The network of a checked ``config``: the one place that knows all kinds.

    ``weights``: all of them, in file order. ``slim_size`` 0..1 matters to slimmable layers only. A
    condition network always runs whole.
    """
    if isinstance(config, WaveNetConfig):
        condition = None
        if config.condition:
            condition = lay_out(config.condition.config, config.condition.weights, backend)
        slim = config.slimmed_to(slim_size)
        return WaveNetNetwork(config, slim, weights, condition, backend)
    if isinstance(config, LstmConfig | ConvNetConfig):
        return config.lay_out(weights, backend)
    if isinstance(config, LinearConfig):
        return config.lay_out(weights)
    raise TypeError(f"no network for {type(config).__name__}")


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
                self.channels,
                num_inputs,
                _CONVNET_TAPS,
                self.groups,
                has_bias=not self.has_batch_norm,
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
        return lines + num_buffer_floats((_CONVNET_TAPS + 2) * self.channels)

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


@dataclass(frozen=True, slots=True)
class LinearConfig:
    num_taps: int
    has_bias: bool

    @property
    def num_weights(self) -> int:
        return self.num_taps + int(self.has_bias)

    @property
    def num_outputs(self) -> int:
        return 1

    @property
    def label(self) -> str:
        return f"Linear ({self.num_taps} {'tap' if self.num_taps == 1 else 'taps'})"

    @property
    def receptive_field_frames(self) -> int:
        return self.num_taps

    @property
    def num_engine_floats(self) -> int:
        return 8 * (self.num_taps + NETWORK_CHUNK_FRAMES)

    @property
    def num_state_floats(self) -> int:
        return self.num_taps + NETWORK_CHUNK_FRAMES

    def lay_out(self, weights: FloatArray) -> LinearNetwork:
        reader = WeightReader(weights)
        taps = reader.take(self.num_taps)
        bias = reader.take(1)[0] if self.has_bias else np.float32(0.0)
        return LinearNetwork(self, taps, float(bias))


def parse_linear(config: Fields) -> LinearConfig:
    """Read a Linear ``config``. Raises ``PipelineError`` NAM_INVALID."""
    for key in ("in_channels", "out_channels"):
        if config.integer(key, 1, 64, default=1) != 1:
            invalid(config.path(key), "1: GTS runs mono captures only")
    return LinearConfig(
        num_taps=config.integer("receptive_field", 1, MAX_RECEPTIVE_FIELD_FRAMES),
        has_bias=config.boolean("bias"),
    )


class LinearNetwork:
    def __init__(self, config: LinearConfig, taps: FloatArray, bias: float) -> None:
        self.label = config.label
        self.weight_count = config.num_weights
        self.receptive_field_frames = config.receptive_field_frames
        self.taps = taps
        self.bias = bias
        self.fft_size = scipy.fft.next_fast_len(
            config.num_taps - 1 + NETWORK_CHUNK_FRAMES, real=True
        )
        self.spectrum = scipy.fft.rfft(taps.astype(np.float64), self.fft_size)

    def start(self) -> LinearRunner:
        return LinearRunner(self)


class LinearRunner:
    def __init__(self, network: LinearNetwork) -> None:
        self._network = network
        self._past = np.zeros(len(network.taps) - 1, np.float32)

    def process(self, chunk: FloatArray) -> FloatArray:
        """(1, n) to (1, n)."""
        wet = np.empty(chunk.shape, np.float32)
        for start in range(0, chunk.shape[1], NETWORK_CHUNK_FRAMES):
            end = start + NETWORK_CHUNK_FRAMES
            wet[0, start:end] = self._filtered(chunk[0, start:end])
        return wet

    def _filtered(self, source: FloatArray) -> FloatArray:
        network = self._network
        lookback = len(self._past)
        signal = np.concatenate([self._past, source])
        if len(network.taps) <= _MAX_DIRECT_TAPS:
            wet = np.convolve(signal, network.taps, "valid")
        else:
            # Overlap-save: what wraps around falls on the past, which is thrown away.
            spectrum = scipy.fft.rfft(signal.astype(np.float64), network.fft_size)
            wet = scipy.fft.irfft(spectrum * network.spectrum, network.fft_size)
            wet = wet[lookback : len(signal)]
        self._past = signal[len(signal) - lookback :]
        return (wet + network.bias).astype(np.float32)


@dataclass(frozen=True, slots=True)
class LstmConfig:
    num_layers: int
    hidden_size: int
    num_outputs: int
    settling_frames: int

    @property
    def num_weights(self) -> int:
        hidden = self.hidden_size
        cells = sum(
            4 * hidden * (inputs + hidden) + 4 * hidden + 2 * hidden for inputs in self.cell_inputs
        )
        return cells + self.num_outputs * (hidden + 1)

    @property
    def cell_inputs(self) -> list[int]:
        return [1] + [self.hidden_size] * (self.num_layers - 1)

    @property
    def label(self) -> str:
        layers = "1 layer" if self.num_layers == 1 else f"{self.num_layers} layers"
        return f"LSTM ({layers} of {self.hidden_size})"

    @property
    def receptive_field_frames(self) -> int:
        """Half a second: an LSTM never forgets entirely, but has settled by then."""
        return self.settling_frames

    @property
    def num_engine_floats(self) -> int:
        return 2 * self.num_weights

    @property
    def num_state_floats(self) -> int:
        return 8 * self.hidden_size * (NETWORK_CHUNK_FRAMES + 2 * self.num_layers)

    def lay_out(self, weights: FloatArray, backend: Backend) -> LstmNetwork:
        reader = WeightReader(weights)
        cells = [
            backend.lstm_cell(read_lstm_cell(reader, inputs, self.hidden_size))
            for inputs in self.cell_inputs
        ]
        head = Program(self.hidden_size)
        head.outputs = head.rows(self.num_outputs)
        weights_of_head = reader.convolution(ConvShape(self.num_outputs, self.hidden_size))
        head.convolve(head.outputs, weights_of_head, head.inputs)
        return LstmNetwork(self, [*cells, backend.program(head)])


def parse_lstm(config: Fields, sample_rate_hz: int) -> LstmConfig:
    """Read an LSTM ``config``. Raises ``PipelineError`` NAM_INVALID."""
    for key in ("input_size", "in_channels"):
        if config.integer(key, 1, 64, default=1) != 1:
            invalid(config.path(key), "1: GTS runs mono captures only")
    return LstmConfig(
        num_layers=config.integer("num_layers", 1, MAX_LSTM_LAYERS),
        hidden_size=config.integer("hidden_size", 1, MAX_LSTM_HIDDEN),
        num_outputs=config.integer("out_channels", 1, MAX_CHANNELS, default=1),
        settling_frames=sample_rate_hz // 2,
    )


class LstmNetwork:
    """``stages``: the cells and the head, one feeding the next."""

    def __init__(self, config: LstmConfig, stages: Sequence[Startable]) -> None:
        self.label = config.label
        self.weight_count = config.num_weights
        self.receptive_field_frames = config.receptive_field_frames
        self.stages = stages

    def start(self) -> LstmRunner:
        return LstmRunner(self)


class LstmRunner:
    def __init__(self, network: LstmNetwork) -> None:
        self._stages = [stage.start() for stage in network.stages]

    def process(self, chunk: FloatArray) -> FloatArray:
        """(1, n) to (outputs, n)."""
        for stage in self._stages:
            chunk = stage.process(chunk)
        return chunk

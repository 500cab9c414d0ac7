"""LSTM: stacked recurrent cells and a linear head.

Per cell and sample (PyTorch's equations, gates in the order i, f, g, o):

    i, f, o = σ(W·[x, h] + b)    g = tanh(W·[x, h] + b)    c ← f·c + i·g    h ← o·tanh(c)

with σ(z) = ½ + ½·tanh(z/2), so one tanh call serves all four gates of a cell. A sample needs the
one before it, so this cannot be done by the block; double precision costs nothing here, as the
time goes into the calls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.pipeline.audio.nam.convolution import WeightReader
from jobs.pipeline.audio.nam.fields import Fields, invalid
from jobs.pipeline.audio.nam.limits import MAX_CHANNELS, MAX_LAYERS
from jobs.pipeline.audio.nam.steps import NETWORK_BLOCK_FRAMES, Step
from jobs.pipeline.audio.signal import FloatArray

_Doubles = NDArray[np.float64]


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
        return 8 * self.hidden_size * (NETWORK_BLOCK_FRAMES + 2 * self.num_layers)

    def lay_out(self, weights: FloatArray) -> LstmNetwork:
        reader = WeightReader(weights)
        cells = tuple(_Cell.read(reader, inputs, self.hidden_size) for inputs in self.cell_inputs)
        head = reader.take(self.num_outputs * self.hidden_size).astype(np.float64)
        return LstmNetwork(
            self,
            cells,
            head.reshape(self.num_outputs, self.hidden_size),
            reader.take(self.num_outputs).astype(np.float64)[:, None],
        )


def parse_lstm(config: Fields, sample_rate_hz: int) -> LstmConfig:
    """Read an LSTM ``config``. Raises ``PipelineError`` NAM_INVALID."""
    for key in ("input_size", "in_channels"):
        if config.integer(key, 1, 64, default=1) != 1:
            invalid(config.path(key), "1: GTS runs mono captures only")
    return LstmConfig(
        num_layers=config.integer("num_layers", 1, MAX_LAYERS),
        hidden_size=config.integer("hidden_size", 1, MAX_CHANNELS),
        num_outputs=config.integer("out_channels", 1, MAX_CHANNELS, default=1),
        settling_frames=sample_rate_hz // 2,
    )


@dataclass(frozen=True, slots=True)
class _Cell:
    """``from_input`` (4h, inputs), ``from_hidden`` (4h, h), ``bias`` (4h, 1).

    Gates stand in the order i, f, o, g, the first three halved for σ by way of tanh.
    """

    from_input: _Doubles
    from_hidden: _Doubles
    bias: _Doubles
    first_hidden: _Doubles
    first_cell: _Doubles

    @staticmethod
    def read(reader: WeightReader, num_inputs: int, hidden: int) -> _Cell:
        """In file order: W (4h, inputs + h), b (4h), gates i, f, g, o; the first h; the first c."""
        joined = reader.take(4 * hidden * (num_inputs + hidden)).astype(np.float64)
        joined = joined.reshape(4, hidden, num_inputs + hidden)
        bias = reader.take(4 * hidden).astype(np.float64).reshape(4, hidden, 1)
        order = [0, 1, 3, 2]
        scale = np.array([0.5, 0.5, 0.5, 1.0])[:, None, None]
        joined = (joined[order] * scale).reshape(4 * hidden, -1)
        return _Cell(
            np.ascontiguousarray(joined[:, :num_inputs]),
            np.ascontiguousarray(joined[:, num_inputs:]),
            (bias[order] * scale).reshape(4 * hidden, 1),
            reader.take(hidden).astype(np.float64),
            reader.take(hidden).astype(np.float64),
        )


class LstmNetwork:
    def __init__(
        self, config: LstmConfig, cells: tuple[_Cell, ...], head: _Doubles, head_bias: _Doubles
    ) -> None:
        self.label = config.label
        self.weight_count = config.num_weights
        self.receptive_field_frames = config.receptive_field_frames
        self.cells = cells
        self.head = head
        self.head_bias = head_bias

    def start(self) -> LstmRunner:
        return LstmRunner(self)


class LstmRunner:
    def __init__(self, network: LstmNetwork) -> None:
        self._network = network
        self._states = [
            (cell.first_hidden.copy(), cell.first_cell.copy()) for cell in network.cells
        ]

    def compile(self, source: FloatArray, target: FloatArray) -> list[Step]:
        return [(self._run, (source, target))]

    def _run(self, source: FloatArray, target: FloatArray) -> None:
        signal: _Doubles = source.astype(np.float64)
        for cell, (hidden, memory) in zip(self._network.cells, self._states, strict=True):
            signal = _run_cell(cell, hidden, memory, signal)
        target[...] = self._network.head @ signal + self._network.head_bias


def _run_cell(cell: _Cell, hidden: _Doubles, memory: _Doubles, signal: _Doubles) -> _Doubles:
    """All n samples of ``signal`` (inputs, n) through one cell; returns its h as (hidden, n).

    ``hidden`` and ``memory`` are carried on in place.
    """
    size, n = len(hidden), signal.shape[1]
    # What the input adds to the gates does not depend on the past: one product for all samples.
    driven = np.ascontiguousarray((cell.from_input @ signal + cell.bias).T)
    outputs = np.empty((n, size))
    gates = np.empty(4 * size)
    i, f, o, g = (gates[k * size : (k + 1) * size] for k in range(4))
    logistic = gates[: 3 * size]
    from_hidden, last = cell.from_hidden, hidden
    # Names without dots: this loop runs once per sample, and its time is in the calls.
    dot, tanh, add, multiply = np.dot, np.tanh, np.add, np.multiply
    for drive, output in zip(driven, outputs, strict=True):
        dot(from_hidden, last, gates)
        add(gates, drive, gates)
        tanh(gates, gates)
        multiply(logistic, 0.5, logistic)
        add(logistic, 0.5, logistic)
        multiply(memory, f, memory)
        multiply(i, g, g)
        add(memory, g, memory)
        tanh(memory, output)
        multiply(output, o, output)
        last = output
    hidden[...] = last
    return outputs.T

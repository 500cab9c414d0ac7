"""LSTM: stacked recurrent cells and a linear head.

Per cell and sample (PyTorch's equations, gates in the order i, f, g, o):

    i, f, o = σ(W·[x, h] + b)    g = tanh(W·[x, h] + b)    c ← f·c + i·g    h ← o·tanh(c)

How that is computed is the backend's matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.pipeline.nam.backend import Backend, Startable
from jobs.pipeline.nam.convolution import ConvShape, WeightReader
from jobs.pipeline.nam.fields import Fields, invalid
from jobs.pipeline.nam.limits import MAX_CHANNELS, MAX_LSTM_HIDDEN, MAX_LSTM_LAYERS
from jobs.pipeline.nam.lstm_cell import read_cell
from jobs.pipeline.nam.program import Program
from jobs.pipeline.nam.steps import NETWORK_BLOCK_FRAMES
from jobs.pipeline.signal.samples import FloatArray


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

    def lay_out(self, weights: FloatArray, backend: Backend) -> LstmNetwork:
        reader = WeightReader(weights)
        cells = [
            backend.lstm_cell(read_cell(reader, inputs, self.hidden_size))
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

    def process(self, block: FloatArray) -> FloatArray:
        """(1, n) to (outputs, n)."""
        for stage in self._stages:
            block = stage.process(block)
        return block

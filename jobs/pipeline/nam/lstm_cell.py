"""The numbers of one LSTM cell, in file order and not yet laid out for running."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.pipeline.nam.convolution import WeightReader
from jobs.pipeline.signal.samples import FloatArray


@dataclass(frozen=True, slots=True)
class LstmCell:
    """``weights`` (4, units, inputs + units), ``bias`` (4, units): gates in the order i, f, g, o.

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


def read_cell(reader: WeightReader, num_inputs: int, num_units: int) -> LstmCell:
    width = num_inputs + num_units
    return LstmCell(
        reader.take(4 * num_units * width).reshape(4, num_units, width),
        reader.take(4 * num_units).reshape(4, num_units),
        reader.take(num_units),
        reader.take(num_units),
    )

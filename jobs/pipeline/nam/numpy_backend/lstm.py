"""An LSTM cell in NumPy. Equations: ``jobs.pipeline.nam.lstm``.

σ(z) = ½ + ½·tanh(z/2), so one tanh call serves all four gates. A sample needs the one before it, so
this cannot be done by the block, and the time goes into the calls; double precision costs nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jobs.pipeline.nam.lstm_cell import LstmCell
from jobs.pipeline.signal.samples import FloatArray


class NumpyLstmCell:
    """Gates in the order i, f, o, g, the first three halved for σ by way of tanh."""

    def __init__(self, cell: LstmCell) -> None:
        order = [0, 1, 3, 2]
        scale = np.array([0.5, 0.5, 0.5, 1.0])[:, None, None]
        weights = cell.weights[order].astype(np.float64) * scale
        bias = cell.bias[order, :, None].astype(np.float64) * scale
        self.cell = cell
        self.from_input = np.ascontiguousarray(
            weights[:, :, : cell.num_inputs].reshape(-1, cell.num_inputs)
        )
        self.from_hidden = np.ascontiguousarray(
            weights[:, :, cell.num_inputs :].reshape(-1, cell.num_units)
        )
        self.bias = bias.reshape(-1, 1)

    def start(self) -> NumpyLstmRunner:
        return NumpyLstmRunner(self)


class NumpyLstmRunner:
    def __init__(self, shared: NumpyLstmCell) -> None:
        self._shared = shared
        self._hidden: NDArray[np.float64] = shared.cell.first_hidden.astype(np.float64)
        self._memory: NDArray[np.float64] = shared.cell.first_memory.astype(np.float64)

    def process(self, block: FloatArray) -> FloatArray:
        """(inputs, n) to (units, n)."""
        shared, memory, size = self._shared, self._memory, len(self._memory)
        # What the input adds to the gates does not depend on the past: one product for all samples.
        driven = np.ascontiguousarray((shared.from_input @ block + shared.bias).T)
        outputs = np.empty((block.shape[1], size))
        gates = np.empty(4 * size)
        i, f, o, g = (gates[k * size : (k + 1) * size] for k in range(4))
        logistic = gates[: 3 * size]
        from_hidden, last = shared.from_hidden, self._hidden
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
        self._hidden = last.copy()
        return outputs.T.astype(np.float32)

"""An LSTM cell laid out as its kernel reads it."""

from __future__ import annotations

import numpy as np

from jobs.pipeline.nam.llvm_backend.compiler import Kernels
from jobs.pipeline.nam.lstm_cell import LstmCell
from jobs.pipeline.nam.steps import aligned_zeros
from jobs.pipeline.signal.samples import FloatArray


class LlvmLstmCell:
    """Units are rounded up to whole vectors; those there are too many of stay 0."""

    def __init__(self, cell: LstmCell, kernels: Kernels) -> None:
        lanes = kernels.host.lanes
        self.cell = cell
        self.kernels = kernels
        self.num_vectors = -(-cell.num_units // lanes)
        self.num_padded = self.num_vectors * lanes
        columns = np.concatenate([cell.bias[:, :, None], cell.weights], axis=2)
        padded = np.zeros((4, self.num_padded, columns.shape[2]), np.float32)
        padded[:, : cell.num_units] = columns
        # Vector by vector of units; for each the bias, then every weight, for all four gates.
        by_vector = padded.reshape(4, self.num_vectors, lanes, -1).transpose(1, 3, 0, 2)
        self.numbers = aligned_zeros(by_vector.size)
        self.numbers[:] = by_vector.ravel()

    def start(self) -> LlvmLstmRunner:
        return LlvmLstmRunner(self)


class LlvmLstmRunner:
    def __init__(self, shared: LlvmLstmCell) -> None:
        self._shared = shared
        self._hidden = aligned_zeros(shared.num_padded)
        self._memory = aligned_zeros(shared.num_padded)
        self._hidden[: shared.cell.num_units] = shared.cell.first_hidden
        self._memory[: shared.cell.num_units] = shared.cell.first_memory

    def process(self, block: FloatArray) -> FloatArray:
        """(inputs, n) to (units, n)."""
        shared = self._shared
        source = np.ascontiguousarray(block.T, np.float32)
        num_frames, num_inputs = source.shape
        target = np.empty((num_frames, shared.num_padded), np.float32)
        shared.kernels.run_lstm_cell(
            shared.numbers.ctypes.data,
            source.ctypes.data,
            num_inputs,
            num_inputs,
            self._hidden.ctypes.data,
            self._memory.ctypes.data,
            target.ctypes.data,
            shared.cell.num_units,
            shared.num_vectors,
            num_frames,
        )
        if num_frames:
            self._hidden[:] = target[-1]
        return target[:, : shared.cell.num_units].T

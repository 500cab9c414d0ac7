"""The parts of a network laid out for compiled kernels: programs and LSTM cells.

Programs become the tables and numbers that the kernels read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from jobs.pipeline.jit.compiler import Host
from jobs.pipeline.nam.llvm_backend import tables
from jobs.pipeline.nam.llvm_backend.activations import parameter_table
from jobs.pipeline.nam.llvm_backend.kernels import Kernels
from jobs.pipeline.nam.llvm_backend.tables import output_counts, tile_frames
from jobs.pipeline.nam.network import LstmCell, aligned_zeros
from jobs.pipeline.nam.program import Apply, Combine, Operation, Product, Program, Rows
from jobs.pipeline.signal.samples import FloatArray

# Frames that the present of a line may move on before it is carried back to the beginning: few, so
# that lines stay in the second-level cache, and enough to do it seldom.
LINE_FRAMES: Final = 1_024
_CACHE_LINE_FLOATS: Final = 16


class LlvmBackend:
    name = "llvm"

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def program(self, program: Program) -> LlvmProgram:
        return LlvmProgram(program, self._kernels)

    def lstm_cell(self, cell: LstmCell) -> LlvmLstmCell:
        return LlvmLstmCell(cell, self._kernels)


class LlvmProgram:
    """A program in tables. Immutable; shared between signals."""

    def __init__(self, program: Program, kernels: Kernels) -> None:
        layout = _Layout(program, kernels.host)
        self.kernels = kernels
        self.num_outputs = program.outputs.count
        self.memory_floats = layout.memory_floats
        self.operations = _table([layout.operation(each) for each in program.operations])
        self.terms = _table(layout.terms)
        self.lines = _table(layout.lines)
        ends = (program.inputs, program.outputs)
        self.ends = _table([(*layout.rows(rows), rows.count) for rows in ends])
        self.numbers = aligned_zeros(layout.num_numbers)
        np.concatenate(layout.numbers, out=self.numbers)

    def start(self) -> LlvmRunner:
        return LlvmRunner(self)


class LlvmRunner:
    """One signal's way through a program: its memory, and where in it the present is."""

    def __init__(self, shared: LlvmProgram) -> None:
        self._shared = shared
        self._memory = aligned_zeros(shared.memory_floats)
        self._position = 0

    def process(self, chunk: FloatArray) -> FloatArray:
        """(inputs, n) to (outputs, n), n ≥ 0."""
        shared = self._shared
        source = np.ascontiguousarray(chunk, np.float32)
        num_frames = chunk.shape[1]
        target = np.empty((shared.num_outputs, num_frames), np.float32)
        self._position = shared.kernels.run(
            self._memory.ctypes.data,
            shared.numbers.ctypes.data,
            shared.operations.ctypes.data,
            len(shared.operations),
            shared.terms.ctypes.data,
            shared.lines.ctypes.data,
            len(shared.lines),
            source.ctypes.data,
            num_frames,
            target.ctypes.data,
            num_frames,
            shared.ends.ctypes.data,
            num_frames,
            self._position,
            LINE_FRAMES,
        )
        return target


class _Layout:
    """Gives buffers their places, and collects numbers and terms while operations are laid out."""

    def __init__(self, program: Program, host: Host) -> None:
        self._host = host
        self.memory_floats = 0
        self.num_numbers = 0
        self.numbers: list[FloatArray] = []
        self.terms: list[tables.Term] = []
        self.lines: list[tables.Line] = []
        self._places = [
            self._place(num_rows, lookback)
            for num_rows, lookback in zip(program.buffer_rows, program.lookbacks(), strict=True)
        ]

    def _place(self, num_rows: int, lookback: int) -> tables.Place:
        """Room for a buffer; with a past it is a line."""
        start, tile = self.memory_floats, tile_frames(self._host)
        stride = -(-(lookback + (LINE_FRAMES if lookback else 0) + tile) // _CACHE_LINE_FLOATS)
        if lookback:
            # Rows an odd number of cache lines apart fall into different sets of the cache.
            stride |= 1
        stride *= _CACHE_LINE_FLOATS
        self.memory_floats += num_rows * stride
        if lookback:
            self.lines.append(tables.Line(start, stride, num_rows, lookback))
        return tables.Place(start + lookback, stride, -1 if lookback else 0)

    def rows(self, rows: Rows) -> tables.Place:
        place = self._places[rows.buffer]
        return place._replace(offset=place.offset + rows.first * place.stride)

    def operation(self, operation: Operation) -> tables.Operation:
        nothing = tables.Place(tables.NO_PLACE, 0, 0)
        match operation:
            case Product(out, bias, terms, onto):
                first_term = len(self.terms)
                for term in terms:
                    size = (term.rows.count, term.num_taps, -term.dilation)
                    self.terms.append(tables.Term(*self.rows(term.rows), *size))
                weights = np.hstack([term.by_output for term in terms])
                return tables.Operation(
                    tables.PRODUCT,
                    out.count,
                    *self.rows(out),
                    *(self.rows(onto) if onto else nothing),
                    self._keep(self._interleaved(weights)),
                    self._keep(bias),
                    first_term,
                    len(terms),
                    weights.shape[1],
                )
            case Apply(activation, rows):
                parameters = self._keep(parameter_table(activation, rows.count))
                kind = tables.APPLY[activation.name]
                places = (*self.rows(rows), *nothing)
                return tables.Operation(kind, rows.count, *places, parameters, 0, 0, 0, 0)
            case Combine(name, out, other):
                places = (*self.rows(out), *self.rows(other))
                return tables.Operation(tables.COMBINE[name], out.count, *places, 0, 0, 0, 0, 0)

    def _keep(self, numbers: FloatArray) -> int:
        """Where they will stand."""
        start = self.num_numbers
        self.numbers.append(np.ravel(numbers).astype(np.float32))
        self.num_numbers += numbers.size
        return start

    def _interleaved(self, weights: FloatArray) -> FloatArray:
        """Outputs that are summed at once side by side, as the kernel walks through them."""
        parts = []
        done = 0
        for count in output_counts(self._host):
            while len(weights) - done >= count:
                parts.append(weights[done : done + count].T.ravel())
                done += count
        return np.concatenate(parts)


def _table(records: Sequence[tuple[int, ...]]) -> NDArray[np.int64]:
    return np.array(records, np.int64)


class LlvmLstmCell:
    """An LSTM cell laid out as its kernel reads it.

    Units are rounded up to whole vectors; those there are too many of stay 0.
    """

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

    def process(self, chunk: FloatArray) -> FloatArray:
        """(inputs, n) to (units, n)."""
        shared = self._shared
        source = np.ascontiguousarray(chunk.T, np.float32)
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

"""What runs a network: machine code made by LLVM where that can be had, else NumPy alone.

NumPy runs it on every machine and as exactly, but two to four times slower: where there is no
compiler for the processor, and as a check on it.
"""

from __future__ import annotations

import functools
import importlib.util
from typing import Final, Protocol

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from jobs.pipeline.nam.network import (
    NETWORK_CHUNK_FRAMES,
    LstmCell,
    Runner,
    Step,
    new_buffer,
    run_steps,
)
from jobs.pipeline.nam.program import Apply, Combine, Product, Program, Rows, Term
from jobs.pipeline.signal.samples import FloatArray

# Chunk lengths a signal keeps ready; it comes in one length and a remainder.
_MAX_COMPILED: Final = 8
_COMBINE: Final = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply}


class Startable(Protocol):
    """A part of a network, laid out and shared between signals."""

    def start(self) -> Runner: ...


class Backend(Protocol):
    @property
    def name(self) -> str: ...

    def program(self, program: Program) -> Startable: ...

    def lstm_cell(self, cell: LstmCell) -> Startable:
        """Its runners take (inputs, n) and give the hidden units (units, n)."""
        ...


@functools.cache
def default_backend() -> Backend:
    """The faster one that works here. The first call may compile, for some tenths of a second."""
    if importlib.util.find_spec("llvmlite") is not None:
        from jobs.pipeline.nam.llvm_backend import llvm_backend

        compiled = llvm_backend()
        if compiled is not None:
            return compiled
    return NumpyBackend()


class NumpyBackend:
    """The parts of a network laid out for NumPy."""

    name = "numpy"

    def program(self, program: Program) -> NumpyProgram:
        return NumpyProgram(program)

    def lstm_cell(self, cell: LstmCell) -> NumpyLstmCell:
        return NumpyLstmCell(cell)


class NumpyProgram:
    """A program with its matrices laid out. Immutable; shared between signals.

    A product is one matrix product: bias and taps of all terms stand side by side in one matrix,
    and what they multiply is gathered below a row of ones.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.lookbacks = program.lookbacks()
        self.matrices = {
            i: _matrix(operation)
            for i, operation in enumerate(program.operations)
            if isinstance(operation, Product)
        }

    def start(self) -> NumpyRunner:
        return NumpyRunner(self)


class NumpyRunner:
    """One signal's way through a program: its buffers, and the calls for each chunk length.

    For a given length all shapes and buffers are known, so a program becomes a flat list of calls
    with their views ready made; running a chunk is running through the list. Nothing is allocated
    and no view is made while a signal streams, and NumPy lets go of the interpreter lock inside
    each call.
    """

    def __init__(self, shared: NumpyProgram) -> None:
        self._shared = shared
        program = shared.program
        # Row 0 of every buffer is ones, so that a buffer is its own stack for a plain product.
        self._buffers = [new_buffer(1 + rows) for rows in program.buffer_rows]
        self._lines = [
            new_buffer(rows, lookback + NETWORK_CHUNK_FRAMES) if lookback else None
            for rows, lookback in zip(program.buffer_rows, shared.lookbacks, strict=True)
        ]
        gathered = max((matrix.shape[1] for matrix in shared.matrices.values()), default=1)
        products = [each for each in program.operations if isinstance(each, Product)]
        applied = [each.rows.count for each in program.operations if isinstance(each, Apply)]
        self._columns = new_buffer(gathered)
        for buffer in (*self._buffers, self._columns):
            buffer[0] = 1.0
        self._sum = new_buffer(max((each.out.count for each in products if each.onto), default=0))
        self._spare = [new_buffer(max(applied, default=0)) for _ in range(2)]
        self._compiled: dict[int, list[Step]] = {}

    def process(self, chunk: FloatArray) -> FloatArray:
        """(inputs, n) to (outputs, n), n ≥ 0."""
        inputs, outputs = self._shared.program.inputs, self._shared.program.outputs
        result = np.empty((outputs.count, chunk.shape[1]), np.float32)
        for start in range(0, chunk.shape[1], NETWORK_CHUNK_FRAMES):
            part = chunk[:, start : start + NETWORK_CHUNK_FRAMES]
            n = part.shape[1]
            self._present(inputs, n)[...] = part
            # A spoilt capture may overflow. Who takes the sound looks for what is not finite.
            with np.errstate(over="ignore", invalid="ignore"):
                run_steps(self._steps(n))
            result[:, start : start + n] = self._present(outputs, n)
        return result

    def _present(self, rows: Rows, n: int) -> FloatArray:
        """The next ``n`` frames of ``rows``: (count, n)."""
        first = 1 + rows.first
        return self._buffers[rows.buffer][first : first + rows.count, :n]

    def _steps(self, n: int) -> list[Step]:
        steps = self._compiled.get(n)
        if steps is None:
            if len(self._compiled) >= _MAX_COMPILED:
                self._compiled.clear()
            steps = self._compiled[n] = self._compile(n)
        return steps

    def _compile(self, n: int) -> list[Step]:
        steps: list[Step] = []
        for i, operation in enumerate(self._shared.program.operations):
            match operation:
                case Product():
                    steps += self._product(operation, self._shared.matrices[i], n)
                case Apply(activation, rows):
                    spare = (self._spare[0][: rows.count, :n], self._spare[1][: rows.count, :n])
                    steps += activation.steps(self._present(rows, n), spare)
                case Combine("copy", out, other):
                    steps.append((np.copyto, (self._present(out, n), self._present(other, n))))
                case Combine(kind, out, other):
                    target = self._present(out, n)
                    steps.append((_COMBINE[kind], (target, self._present(other, n), target)))
        return steps + self._advance(n)

    def _advance(self, n: int) -> list[Step]:
        """Make the newest frames of each line its past.

        That costs the lookback, which is short beside the chunk for all but the widest layers; a
        ring would instead make every layer walk through fresh memory.
        """
        return [
            (np.copyto, (line[:, :lookback], line[:, n : n + lookback]))
            for line, lookback in zip(self._lines, self._shared.lookbacks, strict=True)
            if line is not None
        ]

    def _product(self, product: Product, matrix: FloatArray, n: int) -> list[Step]:
        steps: list[Step] = []
        first = product.terms[0]
        if len(product.terms) == 1 and first.num_taps == 1 and first.rows.first == 0:
            stack = self._buffers[first.rows.buffer][: 1 + first.rows.count, :n]
        else:
            stack = self._columns[: matrix.shape[1], :n]
            row = 1
            for term in product.terms:
                end = row + term.num_taps * term.rows.count
                steps += self._gather(term, stack[row:end])
                row = end
        out = self._present(product.out, n)
        if product.onto is None:
            return [*steps, (np.matmul, (matrix, stack, out))]
        total = self._sum[: len(out), :n]
        return [
            *steps,
            (np.matmul, (matrix, stack, total)),
            (np.add, (self._present(product.onto, n), total, out)),
        ]

    def _gather(self, term: Term, into: FloatArray) -> list[Step]:
        """Copy what a term hears: tap by tap from present to past, ``into`` (taps·rows, n)."""
        n, first, count = into.shape[1], term.rows.first, term.rows.count
        line, lookback = self._lines[term.rows.buffer], self._shared.lookbacks[term.rows.buffer]
        present = self._present(term.rows, n)
        if line is None or term.num_taps == 1:
            return [(np.copyto, (into, present))]
        # Sums are made where rows lie side by side, which NumPy adds four times as fast.
        newest = line[first : first + count, lookback : lookback + n]
        row_stride, frame_stride = newest.strides
        delayed = as_strided(
            newest,
            (term.num_taps, count, n),
            (-term.dilation * frame_stride, row_stride, frame_stride),
            writeable=False,
        )
        return [
            (np.copyto, (newest, present)),
            (np.copyto, (into.reshape(delayed.shape), delayed)),
        ]


def _matrix(product: Product) -> FloatArray:
    """(outputs, 1 + Σ rows·taps): bias, then term by term, tap by tap from present to past."""
    parts = [product.bias[:, None], *(term.by_output for term in product.terms)]
    return np.ascontiguousarray(np.hstack(parts), np.float32)


class NumpyLstmCell:
    """Gates in the order i, f, o, g, the first three halved: σ(z) = ½ + ½·tanh(z/2).

    So one tanh call serves all four. Equations: ``jobs.pipeline.nam.architectures``.
    """

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
    """Sample by sample, because each needs the one before it. The time goes into the calls, so
    double precision costs nothing."""

    def __init__(self, shared: NumpyLstmCell) -> None:
        self._shared = shared
        self._hidden: NDArray[np.float64] = shared.cell.first_hidden.astype(np.float64)
        self._memory: NDArray[np.float64] = shared.cell.first_memory.astype(np.float64)

    def process(self, chunk: FloatArray) -> FloatArray:
        """(inputs, n) to (units, n)."""
        shared, memory, size = self._shared, self._memory, len(self._memory)
        # What the input adds to the gates does not depend on the past: one product for all samples.
        driven = np.ascontiguousarray((shared.from_input @ chunk + shared.bias).T)
        outputs = np.empty((chunk.shape[1], size))
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

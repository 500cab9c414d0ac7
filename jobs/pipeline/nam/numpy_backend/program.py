"""Programs run by NumPy: where there is no compiler for the processor, and as a check on it.

For a given block length all shapes and buffers are known, so a program becomes a flat list of calls
with their views ready made; running a block is running through the list. Nothing is allocated and
no view is made while a signal streams, and NumPy lets go of the interpreter lock inside each call.

A product is one matrix product: bias and taps of all terms stand side by side in one matrix, and
what they multiply is gathered below a row of ones.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import as_strided

from jobs.pipeline.nam.program import Apply, Combine, Product, Program, Rows, Term
from jobs.pipeline.nam.steps import NETWORK_BLOCK_FRAMES, Step, new_buffer, run_steps
from jobs.pipeline.signal.samples import FloatArray

# Block lengths a signal keeps ready; it comes in one length and a remainder.
_MAX_COMPILED: Final = 8
_COMBINE: Final = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply}


class NumpyProgram:
    """A program with its matrices laid out. Immutable; shared between signals."""

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
    """One signal's way through a program: its buffers, and the calls for each block length."""

    def __init__(self, shared: NumpyProgram) -> None:
        self._shared = shared
        program = shared.program
        # Row 0 of every buffer is ones, so that a buffer is its own stack for a plain product.
        self._buffers = [new_buffer(1 + rows) for rows in program.buffer_rows]
        self._lines = [
            new_buffer(rows, lookback + NETWORK_BLOCK_FRAMES) if lookback else None
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

    def process(self, block: FloatArray) -> FloatArray:
        """(inputs, n) to (outputs, n), n ≥ 0."""
        inputs, outputs = self._shared.program.inputs, self._shared.program.outputs
        result = np.empty((outputs.count, block.shape[1]), np.float32)
        for start in range(0, block.shape[1], NETWORK_BLOCK_FRAMES):
            part = block[:, start : start + NETWORK_BLOCK_FRAMES]
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

        That costs the lookback, which is short beside the block for all but the widest layers; a
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

"""A network as a short list of operations on rows of samples.

Every architecture but LSTM and Linear is written down as a ``Program``: which buffers there are and
what is done to them, for any number of frames. It says nothing about how it runs: ``numpy_backend``
runs it with NumPy, ``llvm_backend`` with machine code made for this processor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from jobs.pipeline.nam.activations import Activation
from jobs.pipeline.nam.convolution import ConvWeights
from jobs.pipeline.signal.samples import FloatArray


@dataclass(frozen=True, slots=True)
class Rows:
    """``count`` rows of a buffer, from row ``first``: a signal of shape (count, frames)."""

    buffer: int
    first: int
    count: int

    def part(self, first: int, count: int) -> Rows:
        return Rows(self.buffer, self.first + first, count)


@dataclass(frozen=True, slots=True)
class Term:
    """A convolution of ``rows``: ``kernel`` (outputs, rows.count, taps), oldest tap first."""

    rows: Rows
    kernel: FloatArray
    dilation: int = 1

    @property
    def by_output(self) -> FloatArray:
        """(outputs, taps·rows): tap by tap from present to past, row by row."""
        return self.kernel[:, :, ::-1].transpose(0, 2, 1).reshape(len(self.kernel), -1)

    @property
    def num_taps(self) -> int:
        return int(self.kernel.shape[2])

    @property
    def lookback(self) -> int:
        """Frames of the past that it hears."""
        return (self.num_taps - 1) * self.dilation


@dataclass(frozen=True, slots=True)
class Product:
    """out = bias + Σ terms (+ onto). ``bias`` (outputs,). ``out`` is heard by none of the terms."""

    out: Rows
    bias: FloatArray
    terms: tuple[Term, ...]
    onto: Rows | None


@dataclass(frozen=True, slots=True)
class Apply:
    """rows ← activation(rows)."""

    activation: Activation
    rows: Rows


CombineKind: TypeAlias = Literal["copy", "add", "subtract", "multiply"]


@dataclass(frozen=True, slots=True)
class Combine:
    """out ← other, out + other, out − other or out · other; as many rows on both sides."""

    kind: CombineKind
    out: Rows
    other: Rows


Operation: TypeAlias = Product | Apply | Combine


class Program:
    """Buffers and the operations on them, in order. Written once, then only read.

    A buffer that a term hears the past of keeps as much of it as the farthest tap needs. Whatever
    is written to such a buffer in a run is its present.
    """

    def __init__(self, num_inputs: int) -> None:
        self.operations: list[Operation] = []
        self.buffer_rows: list[int] = []
        self.inputs = self.rows(num_inputs)
        self.outputs = self.inputs

    def rows(self, count: int) -> Rows:
        """A new buffer."""
        self.buffer_rows.append(count)
        return Rows(len(self.buffer_rows) - 1, 0, count)

    def lookbacks(self) -> list[int]:
        """Frames of the past that each buffer must keep."""
        frames = [0] * len(self.buffer_rows)
        for operation in self.operations:
            for term in operation.terms if isinstance(operation, Product) else ():
                frames[term.rows.buffer] = max(frames[term.rows.buffer], term.lookback)
        return frames

    def product(
        self, out: Rows, bias: FloatArray | None, *terms: Term, onto: Rows | None = None
    ) -> None:
        """``bias`` None: none."""
        if bias is None:
            bias = np.zeros(out.count, np.float32)
        self.operations.append(Product(out, bias, terms, onto))

    def convolve(
        self,
        out: Rows,
        weights: ConvWeights,
        source: Rows,
        dilation: int = 1,
        *,
        onto: Rows | None = None,
    ) -> None:
        """out = convolution of ``source`` (+ onto)."""
        self.product(out, weights.bias, Term(source, weights.kernel, dilation), onto=onto)

    def apply(self, activation: Activation, rows: Rows) -> None:
        self.operations.append(Apply(activation, rows))

    def copy(self, out: Rows, other: Rows) -> None:
        self.operations.append(Combine("copy", out, other))

    def add(self, out: Rows, other: Rows) -> None:
        self.operations.append(Combine("add", out, other))

    def subtract(self, out: Rows, other: Rows) -> None:
        self.operations.append(Combine("subtract", out, other))

    def multiply(self, out: Rows, other: Rows) -> None:
        self.operations.append(Combine("multiply", out, other))

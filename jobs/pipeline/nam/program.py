"""A network as a short list of operations on rows of samples.

Every architecture but LSTM and Linear is written down as a ``Program``: which buffers there are and
what is done to them, for any number of frames. It says nothing about how it runs: ``backend``
runs it with NumPy, ``llvm_backend`` with machine code made for this processor.

Activations are written down here as in-place calls of NumPy. Their definitions follow
NeuralAmpModelerCore's ``activations.h`` (exact tanh, not its fast variant). Logistic functions go
through tanh, σ(x) = ½ + ½·tanh(x/2), which NumPy computes with SIMD; the difference to
1/(1 + e^−x) is below 1e-7 in absolute terms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast

import numpy as np

from jobs.pipeline.nam.document import MAX_CHANNELS, Fields, finite_number, invalid
from jobs.pipeline.nam.network import ConvWeights, Step, larger, smaller
from jobs.pipeline.signal.samples import FloatArray

ACTIVATION_NAMES: Final = frozenset(
    {
        "Tanh",
        "Hardtanh",
        "Fasttanh",
        "ReLU",
        "LeakyReLU",
        "PReLU",
        "Sigmoid",
        "SiLU",
        "Hardswish",
        "LeakyHardtanh",
        "Softsign",
    }
)
# Other spellings of them.
OTHER_ACTIVATION_NAMES: Final = {"LeakyHardTanh": "LeakyHardtanh"}
# Of NeuralAmpModelerCore's rational approximation of tanh.
FASTTANH_CONSTANTS: Final = (
    2.45550750702956,
    0.893229853513558,
    0.821226666969744,
    2.44506634652299,
    0.814642734961073,
)
# Of what leaks, where a file names none.
_DEFAULT_SLOPE: Final = 0.01


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


@dataclass(frozen=True, slots=True)
class Activation:
    """One activation with its parameters.

    ``slopes``: PReLU, one per channel or a single one for all; LeakyReLU, one.
    The last four belong to LeakyHardtanh.
    """

    name: str
    slopes: tuple[float, ...] = (_DEFAULT_SLOPE,)
    min_val: float = -1.0
    max_val: float = 1.0
    min_slope: float = _DEFAULT_SLOPE
    max_slope: float = _DEFAULT_SLOPE

    def check_channels(self, num_channels: int, where: str) -> None:
        if self.name == "PReLU" and len(self.slopes) not in (1, num_channels):
            invalid(where, f"given 1 or {num_channels} slopes", list(self.slopes))

    def steps(self, x: FloatArray, spare: tuple[FloatArray, FloatArray]) -> list[Step]:
        """Calls that replace ``x`` (channels, n) by its activation.

        ``spare``: two buffers of the shape of ``x`` that may be overwritten.
        """
        return _ACTIVATION_STEPS[self.name](self, x, spare)


def parse_activation(value: object, where: str) -> Activation:
    """Read ``"Tanh"`` or ``{"type": "LeakyReLU", "negative_slope": 0.01}``.

    Raises ``PipelineError`` NAM_INVALID.
    """
    if isinstance(value, str):
        return Activation(_known_name(value, where))
    fields = Fields(value, where)
    name = _known_name(fields.string("type"), where)
    if name == "PReLU" and fields.has("negative_slopes"):
        slopes = fields.items("negative_slopes", MAX_CHANNELS)
        return Activation(name, tuple(finite_number(slope, where) for slope in slopes))
    if name in ("PReLU", "LeakyReLU"):
        return Activation(name, (fields.number("negative_slope", _DEFAULT_SLOPE),))
    if name == "LeakyHardtanh":
        activation = Activation(
            name,
            min_val=fields.number("min_val", -1.0),
            max_val=fields.number("max_val", 1.0),
            min_slope=fields.number("min_slope", _DEFAULT_SLOPE),
            max_slope=fields.number("max_slope", _DEFAULT_SLOPE),
        )
        if activation.min_val > activation.max_val:
            invalid(where, "given min_val below max_val")
        return activation
    return Activation(name)


def _known_name(name: str, where: str) -> str:
    name = OTHER_ACTIVATION_NAMES.get(name, name)
    if name not in ACTIVATION_NAMES:
        invalid(where, "one of " + ", ".join(sorted(ACTIVATION_NAMES)), name)
    return name


def _tanh(a: Activation, x: FloatArray, spare: tuple[FloatArray, FloatArray]) -> list[Step]:
    return [(np.tanh, (x, x))]


def _hardtanh(a: Activation, x: FloatArray, spare: tuple[FloatArray, FloatArray]) -> list[Step]:
    return [larger(x, -1.0, x), smaller(x, 1.0, x)]


def _fasttanh(a: Activation, x: FloatArray, spare: tuple[FloatArray, FloatArray]) -> list[Step]:
    """Rational approximation, asked for by name."""
    c0, c1, c2, c3, c4 = FASTTANH_CONSTANTS

    def apply(x: FloatArray) -> None:
        magnitude = np.abs(x)
        square = x * x
        top = x * (c0 + c0 * magnitude + (c1 + c2 * magnitude) * square)
        x[...] = top / (c3 + (c3 + square) * np.abs(x + c4 * x * magnitude))

    return [(apply, (x,))]


def _relu(a: Activation, x: FloatArray, spare: tuple[FloatArray, FloatArray]) -> list[Step]:
    return [larger(x, 0.0, x)]


def _leaky_relu(a: Activation, x: FloatArray, spare: tuple[FloatArray, FloatArray]) -> list[Step]:
    slope = a.slopes[0]
    # For a slope up to 1 the larger of x and slope·x is the right one on both sides of 0.
    choose = larger if slope <= 1.0 else smaller
    return [(np.multiply, (x, slope, spare[0])), choose(x, spare[0], x)]


def _prelu(a: Activation, x: FloatArray, spare: tuple[FloatArray, FloatArray]) -> list[Step]:
    if len(a.slopes) == 1:
        return _leaky_relu(a, x, spare)
    slopes = np.array(a.slopes[: x.shape[0]], np.float32)[:, None]
    negative = spare[0]
    return [
        smaller(x, 0.0, negative),
        (np.multiply, (negative, slopes, negative)),
        larger(x, 0.0, x),
        (np.add, (x, negative, x)),
    ]


def _sigmoid(a: Activation, x: FloatArray, spare: tuple[FloatArray, FloatArray]) -> list[Step]:
    return [
        (np.multiply, (x, 0.5, x)),
        (np.tanh, (x, x)),
        (np.multiply, (x, 0.5, x)),
        (np.add, (x, 0.5, x)),
    ]


def _silu(a: Activation, x: FloatArray, spare: tuple[FloatArray, FloatArray]) -> list[Step]:
    """x·σ(x) = h + h·tanh(h) with h = x/2."""
    return [
        (np.multiply, (x, 0.5, x)),
        (np.tanh, (x, spare[0])),
        (np.multiply, (spare[0], x, spare[0])),
        (np.add, (x, spare[0], x)),
    ]


def _hardswish(a: Activation, x: FloatArray, spare: tuple[FloatArray, FloatArray]) -> list[Step]:
    """x·clamp(x + 3, 0, 6)/6."""
    ramp = spare[0]
    return [
        (np.add, (x, 3.0, ramp)),
        larger(ramp, 0.0, ramp),
        smaller(ramp, 6.0, ramp),
        (np.multiply, (x, ramp, x)),
        (np.multiply, (x, 1.0 / 6.0, x)),
    ]


def _leaky_hardtanh(
    a: Activation, x: FloatArray, spare: tuple[FloatArray, FloatArray]
) -> list[Step]:
    """Identity between the limits, straight lines of the given slopes beyond them."""
    below, above = spare
    return [
        (np.subtract, (x, a.min_val, below)),
        smaller(below, 0.0, below),
        (np.multiply, (below, a.min_slope, below)),
        (np.subtract, (x, a.max_val, above)),
        larger(above, 0.0, above),
        (np.multiply, (above, a.max_slope, above)),
        larger(x, a.min_val, x),
        smaller(x, a.max_val, x),
        (np.add, (x, below, x)),
        (np.add, (x, above, x)),
    ]


def _softsign(a: Activation, x: FloatArray, spare: tuple[FloatArray, FloatArray]) -> list[Step]:
    return [
        (np.absolute, (x, spare[0])),
        (np.add, (spare[0], 1.0, spare[0])),
        (np.divide, (x, spare[0], x)),
    ]


_WriteSteps = Callable[[Activation, FloatArray, tuple[FloatArray, FloatArray]], list[Step]]
_ACTIVATION_STEPS: Final = cast(
    dict[str, _WriteSteps],
    {
        "Tanh": _tanh,
        "Hardtanh": _hardtanh,
        "Fasttanh": _fasttanh,
        "ReLU": _relu,
        "LeakyReLU": _leaky_relu,
        "PReLU": _prelu,
        "Sigmoid": _sigmoid,
        "SiLU": _silu,
        "Hardswish": _hardswish,
        "LeakyHardtanh": _leaky_hardtanh,
        "Softsign": _softsign,
    },
)

"""The activation functions as vector code. Definitions: ``jobs.pipeline.nam.program``.

What is not a number stays so: comparisons are written such that it falls through.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from jobs.pipeline.jit.compiler import Emitter, Value, index
from jobs.pipeline.nam.program import FASTTANH_CONSTANTS, Activation
from jobs.pipeline.signal.samples import FloatArray

# (2^g − 1)/g for |g| ≤ ½, lowest power first: a minimax fit of our own, off by 1.1e-8 of the value.
_POWER_OF_TWO: Final = (
    0.6931471824645996,
    0.24022649228572845,
    0.05550357326865196,
    0.009618237614631653,
    0.0013390735257416964,
    0.00015403512225020677,
)
# From here on tanh is 1 in float32.
_TANH_IS_ONE: Final = 10.0
# Added to a float32 below 2^22 it leaves the nearest whole number in the lowest bits.
_ROUNDING: Final = 1.5 * 2.0**23
_EXPONENT_SHIFT: Final = 23
_BITS_OF_ONE: Final = 0x3F800000
_SIGN_BIT: Final = -(2**31)
_ALL_BUT_SIGN: Final = 2**31 - 1
# Subtracting a positive number's bits from this gives its reciprocal to within 12 %.
_RECIPROCAL: Final = 0x7EF311C7


def tanh(e: Emitter, x: Value) -> Value:
    """Within 1.2e-7, and within 2.6e-7 of the value however small.

    With p = e^(2|x|) − 1 it is p/(p + 2). p comes from 2^(n + g) = 2^n·(1 + g·poly(g)) with n whole
    and |g| ≤ ½, so nothing cancels near 0. Two cubic steps take the place of a division, which
    takes longer than all the rest.
    """
    b = e.build
    bits = e.as_words(x)
    sign = b.and_(bits, e.word_constant(_SIGN_BIT))
    size = e.as_floats(b.and_(bits, e.word_constant(_ALL_BUT_SIGN)))
    limit = e.constant(_TANH_IS_ONE)
    size = e.select(size, ">", limit, limit, size)
    to_octaves, one = e.constant(2.0 / math.log(2.0)), e.constant(1.0)
    rounded = e.multiply_add(size, to_octaves, e.constant(_ROUNDING))
    whole = b.fsub(rounded, e.constant(_ROUNDING))
    rest = e.multiply_add(size, to_octaves, b.fneg(whole))
    poly = e.constant(_POWER_OF_TWO[-1])
    for factor in _POWER_OF_TWO[-2::-1]:
        poly = e.multiply_add(poly, rest, e.constant(factor))
    exponent = b.shl(e.as_words(rounded), e.word_constant(_EXPONENT_SHIFT))
    scale = e.as_floats(b.add(exponent, e.word_constant(_BITS_OF_ONE)))
    p = e.multiply_add(scale, b.fmul(poly, rest), b.fsub(scale, one))
    below = b.fadd(p, e.constant(2.0))
    inverse = e.as_floats(b.sub(e.word_constant(_RECIPROCAL), e.as_words(below)))
    minus_below = b.fneg(below)
    for _ in range(2):
        error = e.multiply_add(minus_below, inverse, one)
        error = e.multiply_add(error, error, error)
        inverse = e.multiply_add(inverse, error, inverse)
    return e.as_floats(b.or_(e.as_words(b.fmul(p, inverse)), sign))


def sigmoid(e: Emitter, x: Value) -> Value:
    """½ + ½·tanh(x/2)."""
    half = e.constant(0.5)
    return e.multiply_add(half, tanh(e, e.build.fmul(x, half)), half)


def _hardtanh(e: Emitter, x: Value) -> Value:
    return _clamp(e, x, e.constant(-1.0), e.constant(1.0))


def _clamp(e: Emitter, x: Value, lowest: Value, highest: Value) -> Value:
    x = e.select(x, "<", lowest, lowest, x)
    return e.select(x, ">", highest, highest, x)


def _fasttanh(e: Emitter, x: Value) -> Value:
    b = e.build
    c0, c1, c2, c3, c4 = (e.constant(number) for number in FASTTANH_CONSTANTS)
    magnitude, square = _absolute(e, x), b.fmul(x, x)
    inner = b.fmul(b.fadd(c1, b.fmul(c2, magnitude)), square)
    top = b.fmul(x, b.fadd(b.fadd(c0, b.fmul(c0, magnitude)), inner))
    bent = _absolute(e, b.fadd(x, b.fmul(b.fmul(c4, x), magnitude)))
    return b.fdiv(top, b.fadd(c3, b.fmul(b.fadd(c3, square), bent)))


def _absolute(e: Emitter, x: Value) -> Value:
    return e.as_floats(e.build.and_(e.as_words(x), e.word_constant(_ALL_BUT_SIGN)))


def _relu(e: Emitter, x: Value) -> Value:
    zero = e.constant(0.0)
    return e.select(x, "<", zero, zero, x)


def _leaky_relu(e: Emitter, x: Value, slope: Value) -> Value:
    return e.select(x, "<", e.constant(0.0), e.build.fmul(x, slope), x)


def _silu(e: Emitter, x: Value) -> Value:
    return e.build.fmul(x, sigmoid(e, x))


def _hardswish(e: Emitter, x: Value) -> Value:
    b = e.build
    ramp = _clamp(e, b.fadd(x, e.constant(3.0)), e.constant(0.0), e.constant(6.0))
    return b.fmul(b.fmul(x, ramp), e.constant(1.0 / 6.0))


def _leaky_hardtanh(
    e: Emitter, x: Value, lowest: Value, highest: Value, slope_below: Value, slope_above: Value
) -> Value:
    b = e.build
    below = e.multiply_add(b.fsub(x, lowest), slope_below, lowest)
    above = e.multiply_add(b.fsub(x, highest), slope_above, highest)
    bent = e.select(x, "<", lowest, below, x)
    return e.select(x, ">", highest, above, bent)


def _softsign(e: Emitter, x: Value) -> Value:
    return e.build.fdiv(x, e.build.fadd(e.constant(1.0), _absolute(e, x)))


@dataclass(frozen=True, slots=True)
class _Kind:
    """``emit`` takes x and its parameters; ``parameters``: which those are, row by row."""

    emit: Callable[..., Value]
    parameters: Callable[[Activation], list[tuple[float, ...]]] = lambda activation: []


_KINDS: Final = {
    "Tanh": _Kind(tanh),
    "Hardtanh": _Kind(_hardtanh),
    "Fasttanh": _Kind(_fasttanh),
    "ReLU": _Kind(_relu),
    "LeakyReLU": _Kind(_leaky_relu, lambda a: [a.slopes]),
    "PReLU": _Kind(_leaky_relu, lambda a: [a.slopes]),
    "Sigmoid": _Kind(sigmoid),
    "SiLU": _Kind(_silu),
    "Hardswish": _Kind(_hardswish),
    "LeakyHardtanh": _Kind(
        _leaky_hardtanh,
        lambda a: [(a.min_val,), (a.max_val,), (a.min_slope,), (a.max_slope,)],
    ),
    "Softsign": _Kind(_softsign),
}
NAMES: Final = tuple(_KINDS)
# Numbers per row that the code of any activation may read.
NUM_PARAMETERS: Final = 4


def emit(e: Emitter, name: str, x: Value, parameters: Value) -> Value:
    """``parameters``: where those of the row begin."""
    kind = _KINDS[name]
    count = len(kind.parameters(Activation(name)))
    return kind.emit(e, x, *(e.spread_at(e.at(parameters, index(k))) for k in range(count)))


def parameter_table(activation: Activation, num_rows: int) -> FloatArray:
    """(rows, ``NUM_PARAMETERS``): what ``emit`` reads."""
    table = np.zeros((num_rows, NUM_PARAMETERS), np.float32)
    for k, each in enumerate(_KINDS[activation.name].parameters(activation)):
        # One number for all rows, or one each; a network cut narrower leaves some over.
        table[:, k] = each[0] if len(each) == 1 else each[:num_rows]
    return table

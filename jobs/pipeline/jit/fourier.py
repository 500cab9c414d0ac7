"""Convolution by Fourier transforms, in vectors of eight float64 and without a shuffle.

A signal of n = 8·R samples stands in R rows of eight. Column by column, every eighth sample, it
goes through transforms of length R, whole vectors at a time: eight phases x_i of the signal become
X_i(k). Convolving phase i with phase l of the response gives phase i + l of the result, or, past
the eighth, phase i + l − 8 of one row later, a factor of e^(−2πik/R). So row k of the result is
Σ_i X_i(k)·G_i(k), where the eight values of vector G_i(k) lie in a row in a table of fifteen.

Two real signals go as one complex one: the response is real, so they do not meet. Transforms are
radix 4, first decimating in frequency, then back in time: rows in between are in the order of
reversed digits, as the table is.
"""

from __future__ import annotations

from typing import Any, Final

from jobs.pipeline.jit.compiler import DOUBLE, DOUBLES, INDEX, Emitter, Host, Value, index
from jobs.pipeline.jit.response import LANES, ROW_NUMBERS, TWIDDLES_PER_ROW

CONVOLVE_ARGUMENTS: Final = (DOUBLES, DOUBLES, DOUBLES, INDEX, INDEX)

_Complex = tuple[Value, Value]


def emit_convolve(module: Any, _host: Host) -> None:
    """``convolve``: arguments: both planes, one after the other; twiddles of all stages, the
    longest first; table of the response; rows; stages.

    Eight lanes on every processor, so that all round alike.
    """
    e = Emitter(module, "convolve", CONVOLVE_ARGUMENTS, lanes=LANES, number=DOUBLE, exported=True)
    b = e.build
    planes, twiddles, table, num_rows, num_stages = e.function.args
    imaginary = e.at(planes, b.mul(num_rows, index(LANES)))
    sides = planes, imaginary
    quarter = e.variable(b.ashr(num_rows, index(2)))
    factors = e.variable(twiddles)
    num_outer = b.sub(num_stages, index(1))
    with e.loop(num_outer):
        _stage(e, sides, b.load(factors), num_rows, b.load(quarter), is_forward=True)
        used = b.mul(b.load(quarter), index(TWIDDLES_PER_ROW))
        b.store(e.at(b.load(factors), used), factors)
        b.store(b.ashr(b.load(quarter), index(2)), quarter)
    _innermost(e, sides, table, num_rows)
    with e.loop(num_outer):
        b.store(b.shl(b.load(quarter), index(2)), quarter)
        used = b.mul(b.load(quarter), index(TWIDDLES_PER_ROW))
        b.store(e.at(b.load(factors), b.neg(used)), factors)
        _stage(e, sides, b.load(factors), num_rows, b.load(quarter), is_forward=False)
    b.ret_void()


def _stage(
    e: Emitter,
    sides: _Complex,
    factors: Value,
    num_rows: Value,
    quarter: Value,
    *,
    is_forward: bool,
) -> None:
    """Butterflies of rows a ``quarter`` apart, everywhere."""
    b = e.build
    step = b.mul(quarter, index(LANES))
    num_blocks = b.sdiv(num_rows, b.mul(quarter, index(4)))
    with e.loop(num_blocks) as block:
        base = b.mul(block, b.mul(step, index(4)))
        with e.loop(quarter) as j:
            first = b.add(base, b.mul(j, index(LANES)))
            offsets = [b.add(first, b.mul(step, index(k))) for k in range(4)]
            places = [(e.at(sides[0], o), e.at(sides[1], o)) for o in offsets]
            row = e.at(factors, b.mul(j, index(TWIDDLES_PER_ROW)))
            turns = [
                (e.spread_at(e.at(row, index(2 * k))), e.spread_at(e.at(row, index(2 * k + 1))))
                for k in range(3)
            ]
            _butterfly(e, places, turns, is_forward=is_forward)


def _butterfly(
    e: Emitter, places: list[_Complex], turns: list[_Complex] | None, *, is_forward: bool
) -> None:
    """Of four rows in place. ``turns``: for all but the first; None where nothing turns."""
    values = [(e.load_vector(re), e.load_vector(im)) for re, im in places]
    out = _forward(e, values, turns) if is_forward else _backward(e, values, turns)
    for (re, im), (to_re, to_im) in zip(out, places, strict=True):
        e.store_vector(re, to_re)
        e.store_vector(im, to_im)


def _forward(e: Emitter, x: list[_Complex], turns: list[_Complex] | None) -> list[_Complex]:
    sum_even, gap_even = _add(e, x[0], x[2]), _subtract(e, x[0], x[2])
    sum_odd, gap_odd = _add(e, x[1], x[3]), _subtract(e, x[1], x[3])
    re, im = gap_odd
    turned = im, e.build.fneg(re)  # times −i
    y = [
        _add(e, sum_even, sum_odd),
        _add(e, gap_even, turned),
        _subtract(e, sum_even, sum_odd),
        _subtract(e, gap_even, turned),
    ]
    return _turned(e, y, turns)


def _backward(e: Emitter, x: list[_Complex], turns: list[_Complex] | None) -> list[_Complex]:
    y = _turned(e, x, turns and [(re, e.build.fneg(im)) for re, im in turns])
    sum_even, gap_even = _add(e, y[0], y[2]), _subtract(e, y[0], y[2])
    sum_odd, gap_odd = _add(e, y[1], y[3]), _subtract(e, y[1], y[3])
    re, im = gap_odd
    turned = e.build.fneg(im), re  # times i
    return [
        _add(e, sum_even, sum_odd),
        _add(e, gap_even, turned),
        _subtract(e, sum_even, sum_odd),
        _subtract(e, gap_even, turned),
    ]


def _turned(e: Emitter, x: list[_Complex], turns: list[_Complex] | None) -> list[_Complex]:
    if turns is None:
        return x
    return [x[0], *(_times(e, each, turn) for each, turn in zip(x[1:], turns, strict=True))]


def _innermost(e: Emitter, sides: _Complex, table: Value, num_rows: Value) -> None:
    """The last stage forth, the product with the response, and the first stage back."""
    b = e.build
    with e.loop(b.ashr(num_rows, index(2))) as block:
        rows = [b.add(b.mul(block, index(4)), index(k)) for k in range(4)]
        offsets = [b.mul(row, index(LANES)) for row in rows]
        places = [(e.at(sides[0], o), e.at(sides[1], o)) for o in offsets]
        _butterfly(e, places, None, is_forward=True)
        for row, place in zip(rows, places, strict=True):
            _multiply(e, place, e.at(table, b.mul(row, index(ROW_NUMBERS))))
        _butterfly(e, places, None, is_forward=False)


def _multiply(e: Emitter, place: _Complex, response: Value) -> None:
    """A row X(k) becomes Σ_i X_i(k)·G_i(k)."""
    b = e.build
    re, im = place
    zero = e.spread(DOUBLE(0.0))
    # Two sums, which wait for themselves only half as long.
    sums = [[zero, zero], [zero, zero]]
    for i in range(LANES):
        x_re, x_im = e.spread_at(e.at(re, index(i))), e.spread_at(e.at(im, index(i)))
        g_re = e.load_vector(e.at(response, index(LANES - 1 - i)))
        g_im = e.load_vector(e.at(response, index(ROW_NUMBERS // 2 + LANES - 1 - i)))
        total_re, total_im = sums[i % 2]
        total_re = e.multiply_add(x_re, g_re, total_re)
        total_im = e.multiply_add(x_re, g_im, total_im)
        total_re = e.multiply_add(b.fneg(x_im), g_im, total_re)
        total_im = e.multiply_add(x_im, g_re, total_im)
        sums[i % 2] = [total_re, total_im]
    e.store_vector(b.fadd(sums[0][0], sums[1][0]), re)
    e.store_vector(b.fadd(sums[0][1], sums[1][1]), im)


def _add(e: Emitter, a: _Complex, b: _Complex) -> _Complex:
    return e.build.fadd(a[0], b[0]), e.build.fadd(a[1], b[1])


def _subtract(e: Emitter, a: _Complex, b: _Complex) -> _Complex:
    return e.build.fsub(a[0], b[0]), e.build.fsub(a[1], b[1])


def _times(e: Emitter, x: _Complex, turn: _Complex) -> _Complex:
    (re, im), (turn_re, turn_im) = x, turn
    b = e.build
    return (
        e.multiply_add(re, turn_re, b.fneg(b.fmul(im, turn_im))),
        e.multiply_add(re, turn_im, b.fmul(im, turn_re)),
    )

"""The kernels that sound goes through outside networks, written down, and as functions of arrays.

Besides the convolution of ``fourier``: the loudest point between samples, by a polyphase filter
whose output is not kept; and two filters with a memory of their own output, whose cost is the wait
for it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from jobs.pipeline.jit.compiler import (
    DOUBLE,
    DOUBLES,
    FLOAT,
    FLOATS,
    INDEX,
    INDICES,
    Code,
    Emitter,
    Host,
    Value,
    index,
)
from jobs.pipeline.jit.fourier import CONVOLVE_ARGUMENTS, emit_convolve
from jobs.pipeline.jit.response import LANES, ResponseTables

# What the kernels take; see where they are written.
BETWEEN_ARGUMENTS: Final = (FLOATS, INDEX, FLOATS, INDEX, FLOATS)

HIGH_PASS_ARGUMENTS: Final = (FLOATS, INDEX, DOUBLES, DOUBLES, FLOATS)
WEIGH_ARGUMENTS: Final = (FLOATS, INDICES, INDEX, DOUBLES, DOUBLES, DOUBLES)

# Points between two samples where the loudest is looked for.
NUM_FILTERS: Final = 3
# Vectors of outputs at a time there, so that a factor is fetched once for all of them.
TILE_VECTORS: Final = 3

_Floats = NDArray[np.float32]
_Doubles = NDArray[np.float64]


def emit_loudest_between(module: Any, host: Host) -> None:
    """``loudest_between``: arguments: samples; outputs per filter; factors, one filter after the
    other, and how many each has; the greatest magnitude so far, one per lane.

    The last tile ends with the last output and may overlap the one before it.
    """
    e = Emitter(module, "loudest_between", BETWEEN_ARGUMENTS, lanes=host.lanes, exported=True)
    b = e.build
    samples, num_outputs, taps, num_taps, found = e.function.args
    width = index(TILE_VECTORS * host.lanes)
    last = b.sub(num_outputs, width)
    loudest = e.variable(e.load_vector(found))
    magnitude = ir.Function(
        module, ir.FunctionType(e.vector_type, [e.vector_type]), f"llvm.fabs.v{host.lanes}f32"
    )
    num_tiles = b.sdiv(b.add(num_outputs, b.sub(width, index(1))), width)
    with e.loop(num_tiles) as number:
        start = b.mul(number, width)
        start = b.select(b.icmp_signed("<", start, last), start, last)
        tile = e.at(samples, start)
        sums = [
            [e.variable(e.constant(0.0)) for _ in range(TILE_VECTORS)] for _ in range(NUM_FILTERS)
        ]
        with e.loop(num_taps) as k:
            place = e.at(tile, k)
            heard = [e.load_vector(e.at(place, index(v * host.lanes))) for v in range(TILE_VECTORS)]
            for number_of_filter, totals in enumerate(sums):
                first = b.mul(index(number_of_filter), num_taps)
                tap = e.spread_at(e.at(taps, first, k))
                for x, total in zip(heard, totals, strict=True):
                    b.store(e.multiply_add(tap, x, b.load(total)), total)
        for total in (each for totals in sums for each in totals):
            size = b.call(magnitude, [b.load(total)])
            b.store(e.select(size, ">", b.load(loudest), size, b.load(loudest)), loudest)
    e.store_vector(b.load(loudest), found)
    b.ret_void()


def emit_high_pass(module: Any, _host: Host) -> None:
    """``high_pass``: reaching eight frames back, eight frames need not wait for one another.

    Arguments: samples, eight more than frames; frames; eight factors and the decay; y of the eight
    frames before, of which the last ``frames`` mod 8 values replace the first; out. Eight lanes on
    every processor, and every product and sum rounded by itself.
    """
    e = Emitter(module, "high_pass", HIGH_PASS_ARGUMENTS, lanes=LANES, number=DOUBLE, exported=True)
    b = e.build
    samples, num_frames, numbers, state, out = e.function.args
    scalars = [b.load(e.at(numbers, index(k))) for k in range(LANES + 1)]
    vectors = [e.spread(each) for each in scalars]
    floats = ir.VectorType(FLOAT, LANES)

    def answer(heard: list[Value], factors: list[Value], before: Value) -> Value:
        total = b.fmul(factors[0], b.fsub(heard[0], heard[1]))
        for k in range(1, LANES):
            total = b.fadd(total, b.fmul(factors[k], b.fsub(heard[k], heard[k + 1])))
        return b.fadd(total, b.fmul(factors[LANES], before))

    said = e.variable(e.load_vector(state))
    num_vectors = b.sdiv(num_frames, index(LANES))
    with e.loop(num_vectors) as number:
        first = b.mul(number, index(LANES))
        heard = []
        for k in range(LANES + 1):
            place = e.at(samples, first, index(LANES - k))
            value = b.load(b.bitcast(place, floats.as_pointer()))
            value.align = 4
            heard.append(b.fpext(value, e.vector_type))
        y = answer(heard, vectors, b.load(said))
        b.store(y, said)
        place = b.bitcast(e.at(out, first), floats.as_pointer())
        b.store(b.fptrunc(y, floats), place).align = 4
    e.store_vector(b.load(said), state)
    first = b.mul(num_vectors, index(LANES))
    with e.loop(b.sub(num_frames, first)) as number:
        place = e.at(samples, first, number)
        heard = [b.fpext(b.load(e.at(place, index(LANES - k))), DOUBLE) for k in range(LANES + 1)]
        y = answer(heard, scalars, b.load(e.at(state, number)))
        b.store(y, e.at(state, number))
        b.store(b.fptrunc(y, FLOAT), e.at(out, first, number))
    b.ret_void()


def emit_weigh(module: Any, _host: Host) -> None:
    """``weigh``: two second-order sections in direct form I, and the sums of squares of pieces.

    The output before is the last thing to be added.

    Arguments: samples; lengths of the pieces and how many; b0 b1 b2 a1 a2 of both sections; x, v
    (between the sections) and y of the two frames before; sums to add to.
    """
    e = Emitter(module, "weigh", WEIGH_ARGUMENTS, lanes=1, number=DOUBLE, exported=True)
    b = e.build
    samples, lengths, num_pieces, numbers, state, energies = e.function.args
    factors = [e.load_vector(e.at(numbers, index(k))) for k in range(10)]
    before = [e.variable(e.load_vector(e.at(state, index(k)))) for k in range(6)]
    place = e.variable(samples)
    with e.loop(num_pieces) as piece:
        energy = e.variable(e.load_vector(e.at(energies, piece)))
        with e.loop(b.load(e.at(lengths, piece))):
            new = e.spread(b.fpext(b.load(b.load(place)), DOUBLE))
            b.store(e.at(b.load(place), index(1)), place)
            for section in range(2):
                b0, b1, b2, a1, a2 = factors[5 * section : 5 * section + 5]
                x1, x2, y1, y2 = before[2 * section : 2 * section + 4]
                total = e.multiply_add(b2, b.load(x2), b.fmul(b1, b.load(x1)))
                total = e.multiply_add(b0, new, total)
                total = e.multiply_add(b.fneg(a2), b.load(y2), total)
                b.store(b.load(x1), x2)
                b.store(new, x1)
                new = e.multiply_add(b.fneg(a1), b.load(y1), total)
            b.store(b.load(before[4]), before[5])
            b.store(new, before[4])
            b.store(e.multiply_add(new, new, b.load(energy)), energy)
        e.store_vector(b.load(energy), e.at(energies, piece))
    for k, value in enumerate(before):
        e.store_vector(b.load(value), e.at(state, index(k)))
    b.ret_void()


_EMITTERS: Final = (emit_convolve, emit_loudest_between, emit_high_pass, emit_weigh)


class SoundKernels:
    """Raises ``RuntimeError`` when LLVM refuses."""

    def __init__(self, host: Host) -> None:
        self._lanes = host.lanes
        code = Code("sound", host, _EMITTERS)
        self._code = code
        self._convolve = code.function("convolve", CONVOLVE_ARGUMENTS)
        self._loudest_between = code.function("loudest_between", BETWEEN_ARGUMENTS)
        self._high_pass = code.function("high_pass", HIGH_PASS_ARGUMENTS)
        self._weigh = code.function("weigh", WEIGH_ARGUMENTS)

    def convolve(self, planes: _Doubles, tables: ResponseTables) -> None:
        """Two real signals ``planes`` (2, n), each convolved in place, around a circle of
        n = ``tables.num_frames``, with the one response."""
        if planes.shape != (2, tables.num_frames) or not planes.flags.c_contiguous:
            raise ValueError(f"the tables are for two times {tables.num_frames} frames")
        self._convolve(
            _at(planes),
            _at(tables.twiddles),
            _at(tables.response),
            tables.num_frames // LANES,
            tables.num_stages,
        )

    def loudest_between(self, samples: _Floats, taps: _Floats) -> float:
        """The greatest magnitude that comes out of three filters ``taps`` (3, m): of
        Σ_k taps[p, k]·samples[n + k], for every n that all m samples are there for."""
        num_outputs = len(samples) - taps.shape[1] + 1
        if len(taps) != NUM_FILTERS or num_outputs < TILE_VECTORS * self._lanes:
            raise ValueError(f"{len(taps)} filters, {num_outputs} outputs")
        source, factors = (np.ascontiguousarray(each, np.float32) for each in (samples, taps))
        found = np.zeros(self._lanes, np.float32)
        self._loudest_between(_at(source), num_outputs, _at(factors), factors.shape[1], _at(found))
        return float(found.max())

    def high_pass(
        self, samples: _Floats, factors: _Doubles, decay: float, state: _Doubles
    ) -> _Floats:
        """A recursion over eight frames: y[n] = Σ_k factors[k]·(x[n−k] − x[n−k−1]) + decay·y[n−8].

        ``samples`` (8 + n,) begin with the eight of before; gives (n,). ``state`` (8,): y of the
        eight frames before, the oldest first; carried on. Every operation is rounded by itself.
        """
        num_frames = len(samples) - LANES
        if num_frames < 0 or factors.shape != (LANES,) or state.shape != (LANES,):
            raise ValueError("eight factors, eight frames of before")
        source = np.ascontiguousarray(samples, np.float32)
        out = np.empty(num_frames, np.float32)
        numbers = np.append(factors, decay)
        self._high_pass(_at(source), num_frames, _at(numbers), _at(state), _at(out))
        # The kernel has put the last few in the places of the oldest.
        num_newest = num_frames % LANES
        state[:] = np.concatenate([state[num_newest:], state[:num_newest]])
        return out

    def weigh(
        self,
        samples: _Floats,
        sections: _Doubles,
        state: _Doubles,
        ends: NDArray[np.int64],
        energies: _Doubles,
    ) -> None:
        """Two second-order sections (2, 6) over ``samples`` (n,), in float64.

        Squares of what comes out are added to ``energies``: up to ``ends[0]`` to the first, up to
        ``ends[1]`` to the second. ``state`` (6,) is carried on; zero at first.
        """
        source = np.ascontiguousarray(samples, np.float32)
        if len(ends) > len(energies) or (len(ends) and ends[-1] > len(source)):
            raise ValueError("ends lie beyond the samples")
        numbers = np.concatenate([np.array(each)[[0, 1, 2, 4, 5]] for each in sections])
        lengths = np.diff(ends, prepend=0)
        self._weigh(
            _at(source), _at(lengths), len(lengths), _at(numbers), _at(state), _at(energies)
        )


def _at(array: NDArray[Any]) -> int:
    # A fifth of what ``array.ctypes`` takes.
    return int(array.__array_interface__["data"][0])

"""Filters with a memory of their own output. What they cost is the wait for it."""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir

from jobs.pipeline.jit.emitter import (
    DOUBLE,
    DOUBLES,
    FLOAT,
    FLOATS,
    INDEX,
    INDICES,
    Emitter,
    Value,
    index,
)
from jobs.pipeline.jit.host import Host
from jobs.pipeline.jit.response import LANES

HIGH_PASS_ARGUMENTS: Final = (FLOATS, INDEX, DOUBLES, DOUBLES, FLOATS)
WEIGH_ARGUMENTS: Final = (FLOATS, INDICES, INDEX, DOUBLES, DOUBLES, DOUBLES)


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

"""The loudest point between samples: a polyphase filter whose output is not kept."""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir

from jobs.pipeline.jit.emitter import FLOATS, INDEX, Emitter, index
from jobs.pipeline.jit.host import Host

BETWEEN_ARGUMENTS: Final = (FLOATS, INDEX, FLOATS, INDEX, FLOATS)

# Points between two samples.
NUM_FILTERS: Final = 3
# Of outputs, so that a factor is fetched once for all of them.
TILE_VECTORS: Final = 3


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

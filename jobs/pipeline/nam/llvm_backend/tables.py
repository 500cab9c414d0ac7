"""The records that kernels read: 64-bit integers, one field after the other; and the tile.

Offsets count float32: from the start of a signal's memory, or of a network's numbers. A *place* is
where rows of samples stand: the offset of the first, the distance between rows, and a mask for the
position in time (−1 for rows with a past, which move on as time goes; 0 for rows without).

A tile is how much of a network's signal a kernel takes at a time, by what the processor has.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from jobs.pipeline.jit.compiler import Host
from jobs.pipeline.nam.llvm_backend import activations

# Vectors of one row that a kernel takes at a time. With the outputs below, sums, samples and one
# weight fill the registers: 8·3 + 3 + 1 of 32, or 4·3 + 3 + 1 of 16.
TILE_VECTORS: Final = 3

# Kinds of operations.
PRODUCT: Final = 0
COMBINE: Final = {"copy": 1, "add": 2, "subtract": 3, "multiply": 4}
APPLY: Final = {name: 5 + i for i, name in enumerate(activations.NAMES)}
# The offset of what is not there.
NO_PLACE: Final = -1


class Place(NamedTuple):
    offset: int
    stride: int
    moving: int


class Operation(NamedTuple):
    """``other``: what is combined with ``out``, or added to a product (offset −1: nothing).

    ``numbers``: of a product the weights, of an activation its parameters.
    """

    kind: int
    num_rows: int
    out_offset: int
    out_stride: int
    out_moving: int
    other_offset: int
    other_stride: int
    other_moving: int
    numbers: int
    bias: int
    first_term: int
    num_terms: int
    weights_per_output: int


class Term(NamedTuple):
    """``tap_step``: from one tap to the next, into the past."""

    offset: int
    stride: int
    moving: int
    num_rows: int
    num_taps: int
    tap_step: int


class Line(NamedTuple):
    """Rows with a past of ``lookback`` frames, which begins at ``offset``."""

    offset: int
    stride: int
    num_rows: int
    lookback: int


def tile_frames(host: Host) -> int:
    """Frames a network takes at a time."""
    return TILE_VECTORS * host.lanes


def output_counts(host: Host) -> tuple[int, ...]:
    """How many outputs of a product are summed at once, from the most to one."""
    return (8, 4, 2, 1) if host.num_registers >= 32 else (4, 2, 1)

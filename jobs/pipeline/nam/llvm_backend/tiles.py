"""How much of a network's signal a kernel takes at a time, by what the processor has."""

from __future__ import annotations

from typing import Final

from jobs.pipeline.jit.host import Host

# Vectors of one row that a kernel takes at a time. With the outputs below, sums, samples and one
# weight fill the registers: 8·3 + 3 + 1 of 32, or 4·3 + 3 + 1 of 16.
TILE_VECTORS: Final = 3


def tile_frames(host: Host) -> int:
    """Frames a network takes at a time."""
    return TILE_VECTORS * host.lanes


def output_counts(host: Host) -> tuple[int, ...]:
    """How many outputs of a product are summed at once, from the most to one."""
    return (8, 4, 2, 1) if host.num_registers >= 32 else (4, 2, 1)

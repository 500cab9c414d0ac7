"""What may come next in a chain that is being built, by the same grammar. Pure, no ORM.

A block may come next when the chain with it can still be completed; so who follows the guidance
never comes to a dead end, and every chain of the grammar can be built by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gear.chains.grammar import (
    IR_REQUIRED,
    MAX_BLOCKS,
    NO_AMP,
    SLOTS,
    ChainBlock,
    ChainError,
    validate_chain,
)
from jobs.pipeline.effects.blocks import BLOCK_TYPES
from jobs.pipeline.vocabulary.gear import Slot

# What only says that something is still to come.
_REPAIRED_BY_MORE: Final = frozenset({NO_AMP, IR_REQUIRED})


@dataclass(frozen=True, slots=True)
class NextBlocks:
    """What may stand at ``slot`` next: captures of some ``kinds``, or built-in ``processors``."""

    slot: str
    kinds: tuple[str, ...]
    processors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guidance:
    """``is_complete``: it can be played as it is. ``message``: one sentence for people.
    ``errors``: what more blocks do not repair; then nothing may come next."""

    is_complete: bool
    message: str
    next: tuple[NextBlocks, ...]
    errors: tuple[ChainError, ...]


def guide_chain(blocks: Sequence[ChainBlock]) -> Guidance:
    """For the beginning of a chain, which may be empty, and for a whole one."""
    errors = validate_chain(blocks)
    wrong = tuple(error for error in errors if error.code not in _REPAIRED_BY_MORE)
    missing = next((error.code for error in errors if error.code in _REPAIRED_BY_MORE), "")
    can_go_on = _can_be_completed(blocks)
    following = tuple(_next_blocks(blocks)) if can_go_on else ()
    if wrong:
        message = f"Fix this first: {wrong[0].message}"
    elif not can_go_on:
        message = _dead_end(blocks, missing)
    else:
        message = _what_next(missing, {each.slot for each in following})
    return Guidance(not errors, message, following, wrong)


def _next_blocks(blocks: Sequence[ChainBlock]) -> list[NextBlocks]:
    found = []
    for slot in SLOTS:
        kinds = tuple(
            kind
            for kind in sorted(Slot(slot).kinds)
            if _can_be_completed([*blocks, ChainBlock(slot, kind=kind)])
        )
        processors = tuple(
            name
            for name in BLOCK_TYPES
            if _can_be_completed([*blocks, ChainBlock(slot, processor=name)])
        )
        if kinds or processors:
            found.append(NextBlocks(slot, kinds, processors))
    return found


def _can_be_completed(blocks: Sequence[ChainBlock]) -> bool:
    """Whether blocks can be put behind these so that the whole is a chain of the grammar."""
    missing = {error.code for error in validate_chain(blocks)}
    if not missing <= _REPAIRED_BY_MORE:
        return False
    # One block is enough: a full rig needs no cab, and the cab of a head is the last that it needs.
    place = Slot.AMP if NO_AMP in missing else Slot.CAB
    return not missing or (len(blocks) < MAX_BLOCKS and _reached(blocks) <= SLOTS.index(place))


def _reached(blocks: Sequence[ChainBlock]) -> int:
    return max((SLOTS.index(block.slot) for block in blocks), default=0)


def _dead_end(blocks: Sequence[ChainBlock], missing: str) -> str:
    what = "the amp" if missing == NO_AMP else "the cabinet"
    if len(blocks) >= MAX_BLOCKS:
        return f"There is no room left for {what}: take out a block."
    return f"Put {what} before what stands after its place."


def _what_next(missing: str, slots: set[str]) -> str:
    if missing == NO_AMP:
        if Slot.PRE not in slots:
            return "There is room for one block more: choose a full rig."
        return "Choose the amp, a head or a full rig; effects may stand before it."
    if missing == IR_REQUIRED:
        if Slot.LOOP not in slots:
            return "The amp head needs a cabinet: choose a cab IR."
        return "The amp head needs a cabinet; effects may stand in its loop before."
    if slots:
        return "The chain can be played; effects may follow."
    return "The chain can be played; it is full."

"""The grammar of signal chains: DI → pre* → amp → loop* → cab? → post* → out. Pure, no ORM.

A chain is judged as a whole and every mistake is found, so that no one has to repair one to be
told of the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from jobs.pipeline.effects.blocks import BLOCK_TYPES
from jobs.pipeline.vocabulary.gear import GearKind, Slot

MAX_BLOCKS: Final = 16

NO_AMP: Final = "NO_AMP"
MULTIPLE_AMPS: Final = "MULTIPLE_AMPS"
IR_REQUIRED: Final = "IR_REQUIRED"
IR_FORBIDDEN: Final = "IR_FORBIDDEN"
MULTIPLE_IRS: Final = "MULTIPLE_IRS"
LOOP_FORBIDDEN: Final = "LOOP_FORBIDDEN"
INVALID_ORDER: Final = "INVALID_ORDER"
UNSUPPORTED_CAPTURE: Final = "UNSUPPORTED_CAPTURE"

SLOTS: Final = tuple(Slot.values)
AMP_CLASS: Final[frozenset[str]] = frozenset(Slot.AMP.kinds)
EFFECT_SLOTS: Final[frozenset[str]] = frozenset(slot for slot in Slot if slot.takes_processors)

# Built-in processors that say of themselves that they do not stand before the amp.
NOT_BEFORE_AMP: Final = frozenset(
    name for name, block_type in BLOCK_TYPES.items() if Slot.PRE not in block_type.places
)

# The kind of a block whose capture is gone or not known: it is judged by its place alone.
UNKNOWN: Final = ""


@dataclass(frozen=True, slots=True)
class ChainBlock:
    """One block as the grammar sees it: a capture of some ``kind``, or a built-in ``processor``.

    ``has_own_cab``: of an amp head whose file says that its cabinet was captured too.
    """

    slot: str
    kind: str = UNKNOWN
    processor: str = ""
    is_supported: bool = True
    has_own_cab: bool = False


@dataclass(frozen=True, slots=True)
class ChainError:
    """``position``: the index of the block, or ``None`` when it is about the whole chain."""

    code: str
    message: str
    position: int | None = None


def validate_chain(blocks: Sequence[ChainBlock]) -> list[ChainError]:
    """Every mistake, those about the whole chain first, then in the order of the blocks."""
    errors = [error for rule in _RULES for error in rule(blocks)]
    return sorted(errors, key=lambda error: -1 if error.position is None else error.position)


def _is_amp(block: ChainBlock) -> bool:
    return block.kind in AMP_CLASS or (_is_unknown(block) and block.slot == Slot.AMP)


def _is_cab(block: ChainBlock) -> bool:
    return block.kind == GearKind.CAB or (_is_unknown(block) and block.slot == Slot.CAB)


def _is_unknown(block: ChainBlock) -> bool:
    return block.kind == UNKNOWN and not block.processor


def _positions(blocks: Sequence[ChainBlock], test: Callable[[ChainBlock], bool]) -> list[int]:
    return [position for position, block in enumerate(blocks) if test(block)]


def _first_amp(blocks: Sequence[ChainBlock]) -> int | None:
    return next(iter(_positions(blocks, _is_amp)), None)


def _one_amp(blocks: Sequence[ChainBlock]) -> Iterator[ChainError]:
    amps = _positions(blocks, _is_amp)
    if not amps:
        yield ChainError(NO_AMP, "The chain has no amp: add an amp head or a full rig.")
    for position in amps[1:]:
        yield ChainError(MULTIPLE_AMPS, "The chain has another amp already.", position)


def _cabs(blocks: Sequence[ChainBlock]) -> Iterator[ChainError]:
    """The first amp decides: a head needs a cab, a rig forbids all of them."""
    cabs = _positions(blocks, _is_cab)
    amp = _first_amp(blocks)
    kind = UNKNOWN if amp is None else blocks[amp].kind
    if kind == GearKind.AMP and not cabs and amp is not None and not blocks[amp].has_own_cab:
        yield ChainError(IR_REQUIRED, "An amp head needs a cabinet: add a cab IR.", amp)
    if kind == GearKind.FULL_RIG:
        for position in cabs:
            yield ChainError(
                IR_FORBIDDEN, "A full rig has its cabinet baked in: remove the cab IR.", position
            )
    for position in cabs[1:]:
        yield ChainError(MULTIPLE_IRS, "The chain has another cab IR already.", position)


def _loop(blocks: Sequence[ChainBlock]) -> Iterator[ChainError]:
    amp = _first_amp(blocks)
    if amp is None or blocks[amp].kind != GearKind.FULL_RIG:
        return
    for position in _positions(blocks, lambda block: block.slot == Slot.LOOP):
        yield ChainError(
            LOOP_FORBIDDEN,
            "A full rig has no effects loop: move the block before the amp or to the end.",
            position,
        )


def _order(blocks: Sequence[ChainBlock]) -> Iterator[ChainError]:
    """At most one finding per block: its place is wrong, whatever the reason."""
    reached = 0
    for position, block in enumerate(blocks):
        reason = _misplaced(block, reached)
        if position == MAX_BLOCKS:
            reason = f"A chain has at most {MAX_BLOCKS} blocks."
        if reason:
            yield ChainError(INVALID_ORDER, reason, position)
        if block.slot in SLOTS:
            reached = max(reached, SLOTS.index(block.slot))


def _misplaced(block: ChainBlock, reached: int) -> str:
    """Why ``block`` may not stand here, after a block of place number ``reached``."""
    if block.slot not in SLOTS:
        return f"There is no place of this name; the places are {', '.join(SLOTS)}."
    if SLOTS.index(block.slot) < reached:
        return f"A block of “{block.slot}” cannot stand after one of “{SLOTS[reached]}”."
    if block.processor:
        if block.slot not in EFFECT_SLOTS:
            return f"A built-in processor cannot take the place of the {block.slot}."
        if block.slot == Slot.PRE and block.processor in NOT_BEFORE_AMP:
            return f"A {block.processor} cannot stand before the amp."
    elif not _is_unknown(block) and block.kind not in Slot(block.slot).kinds:
        return f"This kind of gear ({block.kind}) cannot stand at “{block.slot}”."
    return ""


def _supported(blocks: Sequence[ChainBlock]) -> Iterator[ChainError]:
    for position in _positions(blocks, lambda block: not block.is_supported):
        yield ChainError(
            UNSUPPORTED_CAPTURE, "The renderer cannot play this kind of capture.", position
        )


_RULES: Final = (_one_amp, _cabs, _loop, _order, _supported)

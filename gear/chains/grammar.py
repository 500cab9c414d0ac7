"""The grammar of signal chains: DI → pre* → amp → loop* → cab? → post* → out. Pure, no ORM.

A chain is judged as a whole and every mistake is found, so that no one has to repair one to be
told of the next. Guidance says by the same grammar what may come next in a chain that is being
built: a block after which the chain can still be completed. So who follows it never comes to a dead
end, and every chain of the grammar can be built by it. Parameters of blocks are checked one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jobs.pipeline.effects.blocks import BLOCK_TYPES, describe_capture, describe_parameters
from jobs.pipeline.effects.parameters import (
    IR_PARAMETERS,
    CaptureParameters,
    capture_parameters,
)
from jobs.pipeline.errors import PipelineError
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
# What only says that something is still to come.
_REPAIRED_BY_MORE: Final = frozenset({NO_AMP, IR_REQUIRED})


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
    """The first amp decides: a head needs a cab, a full rig forbids all of them."""
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
            "A full rig has no FX loop: move the block before the amp or to the end.",
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


# What may come next.


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
        return "The amp head needs a cabinet; effects may stand in its FX loop before."
    if slots:
        return "The chain can be played; effects may follow."
    return "The chain can be played; it is full."


# Parameters of blocks: of built-in processors, and of captures.


def check_capture(kind: str, parameters: Mapping[str, object]) -> dict[str, float | bool]:
    """The parameters of a captured block, complete. ``kind``: of its gear. Raises
    ``PipelineError``: BLOCK_PARAMETER_UNKNOWN, BLOCK_PARAMETER_INVALID,
    BLOCK_PARAMETER_OUT_OF_RANGE."""
    return _checked(parameters, capture_parameters(kind))


def check_extra_ir(parameters: Mapping[str, object]) -> dict[str, float | bool]:
    """The parameters of one more impulse response, complete. Raises as ``check_capture``."""
    return _checked(parameters, IR_PARAMETERS)


def _checked(parameters: Mapping[str, object], known: CaptureParameters) -> dict[str, float | bool]:
    for name in parameters:
        if name not in known.names:
            raise PipelineError("BLOCK_PARAMETER_UNKNOWN", f"This block has no parameter “{name}”.")
    complete: dict[str, float | bool] = {
        number.name: number.checked(parameters.get(number.name)) for number in known.numbers
    }
    for switch in known.switches:
        value = parameters.get(switch.name, False)
        if not isinstance(value, bool):
            raise PipelineError("BLOCK_PARAMETER_INVALID", f"{switch.name} must be true or false.")
        complete[switch.name] = value
    return complete


def describe_settings(
    processor: str, kind: str | None, parameters: Mapping[str, float | bool]
) -> str:
    """The settings of a block for people; empty where there is nothing to say. ``kind``: of the
    gear of its capture."""
    if processor:
        try:
            return describe_parameters(processor, parameters)
        except PipelineError:  # stored by a version that knew more processors
            return ""
    return "" if kind is None else describe_capture(kind, parameters)

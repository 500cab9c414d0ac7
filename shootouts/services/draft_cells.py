"""The cells of a draft: every combination of the options of its slots, judged by the grammar."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from django.conf import settings

from accounts.models import User
from gear.chains.grammar import IR_REQUIRED, NO_AMP, UNSUPPORTED_CAPTURE, ChainBlock
from gear.chains.permutations import (
    NOTHING,
    GroupSlot,
    Permutation,
    expand,
    option_names,
    why_needed,
)
from gear.models import BlockIR
from gear.services.chains import BlockInput, IRInput, check_blocks
from gear.services.group_slots import SlotOption, option_of
from jobs.pipeline.vocabulary.gear import GearKind, Slot
from shootouts.services.draft_document import DraftBlock, DraftDocument, DraftSlot, cell_key

# So many times what a shootout takes is shown, to switch off what is too much.
_ROOM: Final = 4

Place: TypeAlias = tuple[int, int]  # number of a slot, and of its option


@dataclass(frozen=True, slots=True)
class CellError:
    """``slot_id``, ``option_id``: None where it is about the whole chain, or about no option."""

    code: str
    message: str
    slot_id: str | None = None
    option_id: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One chain to be. ``names``: of each slot of the draft, empty for nothing. ``is_broken``: not
    the grammar keeps it from being played, but one of its options as it is now."""

    key: str
    label: str
    names: tuple[str, ...]
    is_on: bool
    is_broken: bool
    errors: tuple[CellError, ...]
    blocks: tuple[SlotOption, ...]

    @property
    def is_valid(self) -> bool:
        return not self.errors

    @property
    def is_in_line_up(self) -> bool:
        """What the grammar rules out is left out by itself; what is broken is to be repaired."""
        return self.is_on and (self.is_valid or self.is_broken)


@dataclass(frozen=True, slots=True)
class SlotGuidance:
    """``message``: one sentence for people, or empty."""

    id: str
    message: str
    allows_none: bool


@dataclass(frozen=True, slots=True)
class Cells:
    """``cells``: none when there are more than are shown."""

    num_cells: int
    cells: tuple[Cell, ...]
    slots: tuple[SlotGuidance, ...]
    broken: tuple[tuple[str, CellError], ...]  # options by their names

    @property
    def is_shown(self) -> bool:
        return len(self.cells) == self.num_cells


@dataclass(frozen=True, slots=True)
class _Judged:
    """Slots with rows in place of ids. ``findings``: what is wrong with an option by itself."""

    slots: Sequence[DraftSlot]
    options: Mapping[Place, SlotOption]
    findings: Mapping[Place, Sequence[CellError]]

    def group_slot(self, number: int) -> GroupSlot:
        return GroupSlot(
            tuple(
                NOTHING if option.block is None else self.options[number, choice].as_option()
                for choice, option in enumerate(self.slots[number].options)
            )
        )


def max_cells() -> int:
    return _ROOM * max(settings.GTS_MAX_CONTENDERS, 1)


def cells_expand(owner: User, document: DraftDocument) -> Cells:
    """One query. A slot without options is as if it were not there."""
    judged = _judge(owner, document.slots)
    used = [number for number, slot in enumerate(document.slots) if slot.options]
    groups = {number: judged.group_slot(number) for number in used}
    num_cells = math.prod(len(group.options) for group in groups.values()) if groups else 0
    cells: tuple[Cell, ...] = ()
    if 0 < num_cells <= max_cells():
        permutations = expand(list(groups.values()), limit=max_cells())
        names = {number: option_names(group) for number, group in groups.items()}
        off = set(document.off)
        cells = tuple(_cell(judged, used, names, off, each) for each in permutations)
    return Cells(
        num_cells=num_cells,
        cells=cells,
        slots=tuple(_guide(judged, groups, cells)),
        broken=tuple(_broken(judged, cells)),
    )


def block_input(slot: str, block: DraftBlock) -> BlockInput:
    return BlockInput(
        slot=slot,
        capture_id=block.capture_id,
        processor=block.processor,
        parameters=block.parameters,
        extra_irs=[IRInput(ir.capture_id, ir.parameters) for ir in block.extra_irs],
    )


def _judge(owner: User, slots: Sequence[DraftSlot]) -> _Judged:
    given = [
        (number, choice, block_input(slot.slot, option.block))
        for number, slot in enumerate(slots)
        for choice, option in enumerate(slot.options)
        if option.block is not None
    ]
    rows, irs, details = check_blocks(
        owner, [(f"/{number}/{choice}", block) for number, choice, block in given]
    )
    options: dict[Place, SlotOption] = {}
    irs_of: dict[int, list[BlockIR]] = {}
    for ir in irs:
        irs_of.setdefault(id(ir.block), []).append(ir)
    for (number, choice, _), row in zip(given, rows, strict=True):
        options[number, choice] = option_of(row, irs_of.get(id(row), ()))
    findings: dict[Place, list[CellError]] = {}
    for detail in details:
        _, number_text, choice_text, *_ = detail.pointer.split("/")
        place = int(number_text), int(choice_text)
        slot = slots[place[0]]
        error = CellError(detail.code, detail.message, slot.id, slot.options[place[1]].id)
        findings.setdefault(place, []).append(error)
    return _Judged(slots, options, findings)


def _cell(
    judged: _Judged,
    used: Sequence[int],
    names: Mapping[int, Sequence[str]],
    off: set[str],
    permutation: Permutation,
) -> Cell:
    places = list(zip(used, permutation.choices, strict=True))
    key = cell_key([judged.slots[number].options[choice].id for number, choice in places])
    found = [error for place in places for error in judged.findings.get(place, ())]
    unsupported = [error for error in permutation.errors if error.code == UNSUPPORTED_CAPTURE]
    errors = list(found)
    for error in permutation.errors:
        at = None if error.position is None else permutation.slots[error.position]
        place = None if at is None else places[at]
        if place in judged.findings:
            continue  # it is said already, and better
        errors.append(_located(judged, places, place, error.code, error.message))
    by_number = dict(places)
    return Cell(
        key=key,
        label=permutation.label,
        names=tuple(
            names[number][by_number[number]] if number in by_number else ""
            for number in range(len(judged.slots))
        ),
        is_on=key not in off,
        is_broken=bool(found or unsupported),
        errors=tuple(errors),
        blocks=tuple(judged.options[place] for place in places if place in judged.options),
    )


def _located(
    judged: _Judged, places: Sequence[Place], place: Place | None, code: str, message: str
) -> CellError:
    """What is missing is said where it is to be put."""
    wanted = {IR_REQUIRED: Slot.CAB, NO_AMP: Slot.AMP}.get(code)
    if wanted is not None:
        numbers = [n for n, slot in enumerate(judged.slots) if slot.slot == wanted]
        if numbers:
            choice = dict(places).get(numbers[0])
            slot = judged.slots[numbers[0]]
            option_id = None if choice is None else slot.options[choice].id
            return CellError(code, message, slot.id, option_id)
    if place is None:
        return CellError(code, message)
    slot = judged.slots[place[0]]
    return CellError(code, message, slot.id, slot.options[place[1]].id)


def _broken(judged: _Judged, cells: Sequence[Cell]) -> Iterator[tuple[str, CellError]]:
    """What is wrong with options that stand in cells which are on."""
    names = {
        (judged.slots[number].id, judged.slots[number].options[choice].id): option.name
        for (number, choice), option in judged.options.items()
    }
    seen: set[tuple[str, str]] = set()
    for cell in cells:
        if not (cell.is_on and cell.is_broken):
            continue
        for error in cell.errors:
            at = error.slot_id or "", error.option_id or ""
            if at in names and at not in seen and error.code not in (IR_REQUIRED, NO_AMP):
                seen.add(at)
                yield names[at], error


# Guidance -----------------------------------------------------------------------------------------


def _guide(
    judged: _Judged, groups: Mapping[int, GroupSlot], cells: Sequence[Cell]
) -> Iterator[SlotGuidance]:
    blocks = {
        number: [option.block for option in group.options if option.block is not None]
        for number, group in groups.items()
    }
    for number, slot in enumerate(judged.slots):
        others = [block for other, found in blocks.items() if other != number for block in found]
        needed = _why_needed(slot, others)
        has_none = any(option.block is None for option in slot.options)
        if not slot.options:
            message = _what_to_choose(slot, others) if needed else ""
        elif has_none and needed:
            message = needed
        else:
            message = _said_of(judged, number, cells)
        yield SlotGuidance(slot.id, message, allows_none=not needed)


def _why_needed(slot: DraftSlot, others: Sequence[ChainBlock]) -> str:
    # Before there is an amp, no one knows whether it needs a cabinet.
    is_open = slot.slot == Slot.CAB and not any(block.slot == Slot.AMP for block in others)
    return "" if is_open else why_needed([slot.slot], others)


def _what_to_choose(slot: DraftSlot, others: Sequence[ChainBlock]) -> str:
    if slot.slot == Slot.AMP:
        return "Choose the amp, a head or a full rig."
    if slot.slot == Slot.CAB and any(block.kind == GearKind.AMP for block in others):
        return "The amp head needs a cabinet: choose a cab IR."
    return ""


def _said_of(judged: _Judged, number: int, cells: Sequence[Cell]) -> str:
    """What is wrong with an option, else what the grammar says of a combination with it."""
    slot = judged.slots[number]
    for choice in range(len(slot.options)):
        for finding in judged.findings.get((number, choice), ()):
            return f"{judged.options[number, choice].name}: {finding.message}"
    said = [
        next((error for error in cell.errors if error.slot_id == slot.id), None) for cell in cells
    ]
    found = [error for error in said if error is not None]
    if not found:
        return ""
    if len(found) == len(cells):
        return found[0].message
    return f"{len(found)} of {len(cells)} chains cannot be played: {found[0].message}"

"""Building and changing groups of chains, and making chains of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from gear.chains.grammar import MAX_BLOCKS
from gear.chains.permutations import Permutation, SlotError, TooManyPermutationsError, check_slots
from gear.models import Block, BlockIR, ChainGroup, SignalChain
from gear.selectors import NO_GROUP
from gear.services.chains import BlockInput, IRInput, chain_create, check_blocks, field_problems
from gear.services.group_slots import (
    SlotOption,
    SlotRows,
    captures_of,
    expand_slots,
    option_of,
    slots_as_json,
    slots_of,
)
from gts.web.errors import ConflictError, ErrorDetail, InvalidInputError, NotFoundError

TOO_MANY = "TOO_MANY_PERMUTATIONS"
DUPLICATE = "DUPLICATE_OPTION"


@dataclass(frozen=True, slots=True)
class SlotInput:
    """A slot as someone wants it. ``options``: None is nothing; each block stands at ``slot``."""

    slot: str
    options: Sequence[BlockInput | None]


@dataclass(frozen=True, slots=True)
class CheckedSlots:
    """Slots with all that is wrong with them; ``permutations`` are there when nothing is."""

    slots: Sequence[SlotRows]
    details: Sequence[ErrorDetail]
    permutations: Sequence[Permutation] = ()


@transaction.atomic
def chain_group_create(
    *, owner: User, name: str, slots: Sequence[SlotInput], description: str = ""
) -> ChainGroup:
    """A group of which at least one chain can be played. Raises ``InvalidInputError`` with
    everything that is wrong, before anything is written: with more chains than a shootout takes
    TOO_MANY_PERMUTATIONS, which tells how many they are."""
    group = ChainGroup(owner=owner, name=name.strip(), description=description.strip())
    _save(group, slots)
    return group


@transaction.atomic
def chain_group_update(
    *,
    group: ChainGroup,
    name: str | None = None,
    description: str | None = None,
    slots: Sequence[SlotInput] | None = None,
) -> ChainGroup:
    """Change what is given; ``slots`` are replaced as a whole. Raises as ``chain_group_create``."""
    row = ChainGroup.objects.select_for_update().filter(pk=group.pk).first()
    if row is None:  # deleted since it was looked up
        raise NotFoundError(NO_GROUP)
    group = row
    group.name = group.name if name is None else name.strip()
    group.description = group.description if description is None else description.strip()
    _save(group, slots)
    return group


@transaction.atomic
def chain_group_delete(*, group: ChainGroup) -> None:
    """The chains that were made of it stay."""
    group.delete()


@transaction.atomic
def chain_group_build(
    *, group: ChainGroup, is_lenient: bool = False
) -> list[tuple[Permutation, SignalChain]]:
    """A chain for every permutation, all or none, named by the group and what differs.

    Raises ``ConflictError`` INVALID_PERMUTATIONS while some of them cannot be played, each
    finding pointing at ``/permutations/<i>/blocks/<j>``; with ``is_lenient`` those are left out,
    unless none would be left. TOO_MANY_PERMUTATIONS when the limit has come down meanwhile.
    """
    slots = slots_of(group, captures_of(group.owner, [group]))
    permutations = group_permutations(slots)
    details = [
        ErrorDetail(_permutation_pointer(number, error.position), error.code, error.message)
        for number, permutation in enumerate(permutations)
        for error in permutation.errors
    ]
    playable = [permutation for permutation in permutations if permutation.is_valid]
    if details and not (is_lenient and playable):
        num_bad = len(permutations) - len(playable)
        message = f"{num_bad} of {len(permutations)} chains cannot be played."
        raise ConflictError(message, code="INVALID_PERMUTATIONS", details=details)
    return [
        (
            permutation,
            chain_create(
                owner=group.owner,
                name=f"{group.name}: {permutation.label}"[:200],
                description=group.description,
                blocks=permutation_blocks(slots, permutation),
            ),
        )
        for permutation in playable
    ]


def group_permutations(slots: Sequence[SlotRows]) -> list[Permutation]:
    """Of a stored group. Raises ``ConflictError`` TOO_MANY_PERMUTATIONS when the limit has come
    down since it was stored."""
    try:
        return expand_slots(slots)
    except TooManyPermutationsError as error:
        raise ConflictError(str(error), code=TOO_MANY) from error


def permutation_blocks(slots: Sequence[SlotRows], permutation: Permutation) -> list[BlockInput]:
    """The chosen options as blocks of a chain."""
    chosen = [slot.options[choice] for slot, choice in zip(slots, permutation.choices, strict=True)]
    return [_as_input(option) for option in chosen if option is not None]


def slots_check(
    *, owner: User, slots: Sequence[SlotInput], pointer: str = "/slots"
) -> CheckedSlots:
    """Everything that is wrong with slots, without writing anything. Two queries at most.

    Findings point below ``pointer``: ``/slots/<i>/options/<j>``. A grammatical mistake is one only
    when no permutation at all can be played.
    """
    given = [
        (number, choice, option)
        for number, slot in enumerate(slots[: MAX_BLOCKS + 1])
        for choice, option in enumerate(slot.options)
        if option is not None
    ]
    rows, irs, details = check_blocks(
        owner,
        [(f"{pointer}/{number}/options/{choice}", option) for number, choice, option in given],
    )
    options: dict[tuple[int, int], SlotOption] = {
        (number, choice): option_of(row, _irs_of(row, irs))
        for (number, choice, _), row in zip(given, rows, strict=True)
    }
    checked = [
        SlotRows(slot.slot, tuple(options.get((number, i)) for i in range(len(slot.options))))
        for number, slot in enumerate(slots[: MAX_BLOCKS + 1])
    ]
    details += [
        ErrorDetail(_slot_pointer(pointer, error), error.code, error.message)
        for error in check_slots([slot.as_group_slot() for slot in checked])
    ]
    details += _duplicates(pointer, checked)
    permutations: list[Permutation] = []
    try:
        permutations = expand_slots(checked)
    except TooManyPermutationsError as error:
        details.append(ErrorDetail(pointer, TOO_MANY, str(error)))
    if not details and not any(permutation.is_valid for permutation in permutations):
        details = list(dict.fromkeys(permutation_mistakes(pointer, permutations)))
    return CheckedSlots(checked, details, permutations)


def _save(group: ChainGroup, slots: Sequence[SlotInput] | None) -> None:
    problems = list(field_problems(group, exclude=["slots"]))
    if slots is not None:
        checked = slots_check(owner=group.owner, slots=slots)
        problems += checked.details
        group.slots = slots_as_json(checked.slots)
    if problems:
        many = f"The group has {len(problems)} mistakes."
        message = problems[0].message if len(problems) == 1 else many
        raise InvalidInputError(message, details=problems)
    group.save()


def _irs_of(row: Block, irs: Sequence[BlockIR]) -> list[BlockIR]:
    return [ir for ir in irs if ir.block is row]


def _as_input(option: SlotOption) -> BlockInput:
    """A capture that is gone is not asked for: the grammar has said so before."""
    block = option.block
    return BlockInput(
        slot=block.slot,
        capture_id=block.capture.uuid if block.capture else None,
        processor=block.processor,
        parameters=block.parameters,
        extra_irs=[
            IRInput(ir.capture.uuid, ir.parameters) for ir in option.irs if ir.capture is not None
        ],
    )


def _duplicates(pointer: str, slots: Sequence[SlotRows]) -> Iterator[ErrorDetail]:
    """The same option twice would make the same chain twice."""
    for number, slot in enumerate(slots_as_json(slots)):
        options = slot["options"]
        for choice, option in enumerate(options):
            is_known = option is not None and (option["capture_id"] or option["processor"])
            if is_known and option in options[:choice]:
                message = "This slot has the same option already."
                yield ErrorDetail(f"{pointer}/{number}/options/{choice}", DUPLICATE, message)


def permutation_mistakes(
    pointer: str, permutations: Sequence[Permutation]
) -> Iterator[ErrorDetail]:
    """What the grammar finds, at the options below ``pointer`` that it finds it with."""
    for permutation in permutations:
        for error in permutation.errors:
            at = pointer
            if error.position is not None:
                slot = permutation.slots[error.position]
                at = f"{pointer}/{slot}/options/{permutation.choices[slot]}"
            yield ErrorDetail(at, error.code, error.message)


def _slot_pointer(pointer: str, error: SlotError) -> str:
    if error.slot is None:
        return pointer
    option = "" if error.option is None else f"/options/{error.option}"
    return f"{pointer}/{error.slot}{option}"


def _permutation_pointer(number: int, position: int | None) -> str:
    block = "" if position is None else f"/{position}"
    return f"/permutations/{number}/blocks{block}"

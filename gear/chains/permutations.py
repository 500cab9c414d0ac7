"""Chain groups: slots with options, expanded into chains with labels. Pure, no ORM.

The expansion is the cartesian product with the last slot fastest. Every chain of it is judged by
the grammar; labels say what differs between the chains and not what they have in common.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gear.chains.grammar import (
    EFFECT_SLOTS,
    MAX_BLOCKS,
    UNKNOWN,
    ChainBlock,
    ChainError,
    validate_chain,
)

MAX_PERMUTATIONS: Final = 27
MAX_LABEL: Final = 200

NO_SLOTS: Final = "NO_SLOTS"
TOO_MANY_SLOTS: Final = "TOO_MANY_SLOTS"
NO_OPTIONS: Final = "NO_OPTIONS"
NOTHING_NOT_ALLOWED: Final = "NOTHING_NOT_ALLOWED"
NOTHING_TWICE: Final = "NOTHING_TWICE"

_JOIN: Final = " + "
_NOTHING: Final = "–"


@dataclass(frozen=True, slots=True)
class Option:
    """One choice for a slot: a block, or nothing (``block`` is None).

    ``name`` is what people call it; ``detail`` (settings, a file name) tells it from another of
    the same name.
    """

    block: ChainBlock | None
    name: str = ""
    detail: str = ""


NOTHING: Final = Option(None)


@dataclass(frozen=True, slots=True)
class GroupSlot:
    """A position in the signal, and what may stand there. One option alone: it is fixed."""

    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class SlotError:
    """``slot``: index of the slot, None for all of them; ``option``: index among its options."""

    code: str
    message: str
    slot: int | None = None
    option: int | None = None


@dataclass(frozen=True, slots=True)
class Permutation:
    """One chain of the expansion.

    ``choices``: for each slot the index of the option taken. ``slots``: for each block the index
    of the slot that it stands for, so that positions of ``errors`` lead back to the options.
    """

    choices: tuple[int, ...]
    blocks: tuple[ChainBlock, ...]
    slots: tuple[int, ...]
    label: str
    errors: tuple[ChainError, ...]

    @property
    def is_valid(self) -> bool:
        return not self.errors


class TooManyPermutationsError(ValueError):
    """More chains than are allowed; raised before a single one is made."""

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(f"These slots make {count} chains; at most {limit} are allowed.")
        self.count = count
        self.limit = limit


def count_permutations(slots: Sequence[GroupSlot]) -> int:
    """How many chains the slots make, without making any. No slots make none."""
    return math.prod(len(slot.options) for slot in slots) if slots else 0


def expand(slots: Sequence[GroupSlot], *, limit: int = MAX_PERMUTATIONS) -> list[Permutation]:
    """Every chain that the slots make, the last slot fastest, each with its mistakes.

    Raises ``TooManyPermutationsError`` before anything is made.
    """
    count = count_permutations(slots)
    if count > limit:
        raise TooManyPermutationsError(count, limit)
    products = list(itertools.product(*(range(len(slot.options)) for slot in slots)))[:count]
    labels = _labels(slots, products)
    return [
        _permutation(slots, choices, label) for choices, label in zip(products, labels, strict=True)
    ]


def check_slots(slots: Sequence[GroupSlot]) -> list[SlotError]:
    """What is wrong with the slots by themselves, whatever is chosen from them."""
    if not slots:
        return [SlotError(NO_SLOTS, "Give at least one slot: the amp.")]
    errors = []
    if len(slots) > MAX_BLOCKS:
        errors.append(SlotError(TOO_MANY_SLOTS, f"A group has at most {MAX_BLOCKS} slots."))
    for index, slot in enumerate(slots):
        errors += _check_slot(slots, index, slot)
    return errors


def _check_slot(slots: Sequence[GroupSlot], index: int, slot: GroupSlot) -> Iterator[SlotError]:
    if not slot.options:
        yield SlotError(NO_OPTIONS, "Give this slot at least one option.", index)
    nothings = [number for number, option in enumerate(slot.options) if option.block is None]
    for number in nothings[1:]:
        yield SlotError(NOTHING_TWICE, "This slot may be empty already.", index, number)
    message = _needed(slots, index)
    if nothings and message:
        yield SlotError(NOTHING_NOT_ALLOWED, message, index, nothings[0])


def _needed(slots: Sequence[GroupSlot], index: int) -> str:
    """Why a slot cannot be empty; an empty text when it can."""
    places = {block.slot for block in _blocks(slots[index])}
    if not places:
        return "Give this slot something to stand there."
    others = [block for other in (*slots[:index], *slots[index + 1 :]) for block in _blocks(other)]
    return why_needed(places, others)


def why_needed(places: Collection[str], others: Iterable[ChainBlock]) -> str:
    """Why a slot cannot be empty whose blocks stand at ``places``; an empty text when it can.

    ``others``: all blocks that other slots may hold.
    """
    if "amp" in places:
        return "Every chain needs an amp: this slot cannot be empty."
    may_lack_cab = any(_has_own_cab(block) or block.slot == "cab" for block in others)
    if "cab" in places and not may_lack_cab:
        return "An amp head needs a cabinet: this slot can be empty only with a full rig."
    return ""


def _blocks(slot: GroupSlot) -> list[ChainBlock]:
    return [option.block for option in slot.options if option.block is not None]


def _has_own_cab(block: ChainBlock) -> bool:
    """Of an amp that is gone no one knows."""
    is_gone = block.kind == UNKNOWN and not block.processor and block.slot == "amp"
    return block.kind == "full_rig" or block.has_own_cab or is_gone


def _permutation(slots: Sequence[GroupSlot], choices: tuple[int, ...], label: str) -> Permutation:
    chosen = [slot.options[choice].block for slot, choice in zip(slots, choices, strict=True)]
    taken = [(index, block) for index, block in enumerate(chosen) if block is not None]
    blocks = tuple(block for _, block in taken)
    return Permutation(
        choices=choices,
        blocks=blocks,
        slots=tuple(index for index, _ in taken),
        label=label,
        errors=tuple(validate_chain(blocks)),
    )


# Labels -------------------------------------------------------------------------------------------


def _labels(slots: Sequence[GroupSlot], products: Sequence[tuple[int, ...]]) -> list[str]:
    """One text per chain, all different, none empty."""
    varying = [index for index, slot in enumerate(slots) if len(slot.options) > 1]
    if not varying:  # one chain, or none: there is nothing to tell it from
        return [_title(slots) for _ in products]
    names = [option_names(slot) for slot in slots]
    chosen = [[names[index][choices[index]] for index in varying] for choices in products]
    labels = [_JOIN.join(filter(None, words)) for words in chosen]
    # The same effect at two places: the gaps tell which of them it is.
    seen = Counter(labels)
    labels = [
        label if seen[label] == 1 or not label else _JOIN.join(word or _NOTHING for word in words)
        for label, words in zip(labels, chosen, strict=True)
    ]
    return _distinct([label or _without(slots, varying) for label in labels])


def _title(slots: Sequence[GroupSlot]) -> str:
    """Of a chain that is alone: its amp and cab, else all there is of it."""
    options = [slot.options[0] for slot in slots if slot.options and slot.options[0].block]
    core = [option for option in options if option.block and option.block.slot in ("amp", "cab")]
    words = [_name(option) for option in core or options]
    return _distinct([_JOIN.join(words) or "Empty chain"])[0]


def _name(option: Option) -> str:
    if option.block is None:
        return ""
    return option.name.strip() or option.block.processor or option.block.kind or option.block.slot


def option_names(slot: GroupSlot) -> list[str]:
    """What each option of a slot is called in labels; nothing is an empty text.

    Details are added only where names alone are not enough.
    """
    names = [_name(option) for option in slot.options]
    seen = Counter(names)
    detailed = [
        f"{name} ({option.detail.strip()})"
        if name and seen[name] > 1 and option.detail.strip()
        else name
        for name, option in zip(names, slot.options, strict=True)
    ]
    kept = iter(_distinct([name for name in detailed if name]))
    return [next(kept) if name else "" for name in detailed]


def _without(slots: Sequence[GroupSlot], varying: Sequence[int]) -> str:
    """The chain that has nothing of what the others have."""
    options = [option for index in varying for option in slots[index].options if option.block]
    if len(options) == 1:
        return f"Without {_name(options[0])}"
    places = {option.block.slot for option in options if option.block}
    return "Without effects" if places <= EFFECT_SLOTS else "Without cab"


def _distinct(texts: Sequence[str]) -> list[str]:
    """The texts, no longer than a label may be; those that come again are numbered."""
    cut = [text[:MAX_LABEL].rstrip() for text in texts]
    taken = set(cut)
    used: set[str] = set()
    distinct = []
    for text in cut:
        candidate = text
        for number in itertools.count(2):
            if candidate not in used and (candidate == text or candidate not in taken):
                break
            ending = f" #{number}"
            candidate = f"{text[: MAX_LABEL - len(ending)].rstrip()}{ending}"
        used.add(candidate)
        distinct.append(candidate)
    return distinct

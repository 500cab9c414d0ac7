"""The slots of a chain group: between stored JSON, rows, and the pure expansion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from accounts.models import User
from gear.chains.describe import GONE
from gear.chains.grammar import describe_settings
from gear.chains.permutations import NOTHING, GroupSlot, Option, Permutation, expand
from gear.models import Block, BlockIR, Capture, ChainGroup
from gear.selectors import as_chain_block, capture_list, may_be_played
from jobs.pipeline.effects.blocks import BLOCK_TYPES

Captures = Mapping[UUID, Capture]


@dataclass(frozen=True, slots=True)
class SlotOption:
    """A block that may stand at a slot; its rows are never saved. ``name`` is for people."""

    block: Block
    irs: tuple[BlockIR, ...]
    name: str

    @property
    def is_missing(self) -> bool:
        """Something of it was deleted, or is not shared any more."""
        needs_capture = not self.block.processor
        return any(
            capture is None
            for capture in [
                *([self.block.capture] if needs_capture else []),
                *(ir.capture for ir in self.irs),
            ]
        )

    @property
    def settings(self) -> str:
        """The parameters for people."""
        capture = self.block.capture
        kind = capture.gear.kind if capture else None
        return describe_settings(self.block.processor, kind, self.block.parameters)

    def as_option(self) -> Option:
        block = as_chain_block(self.block)
        is_supported = block.is_supported and all(may_be_played(ir.capture) for ir in self.irs)
        file_name = self.block.capture.name if self.block.capture else ""
        return Option(
            replace(block, is_supported=is_supported), self.name, self.settings or file_name
        )


@dataclass(frozen=True, slots=True)
class SlotRows:
    """A slot with its options; None is nothing."""

    slot: str
    options: tuple[SlotOption | None, ...]

    def as_group_slot(self) -> GroupSlot:
        options = (NOTHING if option is None else option.as_option() for option in self.options)
        return GroupSlot(tuple(options))


def option_of(block: Block, irs: Iterable[BlockIR], *, name: str = "") -> SlotOption:
    """``name``: what it was called when it was chosen, for a capture that is gone."""
    if block.processor:
        block_type = BLOCK_TYPES.get(block.processor)
        return SlotOption(block, (), block_type.title if block_type else block.processor)
    title = block.capture.title if block.capture is not None else name or GONE
    return SlotOption(block, tuple(irs), title)


class StoredIR(msgspec.Struct, frozen=True, kw_only=True):
    capture_id: UUID | None
    parameters: dict[str, Any]


class StoredOption(StoredIR, frozen=True, kw_only=True):
    processor: str
    extra_irs: tuple[StoredIR, ...]
    name: str


class StoredSlot(msgspec.Struct, frozen=True, kw_only=True):
    """One of ``ChainGroup.slots``."""

    slot: str
    options: tuple[StoredOption | None, ...]


def slots_as_json(slots: Iterable[SlotRows]) -> list[dict[str, Any]]:
    stored: list[dict[str, Any]] = msgspec.to_builtins([_stored(slot) for slot in slots])
    return stored


def _stored(slot: SlotRows) -> StoredSlot:
    options = (None if option is None else _stored_option(option) for option in slot.options)
    return StoredSlot(slot=slot.slot, options=tuple(options))


def _stored_option(option: SlotOption) -> StoredOption:
    return StoredOption(
        capture_id=_uuid(option.block.capture),
        parameters=option.block.parameters,
        processor=option.block.processor,
        extra_irs=tuple(
            StoredIR(capture_id=_uuid(ir.capture), parameters=ir.parameters) for ir in option.irs
        ),
        name=option.name,
    )


def _uuid(capture: Capture | None) -> UUID | None:
    return None if capture is None else capture.uuid


def _slots(group: ChainGroup) -> list[StoredSlot]:
    return msgspec.convert(group.slots, list[StoredSlot])


def captures_of(user: User, groups: Iterable[ChainGroup]) -> Captures:
    """Those captures of the groups that are still there and that ``user`` may see. One query."""
    ids = {uuid for group in groups for uuid in _capture_ids(group)}
    return {capture.uuid: capture for capture in capture_list(user).filter(uuid__in=ids)}


def _capture_ids(group: ChainGroup) -> Iterator[UUID]:
    for slot in _slots(group):
        for option in filter(None, slot.options):
            for named in (option, *option.extra_irs):
                if named.capture_id:
                    yield named.capture_id


def slots_of(group: ChainGroup, captures: Captures) -> list[SlotRows]:
    return [
        SlotRows(
            slot.slot,
            tuple(
                None if option is None else _option_rows(slot.slot, option, captures)
                for option in slot.options
            ),
        )
        for slot in _slots(group)
    ]


def _option_rows(slot: str, option: StoredOption, captures: Captures) -> SlotOption:
    block = Block(
        slot=slot,
        capture=_find(option, captures),
        processor=option.processor,
        parameters=option.parameters,
    )
    irs = [
        BlockIR(position=number, capture=_find(ir, captures), parameters=ir.parameters)
        for number, ir in enumerate(option.extra_irs)
    ]
    return option_of(block, irs, name=option.name)


def _find(named: StoredIR, captures: Captures) -> Capture | None:
    return captures.get(named.capture_id) if named.capture_id else None


def expand_slots(slots: Sequence[SlotRows]) -> list[Permutation]:
    """Raises ``TooManyPermutationsError`` with more chains than a shootout takes."""
    return expand([slot.as_group_slot() for slot in slots], limit=settings.GTS_MAX_CONTENDERS)

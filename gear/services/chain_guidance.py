"""Guidance for a chain that someone is building, with captures of theirs or kinds of gear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from gear.chains.grammar import ChainBlock
from gear.chains.guidance import Guidance, guide_chain
from gear.models import Capture
from gear.selectors import NO_CAPTURE, capture_list, has_own_cab, may_be_played
from gts.web.errors import ErrorDetail, InvalidInputError
from jobs.pipeline.effects.blocks import BLOCK_TYPES

ONE_OF_THREE = "A block is a capture, a built-in processor, or any gear of a kind."


@dataclass(frozen=True, slots=True)
class PlannedBlock:
    """One of ``capture_id``, ``processor`` and ``kind`` (of gear that is yet to be chosen)."""

    slot: str
    capture_id: UUID | None = None
    processor: str = ""
    kind: str = ""


def chain_guidance(user: User, blocks: Sequence[PlannedBlock]) -> Guidance:
    """What may come next. One query. Raises ``InvalidInputError`` NOT_FOUND, BLOCK_UNKNOWN or
    BLOCK_NEEDS_ONE_SOURCE, pointing at ``/blocks/<i>``."""
    ids = {block.capture_id for block in blocks if block.capture_id is not None}
    captures = {capture.uuid: capture for capture in capture_list(user).filter(uuid__in=ids)}
    details = [
        ErrorDetail(f"/blocks/{position}{pointer}", code, message)
        for position, block in enumerate(blocks)
        for pointer, code, message in _problems(block, set(captures))
    ]
    if details:
        raise InvalidInputError(details[0].message, details=details)
    return guide_chain(
        [
            _chain_block(block, captures[block.capture_id] if block.capture_id else None)
            for block in blocks
        ]
    )


def _problems(block: PlannedBlock, known: set[UUID]) -> Iterator[tuple[str, str, str]]:
    num_sources = sum(map(bool, (block.capture_id, block.processor, block.kind)))
    if num_sources != 1:
        yield "", "BLOCK_NEEDS_ONE_SOURCE", ONE_OF_THREE
    elif block.capture_id is not None and block.capture_id not in known:
        yield "/capture_id", "NOT_FOUND", NO_CAPTURE
    elif block.processor and block.processor not in BLOCK_TYPES:
        message = f"There is no built-in processor “{block.processor}”."
        yield "/processor", "BLOCK_UNKNOWN", message


def _chain_block(block: PlannedBlock, capture: Capture | None) -> ChainBlock:
    if capture is None:
        return ChainBlock(block.slot, kind=block.kind, processor=block.processor)
    return ChainBlock(
        block.slot,
        kind=capture.gear.kind,
        is_supported=may_be_played(capture),
        has_own_cab=has_own_cab(capture),
    )

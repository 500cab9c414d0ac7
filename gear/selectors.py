"""Reads of gear, captures and chains. What a user may not see does not exist."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import AnonymousUser

from accounts.errors import NotFoundError
from accounts.models import User
from gear.grammar import UNKNOWN, ChainBlock, ChainError, validate_chain
from gear.models import Block, Capture, GearItem, SignalChain
from gear.models.item import FileStatus
from gear.querysets import CaptureQuerySet, GearItemQuerySet, SignalChainQuerySet

NO_GEAR = "There is no such gear."
NO_CAPTURE = "There is no such capture."
NO_CHAIN = "There is no such chain."


def gear_list(user: User | AnonymousUser) -> GearItemQuerySet:
    """Shared gear and one's own, newest first, with captures. Two queries."""
    return GearItem.objects.visible_to(user).prefetch_related("captures")


def gear_get(user: User | AnonymousUser, uuid: UUID) -> GearItem:
    """Raises ``NotFoundError`` for what the user may not see."""
    item = gear_list(user).filter(uuid=uuid).first()
    if item is None:
        raise NotFoundError(NO_GEAR)
    return item


def gear_get_owned(user: User | AnonymousUser, uuid: UUID) -> GearItem:
    """To change it: shared gear of others does not exist here."""
    item = GearItem.objects.owned_by(user).filter(uuid=uuid).first()
    if item is None:
        raise NotFoundError(NO_GEAR)
    return item


def capture_list(user: User | AnonymousUser) -> CaptureQuerySet:
    """Captures of shared gear and of one's own, newest first, with their gear. One query."""
    captures = Capture.objects.visible_to(user).select_related("gear")
    return captures.order_by("-created_at", "-id")


def capture_get(user: User | AnonymousUser, uuid: UUID) -> Capture:
    capture = capture_list(user).filter(uuid=uuid).first()
    if capture is None:
        raise NotFoundError(NO_CAPTURE)
    return capture


def chain_list(user: User | AnonymousUser) -> SignalChainQuerySet:
    """One's own chains, newest first, with blocks, captures and gear. Four queries."""
    return SignalChain.objects.owned_by(user).with_blocks()


def chain_get(user: User | AnonymousUser, uuid: UUID) -> SignalChain:
    chain = chain_list(user).filter(uuid=uuid).first()
    if chain is None:
        raise NotFoundError(NO_CHAIN)
    return chain


def chain_errors(chain: SignalChain) -> list[ChainError]:
    """What is wrong with a stored chain now; it was right when it was stored, but captures go.

    No query when the chain comes from ``chain_list`` or ``chain_get``.
    """
    return validate_chain([as_chain_block(block) for block in chain.blocks.all()])


def as_chain_block(block: Block) -> ChainBlock:
    """A stored block as the grammar sees it. A capture that was deleted cannot be played."""
    if block.processor:
        return ChainBlock(slot=block.slot, processor=block.processor)
    if block.capture is None:
        return ChainBlock(slot=block.slot, kind=UNKNOWN, is_supported=False)
    # A block that is not stored yet has none.
    extra = [ir.capture for ir in block.extra_irs.all()] if block.pk else []
    return ChainBlock(
        slot=block.slot,
        kind=block.capture.gear.kind,
        is_supported=all(map(_may_be_played, [block.capture, *extra])),
    )


def _may_be_played(capture: Capture | None) -> bool:
    """What is not inspected yet is not judged yet."""
    if capture is None:
        return False
    return capture.status != FileStatus.READY or not capture.unsupported_reason

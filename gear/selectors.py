"""Reads of gear, captures and chains. What a user may not see does not exist."""

from __future__ import annotations

import functools
import operator
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from accounts.models import User
from gear.captures.inspection import kind_of_gear_type
from gear.chains.describe import gear_type_of
from gear.chains.grammar import UNKNOWN, ChainBlock, ChainError, validate_chain
from gear.models import (
    Block,
    Capture,
    CaptureQuerySet,
    ChainGroup,
    ChainGroupQuerySet,
    GearItem,
    GearItemQuerySet,
    GearTag,
    LibraryEntry,
    LibraryEntryQuerySet,
    Preset,
    PresetQuerySet,
    SignalChain,
    SignalChainQuerySet,
    Tag,
    TagQuerySet,
)
from gear.models.item import FileState, GearKind
from gts.web.errors import NotFoundError

# Of a longer list it is not told what all have in common.
MAX_FACETED = 1_000
MAX_FACET_VALUES = 50
_TAG_COLUMNS = ("gear_id", "tag__key", "tag__name")

# Choices in one list. Longer ones are searched, not read.
MAX_OFFERED = 24

NO_GEAR = "Gear not found."
NO_CAPTURE = "Capture not found."
NO_CHAIN = "Chain not found."
NO_TAG = "Tag not found."
NO_PRESET = "Preset not found."
NO_ENTRY = "Not found in your library."
NO_GROUP = "Chain group not found."


def gear_list(user: User | AnonymousUser) -> GearItemQuerySet:
    """Shared gear and one's own, newest first, with captures and tags. Three queries."""
    return GearItem.objects.visible_to(user).prefetch_related("captures").with_tags(user)


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


def chains_with(item: GearItem) -> SignalChainQuerySet:
    """Chains of all owners in which a capture of ``item`` stands, newest first. A subquery,
    so that each comes once; with blocks, captures and gear."""
    captures = item.captures.order_by().values("pk")
    blocks = Block.objects.filter(Q(capture__in=captures) | Q(extra_irs__capture__in=captures))
    return SignalChain.objects.filter(pk__in=blocks.order_by().values("chain")).with_blocks()


def groups_with(item: GearItem) -> ChainGroupQuerySet:
    """Groups of chains of all owners that name a capture of ``item``, with their owners. Looks
    through the groups of those who may use it: which captures they name is in their JSON."""
    groups = ChainGroup.objects.select_related("owner").annotate(
        slots_text=Cast("slots", TextField())
    )
    if not item.is_shared:
        groups = groups.filter(owner=item.owner_id)
    uuids = item.captures.values_list("uuid", flat=True)
    named = [Q(slots_text__contains=str(uuid)) for uuid in uuids]
    return groups.filter(functools.reduce(operator.or_, named)) if named else groups.none()


def capture_list(user: User | AnonymousUser) -> CaptureQuerySet:
    """Captures of shared gear and of one's own, newest first, with their gear. One query."""
    captures = Capture.objects.visible_to(user).select_related("gear")
    return captures.order_by("-created_at", "-id")


def captures_found(
    user: User | AnonymousUser,
    *,
    scope: str = "",
    kind: str = "",
    text: str = "",
    tag: str = "",
) -> CaptureQuerySet:
    """Those of ``capture_list`` of one's own gear (``scope`` "own"), of shared gear ("shared") or
    marked by the user ("favorites"), of a ``kind``, with gear that ``text`` finds, and that has a
    ``tag``. One query."""
    captures = capture_list(user)
    if isinstance(user, AnonymousUser):  # what is being checked is of no use to strangers
        captures = captures.filter(state=FileState.READY)
    if scope == "own":
        captures = captures.filter(gear__in=GearItem.objects.owned_by(user))
    elif scope == "shared":
        captures = captures.shared()
    elif scope == "favorites":
        saved = LibraryEntry.objects.of(user).filter(is_favorite=True)
        captures = captures.filter(pk__in=saved.order_by().values("capture"))
    if kind:
        captures = captures.filter(gear__kind=kind)
    if text.strip():
        gear = GearItem.objects.visible_to(user).having(text)
        captures = captures.filter(gear__in=gear.order_by().values("pk"))
    if tag.strip():
        gear = GearItem.objects.visible_to(user).tagged(user, tag)
        captures = captures.filter(gear__in=gear.order_by().values("pk"))
    return captures


def gear_neighbors(
    user: User | AnonymousUser, item: GearItem
) -> tuple[GearItem | None, GearItem | None]:
    """What stands before and after it in the list, newest first. Two queries."""
    visible = GearItem.objects.visible_to(user)
    same_time = Q(created_at=item.created_at)
    newer = visible.filter(Q(created_at__gt=item.created_at) | same_time & Q(pk__gt=item.pk))
    older = visible.filter(Q(created_at__lt=item.created_at) | same_time & Q(pk__lt=item.pk))
    return newer.order_by("created_at", "id").first(), older.order_by("-created_at", "-id").first()


def captures_to_choose(
    user: User | AnonymousUser, kinds: Collection[str], text: str = ""
) -> list[Capture]:
    """What a builder of chains offers: playable captures of the user's library and of shared gear
    that ``text`` finds, the newest ``MAX_OFFERED`` of each. Two queries without a text."""
    saved = library_list(user).usable().filter(capture__gear__kind__in=kinds)
    usable = Capture.objects.shared().usable().filter(gear__kind__in=kinds)
    shared = usable.select_related("gear").order_by("-created_at", "-id")
    if text.strip():
        gear = GearItem.objects.filter(is_shared=True, kind__in=kinds).having(text)
        saved, shared = saved.matching(text), shared.filter(gear__in=gear.order_by().values("pk"))
    found = [*(entry.capture for entry in saved[:MAX_OFFERED]), *shared[:MAX_OFFERED]]
    return list({capture.pk: capture for capture in found}.values())


def captures_get(user: User | AnonymousUser, uuids: Collection[UUID]) -> dict[UUID, Capture]:
    """Those of them that the user may see, by id."""
    return {capture.uuid: capture for capture in capture_list(user).filter(uuid__in=uuids)}


def capture_get(user: User | AnonymousUser, uuid: UUID) -> Capture:
    capture = capture_list(user).filter(uuid=uuid).first()
    if capture is None:
        raise NotFoundError(NO_CAPTURE)
    return capture


def catalog_list(user: User | AnonymousUser) -> CaptureQuerySet:
    """As ``capture_list``, each with one's own entry of the library and its tags. Three queries."""
    return capture_list(user).with_library(user)


def catalog_get(user: User | AnonymousUser, uuid: UUID) -> Capture:
    capture = catalog_list(user).filter(uuid=uuid).first()
    if capture is None:
        raise NotFoundError(NO_CAPTURE)
    return capture


@dataclass(frozen=True, slots=True)
class Facets:
    """What captures have in common, each value with the number of captures, the most common first.
    ``is_complete``: else they are those of ``num_captures`` of a longer list."""

    num_captures: int
    is_complete: bool
    kinds: list[tuple[str, int]]
    makes: list[tuple[str, int]]
    licences: list[tuple[str, int]]
    architectures: list[tuple[str, int]]
    tags: list[tuple[str, int]]


def capture_facets(captures: CaptureQuerySet, user: User | AnonymousUser) -> Facets:
    """Of ``MAX_FACETED`` of a list, so that it takes no longer for a longer one. Two queries."""
    rows = list(
        captures.order_by()  # those that the database knows a quick way to
        .select_related(None)
        .annotate(label=KT("info__label"))
        .values_list(
            "gear_id", "gear__kind", "gear__make", "gear__licence", "label", "architecture"
        )[: MAX_FACETED + 1]
    )
    is_complete, rows = len(rows) <= MAX_FACETED, rows[:MAX_FACETED]
    num_of = Counter(row[0] for row in rows)
    tags: Counter[str] = Counter()
    uses = GearTag.objects.visible_to(user).filter(gear__in=list(num_of))
    # Two people may have the same tag on the same gear.
    named = {(gear, key): name for gear, key, name in uses.values_list(*_TAG_COLUMNS)}
    for (gear, _), name in named.items():
        tags[name] += num_of[gear]
    return Facets(
        len(rows),
        is_complete,
        kinds=_most_common(row[1] for row in rows),
        makes=_most_common(row[2] for row in rows),
        licences=_most_common(row[3] for row in rows),
        architectures=_most_common(row[4] or row[5] for row in rows),
        tags=tags.most_common(MAX_FACET_VALUES),
    )


def _most_common(values: Iterable[str]) -> list[tuple[str, int]]:
    """However they are written, in the way that comes first; what is empty is left out."""
    written: dict[str, str] = {}
    num_of: Counter[str] = Counter()
    for value in filter(None, values):
        num_of[written.setdefault(value.casefold(), value)] += 1
    return num_of.most_common(MAX_FACET_VALUES)


def library_list(user: User | AnonymousUser) -> LibraryEntryQuerySet:
    """What a user has saved, newest first, with captures and gear. One query."""
    return LibraryEntry.objects.of(user).select_related("capture__gear")


def library_get(user: User | AnonymousUser, uuid: UUID) -> LibraryEntry:
    entry = library_list(user).filter(uuid=uuid).first()
    if entry is None:
        raise NotFoundError(NO_ENTRY)
    return entry


def library_entries_of(user: User | AnonymousUser, item: GearItem) -> dict[int, LibraryEntry]:
    """What the user has saved of a piece of gear, by the key of the capture. One query."""
    entries = LibraryEntry.objects.of(user).filter(capture__gear=item)
    return {entry.capture_id: entry for entry in entries}


def tag_list(user: User) -> TagQuerySet:
    """One's own tags in the order of the alphabet, with the number of their uses. One query."""
    return Tag.objects.owned_by(user).with_num_gear(user)


def tag_get(user: User, uuid: UUID) -> Tag:
    tag = tag_list(user).filter(uuid=uuid).first()
    if tag is None:
        raise NotFoundError(NO_TAG)
    return tag


def preset_list(user: User | AnonymousUser) -> PresetQuerySet:
    """One's own presets, by processor and name. One query."""
    return Preset.objects.owned_by(user)


def preset_get(user: User | AnonymousUser, uuid: UUID) -> Preset:
    preset = preset_list(user).filter(uuid=uuid).first()
    if preset is None:
        raise NotFoundError(NO_PRESET)
    return preset


def chain_list(user: User | AnonymousUser) -> SignalChainQuerySet:
    """One's own chains, newest first, with blocks, captures and gear. Four queries."""
    return SignalChain.objects.owned_by(user).with_blocks()


def chain_get(user: User | AnonymousUser, uuid: UUID) -> SignalChain:
    chain = chain_list(user).filter(uuid=uuid).first()
    if chain is None:
        raise NotFoundError(NO_CHAIN)
    return chain


def chain_group_list(user: User | AnonymousUser) -> ChainGroupQuerySet:
    """One's own groups, newest first. One query; their captures are one more, see
    ``gear.services.group_slots``."""
    return ChainGroup.objects.owned_by(user)


def chain_group_get(user: User | AnonymousUser, uuid: UUID) -> ChainGroup:
    group = chain_group_list(user).filter(uuid=uuid).first()
    if group is None:
        raise NotFoundError(NO_GROUP)
    return group


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
        has_own_cab=has_own_cab(block.capture),
        is_supported=all(map(may_be_played, [block.capture, *extra])),
    )


def has_own_cab(capture: Capture) -> bool:
    """Whether the file says that a cabinet is in it, whatever kind its owner has chosen."""
    return kind_of_gear_type(gear_type_of(capture)) == GearKind.FULL_RIG


def may_be_played(capture: Capture | None) -> bool:
    """What is gone cannot; what is not inspected yet is not judged yet."""
    if capture is None:
        return False
    return capture.state != FileState.READY or not capture.unsupported_reason

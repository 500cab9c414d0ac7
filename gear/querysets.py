"""Questions about gear and chains, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from gear.search_index import GEAR_INDEX
from gear.tag_words import tag_key
from gear.text_search import MAX_WORDS, finding, named, search

if TYPE_CHECKING:
    from gear.models import (
        Capture,
        ChainGroup,
        GearItem,
        GearTag,
        LibraryEntry,
        Preset,
        SignalChain,
        Tag,
    )


class GearItemQuerySet(models.QuerySet["GearItem"]):
    def visible_to(self, user: User | AnonymousUser) -> GearItemQuerySet:
        """Gear shared with everybody, and one's own."""
        if isinstance(user, AnonymousUser):
            return self.filter(is_shared=True)
        return self.filter(Q(is_shared=True) | Q(owner=user))

    def owned_by(self, user: User | AnonymousUser) -> GearItemQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def matching(self, text: str) -> GearItemQuerySet:
        """What the words find in names, makes, creators and descriptions, the best first.

        Narrow it by who may see it, and by all else, before.
        """
        return search(self, GEAR_INDEX, text)

    def having(self, text: str) -> GearItemQuerySet:
        """What ``matching`` finds, without a rank: to narrow what belongs to gear."""
        return finding(self, GEAR_INDEX, text)

    def from_source(self, source: str, user: User) -> GearItemQuerySet:
        """Of what ``user`` may see."""
        if source == "tone3000":  # never shared, so look among one's own alone
            return self.owned_by(user).filter(source=source)
        return self.filter(source=source)

    def with_format(self, capture_format: str) -> GearItemQuerySet:
        """Has a capture of that format."""
        captures = apps.get_model("gear", "Capture").objects
        return self.filter(Exists(captures.filter(gear=OuterRef("pk"), format=capture_format)))

    def with_architecture(self, beginning: str) -> GearItemQuerySet:
        """Has a capture whose architecture, as ``describe.architecture_of`` says it, begins so:
        "A1" finds "A1 standard"."""
        captures = apps.get_model("gear", "Capture").objects
        found = captures.filter(gear=OuterRef("pk"), architecture_key__startswith=beginning.upper())
        return self.filter(Exists(found))

    def tagged(self, user: User | AnonymousUser, name: str) -> GearItemQuerySet:
        """With a tag of that name which ``user`` may see."""
        uses = apps.get_model("gear", "GearTag").objects
        found = uses.visible_to(user).filter(gear=OuterRef("pk"), tag__key=tag_key(name))
        return self.filter(Exists(found))

    def with_tags(self, user: User | AnonymousUser) -> GearItemQuerySet:
        """One query more: ``seen_tags`` of each item are those that ``user`` may see."""
        uses = apps.get_model("gear", "GearTag").objects.visible_to(user)
        seen = uses.select_related("tag").order_by("tag__key", "pk")
        return self.prefetch_related(Prefetch("gear_tags", queryset=seen, to_attr="seen_tags"))


class CaptureQuerySet(models.QuerySet["Capture"]):
    def visible_to(self, user: User | AnonymousUser) -> CaptureQuerySet:
        if isinstance(user, AnonymousUser):
            return self.filter(gear__is_shared=True)
        return self.filter(Q(gear__is_shared=True) | Q(gear__owner=user))

    def owned_by(self, user: User) -> CaptureQuerySet:
        return self.filter(gear__owner=user)

    def size_bytes(self) -> int:
        return self.aggregate(total=Sum("size_bytes"))["total"] or 0

    def shared(self) -> CaptureQuerySet:
        return self.filter(gear__is_shared=True)

    def with_file(self) -> CaptureQuerySet:
        """Not those that are known by name only."""
        return self.exclude(file="")

    def of_tone(self, tone_id: str) -> CaptureQuerySet:
        """Fetched from this tone of Tone 3000."""
        return self.filter(gear__tone3000_id=tone_id).exclude(tone3000_id="")

    def pending(self) -> CaptureQuerySet:
        """Uploaded, and not looked into yet."""
        return self.filter(status="pending")

    def usable(self) -> CaptureQuerySet:
        """Inspected and playable by the renderer."""
        return self.filter(status="ready", unsupported_reason="")

    def unusable(self) -> CaptureQuerySet:
        return self.exclude(status="ready", unsupported_reason="")


class SignalChainQuerySet(models.QuerySet["SignalChain"]):
    def owned_by(self, user: User | AnonymousUser) -> SignalChainQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def named(self, text: str) -> SignalChainQuerySet:
        return named(self, text)

    def with_blocks(self) -> SignalChainQuerySet:
        """A few queries more for all blocks, captures and gear, whatever their number."""
        return self.prefetch_related("blocks__capture__gear", "blocks__extra_irs__capture__gear")


class ChainGroupQuerySet(models.QuerySet["ChainGroup"]):
    def owned_by(self, user: User | AnonymousUser) -> ChainGroupQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def named(self, text: str) -> ChainGroupQuerySet:
        return named(self, text)


class LibraryEntryQuerySet(models.QuerySet["LibraryEntry"]):
    def of(self, user: User | AnonymousUser) -> LibraryEntryQuerySet:
        """What a user has saved and may still see. What is not shared any more has left."""
        if isinstance(user, AnonymousUser):
            return self.none()
        visible = Q(capture__gear__is_shared=True) | Q(capture__gear__owner=user)
        return self.filter(visible, user=user)

    def usable(self) -> LibraryEntryQuerySet:
        """As of captures."""
        return self.filter(capture__status="ready", capture__unsupported_reason="")

    def matching(self, text: str) -> LibraryEntryQuerySet:
        """Every word is somewhere in the nickname or the name of the file, or finds the gear.

        Narrow it by all else before.
        """
        saved = self.order_by().values("capture__gear")
        gear = apps.get_model("gear", "GearItem").objects.filter(pk__in=saved)
        found = self
        for word in text.split()[:MAX_WORDS]:
            found = found.filter(
                Q(nickname__icontains=word)
                | Q(capture__name__icontains=word)
                | Q(capture__gear__in=gear.having(word).order_by().values("pk"))
            )
        return found


class TagQuerySet(models.QuerySet["Tag"]):
    def owned_by(self, user: User | AnonymousUser) -> TagQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def with_num_gear(self, user: User) -> TagQuerySet:
        """On how many pieces of gear that ``user`` may still see."""
        visible = Q(gear__is_shared=True) | Q(gear__owner=user)
        uses = apps.get_model("gear", "GearTag").objects.filter(visible, tag=OuterRef("pk"))
        # By tag, and not by a join of all: only those of a page are counted.
        counted = uses.order_by().values("tag").annotate(num=Count("pk")).values("num")
        return self.annotate(num_gear=Coalesce(Subquery(counted), 0))

    def matching(self, text: str) -> TagQuerySet:
        return self.filter(key__contains=tag_key(text))


class GearTagQuerySet(models.QuerySet["GearTag"]):
    def visible_to(self, user: User | AnonymousUser) -> GearTagQuerySet:
        """One's own, and what the owner of the gear says about it."""
        of_its_owner = Q(tag__owner=F("gear__owner"))
        if isinstance(user, AnonymousUser):
            return self.filter(of_its_owner)
        return self.filter(of_its_owner | Q(tag__owner=user))


class PresetQuerySet(models.QuerySet["Preset"]):
    def owned_by(self, user: User | AnonymousUser) -> PresetQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

"""What users keep for themselves about gear that may be anybody's: saved captures, and tags."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from accounts.models import User
from gear.models.item import Capture, FileState, GearItem
from gear.search.text import MAX_WORDS
from gear.text import tag_key
from gts.web.models import PublicModel


class LibraryEntryQuerySet(models.QuerySet["LibraryEntry"]):
    def of(self, user: User | AnonymousUser) -> LibraryEntryQuerySet:
        """What a user has saved and may still see. What is not shared any more has left."""
        if isinstance(user, AnonymousUser):
            return self.none()
        visible = Q(capture__gear__is_shared=True) | Q(capture__gear__owner=user)
        return self.filter(visible, user=user)

    def usable(self) -> LibraryEntryQuerySet:
        """As of captures."""
        return self.filter(capture__state=FileState.READY, capture__unsupported_reason="")

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


class LibraryEntry(PublicModel):
    """A capture that a user has saved. Their own are saved by themselves once they are checked."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="library_entries"
    )
    capture = models.ForeignKey(Capture, on_delete=models.CASCADE, related_name="library_entries")
    nickname = models.CharField(max_length=100, blank=True)
    is_favorite = models.BooleanField(default=False)

    objects = LibraryEntryQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "library entries"
        indexes = [
            models.Index(fields=["user", "-created_at"], name="gear_libraryentry_user_newest"),
            models.Index(
                fields=["user"],
                name="gear_libraryentry_favorites",
                condition=models.Q(is_favorite=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "capture"], name="gear_libraryentry_once_per_capture"
            ),
        ]

    def __str__(self) -> str:
        return self.nickname or f"entry {self.uuid}"


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


class Tag(PublicModel):
    """A word of one user. Tags that the owner of shared gear puts on it are for everybody."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tags"
    )
    name = models.CharField(max_length=50)
    # The same word however it is written. Longer, because ß becomes ss.
    key = models.CharField(max_length=150, editable=False)

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ("key", "id")
        indexes = [models.Index(fields=["key"], name="gear_tag_key")]
        constraints = [
            models.UniqueConstraint(fields=["owner", "key"], name="gear_tag_once_per_owner"),
        ]

    def __str__(self) -> str:
        return self.name


class GearTagQuerySet(models.QuerySet["GearTag"]):
    def visible_to(self, user: User | AnonymousUser) -> GearTagQuerySet:
        """One's own, and what the owner of the gear says about it."""
        of_its_owner = Q(tag__owner=F("gear__owner"))
        if isinstance(user, AnonymousUser):
            return self.filter(of_its_owner)
        return self.filter(of_its_owner | Q(tag__owner=user))


class GearTag(models.Model):
    """A tag on a piece of gear."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="uses")
    gear = models.ForeignKey(GearItem, on_delete=models.CASCADE, related_name="gear_tags")

    objects = GearTagQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gear", "tag"], name="gear_geartag_once_per_gear"),
        ]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.gear_id}"

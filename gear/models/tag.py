"""Tags: free words that a user puts on gear."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from accounts.models import User
from gear.models.item import GearItem
from gear.tag_words import tag_key
from gts.web.models import PublicModel


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

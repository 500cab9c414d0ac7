"""Tags: free words that a user puts on gear."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models import PublicModel
from gear.models.item import GearItem
from gear.querysets import GearTagQuerySet, TagQuerySet


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

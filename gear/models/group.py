"""Chain groups: slots with options, to be expanded into chains."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from accounts.models import User
from gear.search.text import named
from gts.web.models import PublicModel


class ChainGroupQuerySet(models.QuerySet["ChainGroup"]):
    def owned_by(self, user: User | AnonymousUser) -> ChainGroupQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def named(self, text: str) -> ChainGroupQuerySet:
        return named(self, text)


class ChainGroup(PublicModel):
    """A base chain of which some slots have several options.

    ``slots`` names captures by UUID, beside the names they had: a capture may be deleted, and the
    group then says which one is missing. ``gear.services.group_slots`` reads and writes it.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="chain_groups"
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=4000)
    slots = models.JSONField()

    objects = ChainGroupQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="gear_chaingroup_owner_newest"),
        ]

    def __str__(self) -> str:
        return self.name

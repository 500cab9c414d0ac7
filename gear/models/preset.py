"""Presets: named settings of built-in processors."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from accounts.models import User
from gts.web.models import PublicModel


class PresetQuerySet(models.QuerySet["Preset"]):
    def owned_by(self, user: User | AnonymousUser) -> PresetQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)


class Preset(PublicModel):
    """Named parameter values of a built-in processor. A chain that uses it copies them."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="presets"
    )
    processor = models.CharField(max_length=32)
    name = models.CharField(max_length=100)
    parameters = models.JSONField(default=dict, blank=True)

    objects = PresetQuerySet.as_manager()

    class Meta:
        ordering = ("processor", "name", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "processor", "name"], name="gear_preset_once_per_name"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.processor}: {self.name}"

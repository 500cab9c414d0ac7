"""Users, and the base of every row that has an id in public."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class PublicModel(models.Model):
    """A row that people and programs may name: by its UUID, never by its primary key."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class User(AbstractUser):
    """Somebody with an account, local or at Tone 3000.

    ``tone3000_id`` is text on purpose: the outside API has answered both UUIDs and numbers.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    username = models.CharField(
        _("username"),
        max_length=100,
        unique=True,
        validators=[AbstractUser.username_validator],
        error_messages={"unique": _("A user with that username already exists.")},
    )
    display_name = models.CharField(max_length=100, blank=True)
    tone3000_id = models.CharField(max_length=64, unique=True, null=True, blank=True)

    class Meta:
        ordering = ("-date_joined", "-id")

    def __str__(self) -> str:
        return self.display_name or self.username

"""What models of every app have in common."""

from __future__ import annotations

import uuid

from django.db import models


class PublicModel(models.Model):
    """A row that people and programs may name: by its UUID, never by its primary key."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class RevisedModel(models.Model):
    """A row that two people, or one in two windows, may edit at once: see ``gts.web.revisions``.

    Only edits count. What workers write, such as the state of a render, is no edit.
    """

    revision = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True

"""What models of every app have in common."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Final

from django.db import models

from gts.web.errors import PreconditionFailedError

CHANGED_MEANWHILE: Final = (
    "This was changed after you opened it. Look at it as it is now, then change it again."
)


class PublicModel(models.Model):
    """A row that people and programs may name: by its UUID, never by its primary key."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class RevisedModel(models.Model):
    """A row that two people, or one in two windows, may edit at once.

    No edit undoes another one unseen: an edit may name the revision that it was made from
    (``revision_check``). Only edits count: what workers write, such as the state of a render, is
    none.
    """

    revision = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True


def revision_check(row: RevisedModel, accepted: Collection[int] | None) -> None:
    """Call it with the row locked, in the transaction that writes: of two edits of the same
    revision at once exactly one gets through. ``None`` accepts any.

    Raises ``PreconditionFailedError``.
    """
    if accepted is not None and row.revision not in accepted:
        raise PreconditionFailedError(CHANGED_MEANWHILE)

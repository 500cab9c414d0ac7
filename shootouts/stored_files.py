"""No stored file outlives the last row that names it, whoever deletes the row.

Rows go by services, by cascades from their owner, and in the admin: only a signal sees them all.
"""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_delete

from jobs.storage import delete_stored
from shootouts.models import DITrack, RenderedFile, Segment

_FILE_FIELDS: dict[type[Model], str] = {
    DITrack: "file",
    RenderedFile: "file",
    Segment: "pre_gain_file",  # shared by all segments of one key
}


def connect() -> None:
    for model in _FILE_FIELDS:
        post_delete.connect(_row_deleted, sender=model, dispatch_uid=f"shootouts.{model.__name__}")


def _row_deleted(sender: type[Model], instance: Model, **_: object) -> None:
    name = getattr(instance, _FILE_FIELDS[sender]).name
    if name:
        transaction.on_commit(partial(_delete_unused, sender, name))


def _delete_unused(model: type[Model], name: str) -> None:
    if not model._default_manager.filter(**{_FILE_FIELDS[model]: name}).exists():
        delete_stored(name)

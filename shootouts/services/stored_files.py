"""No stored file outlives the last row that names it, no matter who deletes the row.

Rows go by services, by cascades from their owner, and in the admin: only a signal sees them all.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_delete

from gear.models import Capture
from jobs.files.storage import delete_stored
from shootouts.models import CachedAudio, ChainPreview, DITrack, RenderedFile
from shootouts.services.cache import cache_forget_input

_WITH_FILES: tuple[type[Model], ...] = (CachedAudio, ChainPreview, DITrack, RenderedFile)


def connect() -> None:
    for model in _WITH_FILES:
        post_delete.connect(_row_deleted, sender=model, dispatch_uid=f"shootouts.{model.__name__}")
    for source in (DITrack, Capture, RenderedFile):
        post_delete.connect(_source_deleted, sender=source, dispatch_uid=f"cache.{source.__name__}")


def _row_deleted(sender: type[Model], instance: Any, **_: object) -> None:
    if instance.file.name:
        # The rows are gone whatever the storage answers.
        transaction.on_commit(partial(_delete_unused, sender, instance.file.name), robust=True)


def _delete_unused(model: type[Model], name: str) -> None:
    if not model._default_manager.filter(file=name).exists():
        delete_stored(name)


def _source_deleted(instance: DITrack | Capture | RenderedFile, **_: object) -> None:
    transaction.on_commit(partial(cache_forget_input, sha256=instance.sha256), robust=True)

"""Files in the storage: which of them rows name, and whether one is what a backup says of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Field, FileField, Model

from gts.ops.backup_pool import SavedFile
from gts.ops.database_dump import Select
from shootouts.models import CachedAudio

# Rows of these find out by themselves that their file is gone.
COMPUTED_AGAIN: Final[tuple[type[Model], ...]] = (CachedAudio,)
_READ_BYTES: Final = 1024 * 1024


def file_columns() -> Iterator[tuple[type[Model], Field[Any, Any]]]:
    """Where the database names files that a backup has."""
    for model in apps.get_models():
        if model not in COMPUTED_AGAIN and not model._meta.proxy:
            for column in model._meta.local_concrete_fields:
                if isinstance(column, FileField):
                    yield model, column


def named_files(select: Select) -> Iterator[tuple[type[Model], Any, str, str]]:
    """Model, key, storage name and SHA-256 (empty: unknown) of every file that a row names."""
    quoted = connection.ops.quote_name
    for model, column in file_columns():
        columns = {column.name: column.column for column in model._meta.local_concrete_fields}
        digest = quoted(str(columns["sha256"])) if "sha256" in columns else "''"
        name, table = quoted(str(column.column)), quoted(model._meta.db_table)
        key = quoted(str(model._meta.pk.column))
        rows = select(f"SELECT {key}, {name}, {digest} FROM {table} WHERE {name} <> ''")
        for pk, stored, sha256 in rows:
            yield model, pk, stored, sha256


def is_stored(file: SavedFile, *, is_read: bool = True) -> bool:
    """Not ``is_read``: only whether it is there with that size, which costs next to nothing."""
    digest = hashlib.sha256()
    try:
        if default_storage.size(file.name) != file.size_bytes:
            return False
        if not is_read:
            return True
        with default_storage.open(file.name, "rb") as stored:
            while chunk := stored.read(_READ_BYTES):
                digest.update(chunk)
    except FileNotFoundError:
        return False
    return digest.hexdigest() == file.sha256

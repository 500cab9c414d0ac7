"""Files that several captures may share: equal content is stored once, no matter who has it.

Rows stay apart, so no one sees more than their own; only the bytes are in one place.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection

from gear.models import Capture


def store_once(path: Path, sha256: str) -> str:
    """The storage name of the content of ``path``, stored now unless it is there already.

    Call it inside the transaction that writes the row: until that ends no one deletes the file.
    """
    known = Capture.objects.with_file().filter(sha256=sha256).order_by("pk").first()
    name = known.file.name if known is not None and known.file.name else None
    name = name or f"captures/{sha256}/{sha256}{path.suffix}"
    lock_name(name)
    if default_storage.exists(name):
        return name
    with open(path, "rb") as file:
        return default_storage.save(name, File(file))


def lock_name(name: str) -> None:
    """Until the transaction ends no one else stores or deletes under this name.

    SQLite needs nothing: a transaction there holds the one write lock from its beginning.
    """
    if connection.vendor == "postgresql":
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])

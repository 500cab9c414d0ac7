"""Back from a backup: everything is checked first, files come next, the database last and at once.

So whatever goes wrong, and wherever it is cut short, it can be done again.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.utils import DatabaseError

from accounts.models import User
from gts.backups import (
    DESCRIPTION,
    FILE_LIST,
    FILES,
    FORMAT_VERSION,
    BackupError,
    SavedFile,
    content_path,
    files_of,
)
from gts.database_dump import DumpError, load
from jobs.models import Process
from jobs.pipeline.files import sha256_of
from shootouts.models import CachedAudio

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_READ_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Backup:
    folder: Path
    description: dict[str, Any]

    @property
    def dump(self) -> Path:
        return self.folder / str(self.description["database"]["file"])

    @property
    def files(self) -> Path:
        return self.folder.parent / FILES


def backup_open(folder: Path) -> Backup:
    """Raises ``BackupError`` for what is no backup, or not one for this installation."""
    try:
        description = json.loads((folder / DESCRIPTION).read_bytes())
        database = description["database"]
        applied = {(app, name) for app, name in database["migrations"]}
        vendor, format_version = database["vendor"], description["format_version"]
    except FileNotFoundError as error:
        raise BackupError(f"{folder} is no backup: it has no {DESCRIPTION}.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{folder / DESCRIPTION} cannot be read: {error!r}") from error
    if format_version != FORMAT_VERSION:
        raise BackupError(
            f"This is a backup of format {format_version}; known is {FORMAT_VERSION}."
        )
    if vendor != connection.vendor:
        raise BackupError(
            f"This is a backup of a {vendor} database; this installation has {connection.vendor}."
        )
    unknown = applied - set(MigrationLoader(None).disk_migrations) - _foreign(applied)
    if unknown:
        names = ", ".join(f"{app}.{name}" for app, name in sorted(unknown)[:3])
        raise BackupError(f"This backup is of a newer GTS than this one ({names}): update first.")
    return Backup(folder, description)


def _foreign(applied: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of apps that were installed once: their tables come along and nobody minds."""
    known = {app for app, _ in MigrationLoader(None).disk_migrations}
    return {(app, name) for app, name in applied if app not in known}


def backup_check(backup: Backup) -> Iterator[str]:
    """Read all of it. What is wrong with it, in words; nothing when it is whole."""
    try:
        if sha256_of(backup.dump) != backup.description["database"]["sha256"]:
            yield f"{backup.dump.name} is not what it was"
    except OSError as error:
        yield f"{backup.dump.name} cannot be read: {error}"
    checked: set[str] = set()
    try:
        if sha256_of(backup.folder / FILE_LIST) != backup.description["files"]["sha256"]:
            yield f"{FILE_LIST} is not what it was"
            return
        for file in files_of(backup.folder):
            if file.sha256 in checked:
                continue
            checked.add(file.sha256)
            problem = _problem(backup, file)
            if problem:
                yield f"{file.name}: {problem}"
    except (OSError, ValueError, TypeError) as error:
        yield f"{FILE_LIST} cannot be read: {error!r}"


def _problem(backup: Backup, file: SavedFile) -> str:
    if not _SHA256.fullmatch(file.sha256):
        return "its hash is none"
    try:
        found = sha256_of(content_path(backup.files, file.sha256))
    except OSError as error:
        return f"its content cannot be read: {error}"
    return "" if found == file.sha256 else "its content is not what it was"


def what_is_here() -> str:
    """What a restore would replace, in words; empty for an installation without users."""
    try:
        num_users = User.objects.count()
    except DatabaseError:  # no tables yet
        return ""
    return f"{num_users} users and all that is theirs" if num_users else ""


def who_is_running() -> str:
    """Why nothing may be replaced now, in words. The embedded mode has ``gts.server_lock``."""
    try:
        alive = list(Process.objects.alive().values_list("role", "host"))
    except DatabaseError:
        return ""
    return ", ".join(f"{role} on {host}" for role, host in alive)


def backup_restore(backup: Backup) -> tuple[int, int]:
    """Replace the database by that of ``backup``, and bring back its files. Then migrate.

    Returns how many files were brought back, and how many were there. What else lies in the storage
    stays: ``prune_media`` shows it. Raises ``BackupError``.
    """
    num_back = num_there = 0
    try:
        for file in files_of(backup.folder):
            if _is_there(file):
                num_there += 1
            else:
                _bring_back(backup, file)
                num_back += 1
        with tempfile.TemporaryDirectory(prefix="gts-restore-") as scratch:
            load(backup.dump, backup.description["database"].get("extensions", []), Path(scratch))
    except DumpError as error:
        raise BackupError(f"Nothing was replaced: {error}") from error
    except OSError as error:
        raise BackupError(f"Nothing was replaced; a file did not come back: {error}") from error
    call_command("migrate", interactive=False, verbosity=0)
    # Its files are in no backup, and jobs that ran then find out that nobody works on them.
    CachedAudio.objects.all().delete()
    return num_back, num_there


def _is_there(file: SavedFile) -> bool:
    digest = hashlib.sha256()
    try:
        if default_storage.size(file.name) != file.size_bytes:
            return False
        with default_storage.open(file.name, "rb") as stored:
            while chunk := stored.read(_READ_BYTES):
                digest.update(chunk)
    except FileNotFoundError:
        return False
    return digest.hexdigest() == file.sha256


def _bring_back(backup: Backup, file: SavedFile) -> None:
    if default_storage.exists(file.name):
        default_storage.delete(file.name)
    with open(content_path(backup.files, file.sha256), "rb") as content:
        name = default_storage.save(file.name, File(content))
    if name != file.name:
        default_storage.delete(name)
        raise OSError(f"{file.name} could not be stored under its name")

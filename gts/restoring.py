"""Back from a backup: everything is checked first, files come next, the database last and at once.

So whatever goes wrong, and wherever it is cut short, it can be done again. A backup that is damaged
can be brought back in part: then whatever it could not bring is named.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.utils import DatabaseError

from accounts.models import User
from gts.backup_pool import (
    DESCRIPTION,
    FILE_LIST,
    FILES,
    SavedFile,
    content_path,
    files_of,
    readable_files_of,
)
from gts.backups import FORMAT_VERSION, BackupError, named_files
from gts.database_dump import DumpError, load, select
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


@dataclass(frozen=True, slots=True)
class Problem:
    """``is_fatal``: without it nothing can be brought back, not even in part."""

    text: str
    is_fatal: bool = False


@dataclass(slots=True)
class Restored:
    """``missing``: names of files that rows name and that are not there, or damaged."""

    num_back: int = 0
    num_there: int = 0
    missing: list[str] = field(default_factory=list)


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


def backup_check(backup: Backup) -> Iterator[Problem]:
    """Read all of it. What is wrong with it; nothing when it is whole."""
    try:
        if sha256_of(backup.dump) != backup.description["database"]["sha256"]:
            yield Problem(f"{backup.dump.name} is not what it was", is_fatal=True)
    except OSError as error:
        yield Problem(f"{backup.dump.name} cannot be read: {error}", is_fatal=True)
    checked: set[str] = set()
    try:
        if sha256_of(backup.folder / FILE_LIST) != backup.description["files"]["sha256"]:
            yield Problem(f"{FILE_LIST} is not what it was")
            return
        for file in files_of(backup.folder):
            if file.sha256 in checked:
                continue
            checked.add(file.sha256)
            problem = _problem(backup, file)
            if problem:
                yield Problem(f"{file.name}: {problem}")
    except (OSError, ValueError, TypeError) as error:
        yield Problem(f"{FILE_LIST} cannot be read: {error!r}")


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


def backup_restore(backup: Backup, *, is_partial: bool = False) -> Restored:
    """Replace the database by that of ``backup``, and bring back its files. Then migrate.

    ``is_partial``: leave out what is damaged; then the database says what is missing. What else
    lies in the storage stays: ``prune_media`` shows it. Raises ``BackupError``.
    """
    restored = Restored()
    try:
        for file in _files_to_bring(backup, is_partial=is_partial):
            if is_partial and not _may_be_stored(file.name):  # a line that is damaged
                continue
            if _is_there(file):
                restored.num_there += 1
            elif is_partial and _problem(backup, file):
                restored.missing.append(file.name)
            else:
                _bring_back(backup, file)
                restored.num_back += 1
        with tempfile.TemporaryDirectory(prefix="gts-restore-") as scratch:
            load(backup.dump, backup.description["database"].get("extensions", []), Path(scratch))
    except DumpError as error:
        raise BackupError(f"Nothing was replaced: {error}") from error
    except OSError as error:
        raise BackupError(f"Nothing was replaced; a file did not come back: {error}") from error
    call_command("migrate", interactive=False, verbosity=0)
    # Its files are in no backup, and jobs that ran then find out that nobody works on them.
    CachedAudio.objects.all().delete()
    if is_partial:
        restored.missing = sorted({*restored.missing, *_named_and_not_there()})
    return restored


def _files_to_bring(backup: Backup, *, is_partial: bool) -> list[SavedFile] | Iterator[SavedFile]:
    if not is_partial:
        return files_of(backup.folder)
    try:
        return readable_files_of(backup.folder)[0]
    except OSError:  # the database still says what there should be
        return []


def _may_be_stored(name: str) -> bool:
    try:
        default_storage.exists(name)
    except SuspiciousFileOperation:
        return False
    return True


def _named_and_not_there() -> Iterator[str]:
    """The list of files may have been damaged too: ask the database that is back."""
    for _, _, name, _ in named_files(select):
        if not default_storage.exists(name):
            yield name


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

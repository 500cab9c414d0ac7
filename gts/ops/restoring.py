"""Back from a backup: everything is checked first, files come next, the database last and at once.

So whatever goes wrong, and wherever it is cut short, it can be done again. A backup that is damaged
can be brought back in part: then whatever it could not bring is named.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db.utils import DatabaseError

from accounts.models import User
from gts.ops.backup_check import Backup, content_is_wrong
from gts.ops.backup_pool import (
    SavedFile,
    content_path,
    files_of,
    name_problem,
    readable_files_of,
)
from gts.ops.backups import BackupError
from gts.ops.database_dump import DumpError, load, select
from gts.ops.stored_files import is_stored, named_files
from jobs.models import Process
from shootouts.models import CachedAudio


@dataclass(slots=True)
class Restored:
    """``missing``: names of files that rows name and that are not there, or damaged."""

    num_back: int = 0
    num_there: int = 0
    missing: list[str] = field(default_factory=list)


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
        if not is_partial:  # to its end, before anything is written
            for _ in files_of(backup.folder):
                pass
        for file in _files_to_bring(backup, is_partial=is_partial):
            if is_stored(file):
                restored.num_there += 1
            elif is_partial and content_is_wrong(backup, file):
                restored.missing.append(file.name)
            else:
                _bring_back(backup, file)
                restored.num_back += 1
        with tempfile.TemporaryDirectory(prefix="gts-restore-") as scratch:
            load(backup.dump, backup.description["database"].get("extensions", []), Path(scratch))
    except DumpError as error:
        raise BackupError(f"Nothing was replaced: {error}") from error
    except (OSError, ValueError, SuspiciousFileOperation) as error:
        raise BackupError(f"Nothing was replaced; a file did not come back: {error}") from error
    call_command("migrate", interactive=False, verbosity=0)
    # Its files are in no backup, and jobs that ran then are found to have no worker.
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


def _named_and_not_there() -> Iterator[str]:
    """The list of files may have been damaged too: ask the database that is back."""
    for _, _, name, _ in named_files(select):
        if name_problem(name) or not default_storage.exists(name):
            yield name


def _bring_back(backup: Backup, file: SavedFile) -> None:
    if default_storage.exists(file.name):
        default_storage.delete(file.name)
    with open(content_path(backup.files, file.sha256), "rb") as content:
        name = default_storage.save(file.name, File(content))
    if name != file.name:
        default_storage.delete(name)
        raise OSError(f"{file.name} could not be stored under its name")

"""Back from a backup: everything is checked first, files come next, the database last and at once.

So whatever goes wrong, and wherever it is cut short, it can be done again. A backup that is damaged
can be brought back in part: then whatever it could not bring is named.

To check a backup is to read all of it, and to compare it with what it says of itself, without
loading it: what the database names is read from the copy of SQLite, and from the rows that
``pg_restore`` shows of PostgreSQL's dump.
"""

from __future__ import annotations

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
from gts.ops.backup_files import (
    DESCRIPTION,
    FILE_LIST,
    FILES,
    SavedFile,
    content_path,
    content_problem,
    file_columns,
    files_of,
    is_stored,
    name_problem,
    named_files,
    numbered_files_of,
    readable_files_of,
)
from gts.ops.backups import FORMAT_VERSION, BackupError
from gts.ops.database_dump import (
    DumpError,
    ProgramMissingError,
    dump_check,
    dump_values,
    load,
    select,
)
from jobs.models import Process
from jobs.pipeline.files import sha256_of
from shootouts.models import CachedAudio

_DUMP: Final = re.compile(r"database\.[a-z0-9]+")
_EXTENSION: Final = re.compile(r"[a-z0-9_-]+")


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


def backup_open(folder: Path) -> Backup:
    """Raises ``BackupError`` for what is no backup, or not one for this installation."""
    try:
        description = json.loads((folder / DESCRIPTION).read_bytes())
        database = description["database"]
        applied = {(app, name) for app, name in database["migrations"]}
        vendor, format_version = database["vendor"], description["format_version"]
        _check_description(description)
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise BackupError(f"There is no folder {folder}.") from error
        raise BackupError(
            f"{folder} is no backup: it has no {DESCRIPTION}. Name the folder that manage.py "
            "backup wrote to, or one backup in it."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(
            f"{folder / DESCRIPTION} cannot be read: it is damaged ({error!r}). "
            "Take another backup."
        ) from error
    if format_version != FORMAT_VERSION:
        raise BackupError(
            f"This is a backup of format {format_version}; known is {FORMAT_VERSION}. Restore it "
            "with the version of GTS that made it."
        )
    if vendor != connection.vendor:
        raise BackupError(
            f"This is a backup of a {vendor} database; this installation has {connection.vendor}. "
            f"Restore it where DATABASE_URL names {vendor}."
        )
    unknown = applied - set(MigrationLoader(None).disk_migrations) - _foreign(applied)
    if unknown:
        names = ", ".join(f"{app}.{name}" for app, name in sorted(unknown)[:3])
        raise BackupError(f"This backup is of a newer GTS than this one ({names}): update first.")
    return Backup(folder, description)


def _check_description(description: dict[str, Any]) -> None:
    """That all of it that is used later is there. Raises ``ValueError``, ``KeyError``,
    ``TypeError``."""
    texts = [description["created_at"], description["files"]["sha256"]]
    texts += [description["database"]["sha256"], description["database"]["file"]]
    texts += description["database"].get("extensions", [])
    texts += description["files"].get("lost", []) + description["files"].get("deleted", [])
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a text is none")
    if not _DUMP.fullmatch(description["database"]["file"]):
        raise ValueError("its database is not beside it")
    if not all(map(_EXTENSION.fullmatch, description["database"].get("extensions", []))):
        raise ValueError("the name of an extension is none")


def _foreign(applied: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of apps that were installed once: their tables come along unused."""
    known = {app for app, _ in MigrationLoader(None).disk_migrations}
    return {(app, name) for app, name in applied if app not in known}


def lost_before(backup: Backup) -> list[str]:
    """Names of files that were missing already when it was made."""
    return list(backup.description["files"].get("lost", []))


def backup_check(backup: Backup) -> Iterator[Problem]:
    """Read all of it. What is wrong with it; nothing when it is whole.

    Raises ``BackupError`` where a program is missing that reads the database in it.
    """
    problem = _database_problem(backup)
    if problem:
        yield Problem(problem, is_fatal=True)
    if (backup.folder / FILE_LIST).is_symlink():
        yield Problem(f"{FILE_LIST} is a link, and not what a backup has itself")
    try:
        if sha256_of(backup.folder / FILE_LIST) != backup.description["files"]["sha256"]:
            yield Problem(f"{FILE_LIST} is not what it was")
            return
        named: set[str] = set()
        yield from _list_problems(backup, named)
    except OSError as error:
        yield Problem(f"{FILE_LIST} cannot be read: {error}")
        return
    if not problem:
        yield from _left_out(backup, named)


def _database_problem(backup: Backup) -> str:
    try:
        if backup.dump.is_symlink():
            return f"{backup.dump.name} is a link, and not what a backup has itself"
        if sha256_of(backup.dump) != backup.description["database"]["sha256"]:
            return f"{backup.dump.name} is not what it was"
        dump_check(backup.dump)
    except OSError as error:
        return f"{backup.dump.name} cannot be read: {error}"
    except ProgramMissingError as error:
        raise BackupError(f"The database in this backup cannot be read: {error}") from error
    except DumpError as error:
        return f"{backup.dump.name}: {error}"
    return ""


def _list_problems(backup: Backup, named: set[str]) -> Iterator[Problem]:
    """``named``: gets the names that the list has. Raises ``OSError``."""
    contents: dict[tuple[str, int], str] = {}  # which several files may have
    for number, file in numbered_files_of(backup.folder):
        line = f"{FILE_LIST}, line {number}"
        if isinstance(file, str):
            yield Problem(f"{line}: {file}")
            continue
        if file.name in named:
            yield Problem(f"{line}: {file.name} was named before")
            continue
        named.add(file.name)
        content = (file.sha256, file.size_bytes)
        if content not in contents:
            contents[content] = content_is_wrong(backup, file)
        if contents[content]:
            yield Problem(f"{file.name}: {contents[content]}")


def _left_out(backup: Backup, named: set[str]) -> Iterator[Problem]:
    """What the database names and the list does not, without being known for lost."""
    files = backup.description["files"]
    known = {*named, *files.get("lost", []), *files.get("deleted", [])}
    for model, column in file_columns():
        try:
            names = set(dump_values(backup.dump, model._meta.db_table, str(column.column)))
        except (DumpError, OSError, ValueError, IndexError) as error:
            yield Problem(f"the files of {model._meta.verbose_name_plural} are unknown: {error}")
            continue
        for name in sorted(names - known - {""}):
            yield Problem(f"{name}: the database names it, and {FILE_LIST} leaves it out")


def would_be_missing(backup: Backup) -> tuple[list[str], int]:
    """What ``--partial`` would not bring: names of files, and how many lines of the list cannot be
    read. What those name is known only when the database is back."""
    try:
        files, num_bad = readable_files_of(backup.folder)
    except OSError:
        return [], 1
    problems: dict[tuple[str, int], str] = {}
    names: list[str] = []
    for file in files:
        content = (file.sha256, file.size_bytes)
        if content not in problems:
            problems[content] = content_is_wrong(backup, file)
        if problems[content] and not is_stored(file):
            names.append(file.name)
    return sorted(names), num_bad


def content_is_wrong(backup: Backup, file: SavedFile) -> str:
    """Why the content of ``file`` cannot be brought back; empty where it can. Reads all of it."""
    problem = content_problem(backup.files, file.sha256)
    if problem:
        return problem
    path = content_path(backup.files, file.sha256)
    try:
        if path.stat().st_size != file.size_bytes:
            return "its content has not the size that the list says"
        found = sha256_of(path)
    except OSError as error:
        return f"its content cannot be read: {error}"
    return "" if found == file.sha256 else "its content is not what it was"


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

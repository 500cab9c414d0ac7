"""Backups: the database as it was at one moment, and every file that it names.

::

    20261126T024000Z/   backup.json, files.jsonl, database.sqlite3 or database.dump
    files/ab/abcd…      contents by SHA-256, of all backups: what is there is not copied again,
                        but a share of it read again, beside the stored files that have it, and
                        replaced where it is damaged

Workers and visitors go on. Stored files never change under their names, so the database comes
first and the files after; one that was deleted in between is no loss to anybody. What can be
computed again (the cache) is left out, and so are secrets.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Model

from gts.ops.backup_files import (
    CHECK_PERCENT,
    DESCRIPTION,
    FILE_LIST,
    FILES,
    SavedFile,
    check_keep,
    content_path,
    files_of,
    is_stored,
    linked_folder,
    list_is_whole,
    name_problem,
    named_files,
    pool_check,
)
from gts.ops.database_dump import DumpError, Select, dump_name, dumped, extensions
from jobs.pipeline.files import replacing, sha256_of
from jobs.pipeline.versions import VERSION

logger = logging.getLogger(__name__)

FORMAT_VERSION: Final = 1
_NAME: Final = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
_COPY: Final = ".partial"
_COPY_BYTES: Final = 1024 * 1024


class BackupError(Exception):
    """A backup cannot be made or used; the text is for operators."""


@dataclass(slots=True)
class Saved:
    """``lost``: names of files that rows still name, that are missing or not what they were, and
    that are not in this backup. ``not_stored``: of such that are in it, from an earlier one.
    ``deleted``: names in the database as it was saved, that no row has any more and nothing had.
    ``replaced``: names of files whose content was damaged here, and is whole again. ``damaged``:
    what nothing could replace; earlier backups lack it. ``unreadable``: names of earlier backups
    whose list of files is damaged."""

    folder: Path
    num_files: int = 0
    num_copied: int = 0
    copied_bytes: int = 0
    num_read_again: int = 0
    num_contents: int = 0
    lost: list[str] = field(default_factory=list)
    not_stored: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Making:
    """``bad``: contents that are no longer taken for what they are called. ``read``: those whose
    turn it was to be read. ``new``: what to take back when the backup fails."""

    files: Path
    saved: Saved
    bad: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    new: list[Path] = field(default_factory=list)


def backup_make(root: Path, *, check_percent: int = CHECK_PERCENT) -> Saved:
    """A new backup below ``root``. It has its name when all of it is on the disk.

    Reads ``check_percent`` of the bytes of earlier contents again, and replaces what is damaged
    from the storage. Raises ``BackupError``; then nothing of it stays.
    """
    with _locked(root):
        _refuse_links(root)
        _remove_unfinished(root)
        name = _free_name(root)
        partial = root / f".{name}.partial"
        making = _Making(root / FILES, Saved(root / name))
        saved = making.saved
        try:
            partial.mkdir(mode=0o700)
            sizes_bytes = _sizes_bytes(root, saved)
            checked = pool_check(root, sizes_bytes, percent=check_percent)
            saved.num_read_again, saved.num_contents = len(checked.read), checked.num_contents
            making.bad, making.read = checked.damaged, checked.read
            with dumped(partial / dump_name()) as select:
                _save_files(making, partial / FILE_LIST, select)
                _describe(partial, select, saved)
            _finish(partial, saved.folder)
        except (DumpError, sqlite3.Error) as error:
            _take_back(making, partial)
            raise BackupError(f"The database could not be saved: {error}") from error
        except OSError as error:
            _take_back(making, partial)
            raise BackupError(f"The backup could not be written: {error}") from error
        except BaseException:
            _take_back(making, partial)
            raise
        check_keep(root, checked)
        saved.damaged = _names_of(root, making.bad)
    logger.info(
        "backup %s: %d files, %d new (%d bytes), %d lost, %d not stored any more; "
        "%d of %d contents read again, %d replaced, %d damaged",
        saved.folder.name,
        saved.num_files,
        saved.num_copied,
        saved.copied_bytes,
        len(saved.lost),
        len(saved.not_stored),
        saved.num_read_again,
        saved.num_contents,
        len(saved.replaced),
        len(saved.damaged),
    )
    return saved


def backups_list(root: Path) -> list[Path]:
    """Finished backups, the oldest first."""
    if not root.is_dir():
        return []
    found = [path for path in root.iterdir() if _NAME.fullmatch(path.name)]
    return sorted(path for path in found if (path / DESCRIPTION).is_file())


def backups_trim(root: Path, *, keep: int) -> tuple[int, int]:
    """Forget all but the newest ``keep``, and contents that none of these names.

    Returns how many backups and how many contents went. Raises ``BackupError`` where the list of
    one that stays is damaged: which contents it names is not known, so all stay.
    """
    if keep < 1:
        raise ValueError("one backup stays")
    with _locked(root):
        _refuse_links(root)
        old = backups_list(root)[:-keep]
        for folder in old:
            folder.unlink() if folder.is_symlink() else shutil.rmtree(folder)
        for folder in backups_list(root):
            if not list_is_whole(folder):
                raise BackupError(f"{folder / FILE_LIST} is damaged: no content was deleted.")
        named = {file.sha256 for folder in backups_list(root) for file in files_of(folder)}
        num_gone = 0
        for path in (root / FILES).glob("??/*"):
            if path.name not in named:
                path.unlink()
                num_gone += 1
    return len(old), num_gone


def _describe(folder: Path, select: Select, saved: Saved) -> None:
    dump = folder / dump_name()
    description = {
        "format_version": FORMAT_VERSION,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "database": {
            "vendor": connection.vendor,
            "file": dump.name,
            "sha256": sha256_of(dump),
            "extensions": extensions(),
            "migrations": sorted(select("SELECT app, name FROM django_migrations")),
        },
        "files": {
            "file": FILE_LIST,
            "sha256": sha256_of(folder / FILE_LIST),
            # What the database names and the list does not.
            "lost": saved.lost,
            "deleted": saved.deleted,
        },
        "gts": VERSION,
        "django": version("django"),
    }
    _write(folder / DESCRIPTION, json.dumps(description, indent=1).encode())
    _sync(dump)


def _save_files(making: _Making, listing: Path, select: Select) -> None:
    seen: set[str] = set()
    left: list[tuple[type[Model], Any, str, str]] = []
    saved = making.saved
    with open(listing, "w", encoding="utf-8") as lines:

        def add(file: SavedFile) -> None:
            lines.write(json.dumps(asdict(file)) + "\n")
            saved.num_files += 1

        for model, pk, name, sha256 in named_files(select):
            if name in seen:
                continue
            seen.add(name)
            if name_problem(name):  # no storage has it
                left.append((model, pk, name, ""))
                continue
            file = _known(making, name, sha256)
            if file is None:
                file = _copied(making, name, sha256)
            elif not is_stored(file, is_read=sha256 in making.read):
                file = None
            if file is None:
                left.append((model, pk, name, sha256))
            else:
                add(file)
        for model, pk, name, sha256 in left:
            # An earlier backup may have it, or of two names for one content the other.
            file = _known(making, name, sha256)
            if file is not None:
                add(file)
            if _is_still_named(model, pk):
                (saved.lost if file is None else saved.not_stored).append(name)
            elif file is None:
                saved.deleted.append(name)
        lines.flush()
        os.fsync(lines.fileno())


def _is_still_named(model: type[Model], pk: Any) -> bool:
    """Now, and not in the snapshot. On PostgreSQL that needs a connection of its own."""
    if connection.vendor == "sqlite":
        return model._base_manager.filter(pk=pk).exists()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            table, column = model._meta.db_table, model._meta.pk.column
            cursor.execute(f'SELECT 1 FROM "{table}" WHERE "{column}" = %s', [pk])
            return cursor.fetchone() is not None
    finally:
        other.close()


def _known(making: _Making, name: str, sha256: str) -> SavedFile | None:
    """A content that is here already, and is not known to be damaged."""
    if not sha256 or sha256 in making.bad:
        return None
    known = content_path(making.files, sha256)
    return SavedFile(name, sha256, known.stat().st_size) if known.is_file() else None


def _copied(making: _Making, name: str, sha256: str) -> SavedFile | None:
    """None: it is not there, or not what it was."""
    files, saved = making.files, making.saved
    partial = files / _COPY
    files.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    try:
        with default_storage.open(name, "rb") as source, open(partial, "wb") as copy:
            while chunk := source.read(_COPY_BYTES):
                digest.update(chunk)
                copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())
    except FileNotFoundError:
        partial.unlink(missing_ok=True)
        return None
    found = digest.hexdigest()
    if sha256 and found != sha256:
        partial.unlink()
        return None
    target = content_path(files, found)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    size_bytes = partial.stat().st_size
    if found in making.bad:
        making.bad.discard(found)
        saved.replaced.append(name)
    elif not target.exists():
        making.new.append(target)
    os.replace(partial, target)
    saved.num_copied += 1
    saved.copied_bytes += size_bytes
    return SavedFile(name, found, size_bytes)


def _sizes_bytes(root: Path, saved: Saved) -> dict[str, int]:
    """Of each content that an earlier backup names, as far as their lists can be read."""
    sizes: dict[str, int] = {}
    for folder in backups_list(root):
        if list_is_whole(folder):
            sizes |= {file.sha256: file.size_bytes for file in files_of(folder)}
        else:
            saved.unreadable.append(folder.name)
    return sizes


def _names_of(root: Path, bad: set[str]) -> list[str]:
    """Where the contents belong: names in the storage, each with the newest backup that has it."""
    names: dict[tuple[str, str], str] = {}
    if bad:
        for folder in filter(list_is_whole, backups_list(root)):
            found = (file for file in files_of(folder) if file.sha256 in bad)
            names |= {(file.sha256, file.name): f"{file.name} (of {folder.name})" for file in found}
    return sorted(names.values())  # what no backup names is missed by none


def _take_back(making: _Making, partial: Path) -> None:
    """What a backup has written that will not be finished. What it has replaced stays."""
    for folder in (partial, making.saved.folder):
        shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        (making.files / _COPY).unlink(missing_ok=True)
        for path in making.new:
            path.unlink(missing_ok=True)
        # Those that are not empty stay.
        for folder in (*making.files.glob("??"), making.files):
            with suppress(OSError):
                folder.rmdir()


def _finish(partial: Path, folder: Path) -> None:
    for path in (*(folder.parent / FILES).glob("??"), partial):
        _sync(path)
    os.rename(partial, folder)
    _sync(folder.parent)


def _refuse_links(root: Path) -> None:
    """Raises ``BackupError``."""
    linked = linked_folder(root)
    if linked is not None:
        raise BackupError(
            f"{linked} is a link: a backup has its contents itself. Put the folder it leads to in "
            "its place, or take another folder for backups."
        )


def _free_name(root: Path) -> str:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    names = (stamp if number == 1 else f"{stamp}-{number}" for number in range(1, 1000))
    return next(name for name in names if not (root / name).exists())


def _remove_unfinished(root: Path) -> None:
    for path in root.glob(".*.partial"):
        shutil.rmtree(path)
    (root / FILES / _COPY).unlink(missing_ok=True)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """One at a time. Raises ``BackupError``."""
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = open(root / ".lock", "a")  # noqa: SIM115 - closed below
    except OSError as error:
        raise BackupError(f"{root} cannot be written to: {error}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BackupError(f"Another backup is being made in {root}.") from error
        yield


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

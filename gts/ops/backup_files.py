"""Files of backups: their contents by SHA-256, and the storage that they come from.

All backups that lie together share contents. Disks rot, and a content is copied once and trusted by
every later backup, so each backup reads a share of them again, going on where the one before has
stopped; that one is missing or has another length is seen every time.

Of the storage: which files rows name, and whether one is what a backup says of it.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Field, FileField, Model

from gts.ops.database_dump import Select
from jobs.pipeline.files import sha256_of
from shootouts.models import CachedAudio

FILES: Final = "files"
DESCRIPTION: Final = "backup.json"
FILE_LIST: Final = "files.jsonl"
# Of the bytes, each time: daily backups have read all of them within a week.
CHECK_PERCENT: Final = 15
_LAST_READ: Final = ".last-read"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
# Of a key in a bucket, and of a name in a folder.
_MAX_NAME_BYTES: Final = 1024
_MAX_PART_BYTES: Final = 255
_MAX_SHOWN_CHARS: Final = 80
# In no backup: rows of these find out by themselves that their file is gone.
COMPUTED_AGAIN: Final[tuple[type[Model], ...]] = (CachedAudio,)
_READ_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SavedFile:
    """``name``: in the storage."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(slots=True)
class PoolCheck:
    """``read``: SHA-256 of contents that were read; ``damaged``: of those that are missing or not
    what they were. ``last_read``: where the next check goes on."""

    num_contents: int = 0
    read: set[str] = field(default_factory=set)
    read_bytes: int = 0
    damaged: set[str] = field(default_factory=set)
    last_read: str = ""


def content_path(files: Path, sha256: str) -> Path:
    return files / sha256[:2] / sha256


def content_problem(files: Path, sha256: str) -> str:
    """Why the content cannot be one of a backup, seen without reading it; empty where it can.

    A link would show what lies elsewhere, in the storage perhaps, and is gone with it.
    """
    path = content_path(files, sha256)
    for part in (files, path.parent, path):
        if part.is_symlink():
            return f"{part} is a link, and not what a backup has itself"
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        return f"its content cannot be read: {error}"
    return "" if stat.S_ISREG(mode) else f"{path} is no file"


def linked_folder(root: Path) -> Path | None:
    """A folder of contents that is a link: what is written or deleted there is elsewhere."""
    files = root / FILES
    return next((path for path in (files, *sorted(files.glob("??"))) if path.is_symlink()), None)


def name_problem(name: str) -> str:
    """Why no storage takes ``name``, or none but outside of its folder; empty where it may."""
    try:
        size_bytes = len(name.encode())
        longest_bytes = max(len(part.encode()) for part in name.split("/"))
    except UnicodeEncodeError:
        return "is no text"
    if not name:
        return "is empty"
    if any(unicodedata.category(char) == "Cc" for char in name):
        return "has control characters"
    if name.startswith("/") or "\\" in name:
        return "is no name below the folder of the storage"
    if not {"", ".", ".."}.isdisjoint(name.split("/")):
        return "leads out of the folder of the storage, or is not in its shortest form"
    if size_bytes > _MAX_NAME_BYTES or longest_bytes > _MAX_PART_BYTES:
        return "is too long"
    return ""


def numbered_files_of(folder: Path) -> Iterator[tuple[int, SavedFile | str]]:
    """Each line of the list with its number: the file, or why it is none. Raises ``OSError``."""
    with open(folder / FILE_LIST, encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield number, _checked(json.loads(line))
            except (json.JSONDecodeError, RecursionError):
                yield number, "cannot be read"
            except ValueError as error:
                yield number, str(error)


def files_of(folder: Path) -> Iterator[SavedFile]:
    """What a backup says that it has. Raises ``ValueError`` where that is damaged, ``OSError``."""
    for number, file in numbered_files_of(folder):
        if isinstance(file, str):
            raise ValueError(f"{folder / FILE_LIST}, line {number}: {file}")
        yield file


def readable_files_of(folder: Path) -> tuple[list[SavedFile], int]:
    """Of a list that is damaged the lines that can be read, and how many cannot."""
    found: dict[str, SavedFile] = {}
    num_bad = 0
    for _, file in numbered_files_of(folder):
        if isinstance(file, str):
            num_bad += 1
        else:
            found.setdefault(file.name, file)
    return list(found.values()), num_bad


def _checked(line: Any) -> SavedFile:
    if not isinstance(line, dict) or set(line) != {"name", "sha256", "size_bytes"}:
        raise ValueError("is not a line of a list of files")
    name, sha256, size_bytes = line["name"], line["sha256"], line["size_bytes"]
    if not isinstance(name, str) or not isinstance(sha256, str):
        raise ValueError("is not a line of a list of files")
    if problem := name_problem(name):
        raise ValueError(f"the name {name[:_MAX_SHOWN_CHARS]!r} {problem}")
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"the hash of {name} is none")
    if type(size_bytes) is not int or size_bytes < 0:
        raise ValueError(f"the size of {name} is none")
    return SavedFile(name, sha256, size_bytes)


def list_is_whole(folder: Path) -> bool:
    """Whether the list of files is what it was when the backup was made."""
    try:
        description = json.loads((folder / DESCRIPTION).read_bytes())
        return bool(description["files"]["sha256"] == sha256_of(folder / FILE_LIST))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def pool_check(root: Path, sizes_bytes: Mapping[str, int], *, percent: int) -> PoolCheck:
    """Look at every content, and read ``percent`` of their bytes (0: none, 100: all).

    ``sizes_bytes``: of each content that a backup below ``root`` names.
    """
    files = root / FILES
    checked = PoolCheck(last_read=_last_read(root))
    there: dict[str, int] = {}
    for path in sorted(files.glob("??/*")):
        there[path.name] = path.lstat().st_size
        if content_problem(files, path.name):
            checked.damaged.add(path.name)
    checked.num_contents = len(there)
    for sha256, size_bytes in sizes_bytes.items():
        if there.get(sha256) != size_bytes:
            checked.damaged.add(sha256)
    to_read_bytes = sum(there.values()) * percent / 100
    names = sorted(there)
    turned = [name for name in names if name > checked.last_read]
    turned += [name for name in names if name <= checked.last_read]
    for name in turned if percent else ():
        if checked.read and checked.read_bytes >= to_read_bytes:
            break
        if name not in checked.damaged and not _is_whole(files, name):
            checked.damaged.add(name)
        checked.read.add(name)
        checked.read_bytes += there[name]
        checked.last_read = name
    return checked


def check_keep(root: Path, checked: PoolCheck) -> None:
    """Let the next one go on from here. Only for speed: it is not synced."""
    with suppress(OSError):
        (root / _LAST_READ).write_text(checked.last_read)


def _last_read(root: Path) -> str:
    try:
        return (root / _LAST_READ).read_text(errors="replace").strip()
    except OSError:
        return ""


def _is_whole(files: Path, sha256: str) -> bool:
    try:
        return sha256_of(content_path(files, sha256)) == sha256
    except OSError:  # a sector that cannot be read
        return False


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

"""Contents of backups by their SHA-256, shared by all that lie together: read again in turn.

Disks rot. A content is copied once and trusted by every later backup, so each backup reads a share
of them again, going on where the one before has stopped; that one is missing or has another length
is seen every time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from jobs.pipeline.files import sha256_of

FILES: Final = "files"
DESCRIPTION: Final = "backup.json"
FILE_LIST: Final = "files.jsonl"
# Of the bytes, each time: daily backups have read all of them within a week.
CHECK_PERCENT: Final = 15
_LAST_READ: Final = ".last-read"


@dataclass(frozen=True, slots=True)
class SavedFile:
    """``name``: in the storage."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(slots=True)
class PoolCheck:
    """``damaged``: SHA-256 of contents that are missing or not what they were. ``last_read``: where
    the next check goes on."""

    num_contents: int = 0
    num_read: int = 0
    read_bytes: int = 0
    damaged: set[str] = field(default_factory=set)
    last_read: str = ""


def content_path(files: Path, sha256: str) -> Path:
    return files / sha256[:2] / sha256


def files_of(folder: Path) -> Iterator[SavedFile]:
    """What a backup says that it has. Raises ``ValueError``, ``TypeError`` where it is damaged."""
    with open(folder / FILE_LIST, encoding="utf-8") as lines:
        for line in lines:
            yield SavedFile(**json.loads(line))


def readable_files_of(folder: Path) -> tuple[list[SavedFile], int]:
    """Of a list that is damaged the lines that can be read, and how many cannot."""
    found: list[SavedFile] = []
    num_bad = 0
    with open(folder / FILE_LIST, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                found.append(_checked(json.loads(line)))
            except (ValueError, TypeError, KeyError):
                num_bad += 1
    return found, num_bad


def _checked(line: Mapping[str, Any]) -> SavedFile:
    file = SavedFile(str(line["name"]), str(line["sha256"]), int(line["size_bytes"]))
    if len(file.sha256) != 64 or int(file.sha256, 16) < 0 or "\x00" in file.name:
        raise ValueError("not a line of a list of files")
    return file


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
        there[path.name] = path.stat().st_size
    checked.num_contents = len(there)
    for sha256, size_bytes in sizes_bytes.items():
        if there.get(sha256) != size_bytes:
            checked.damaged.add(sha256)
    to_read_bytes = sum(there.values()) * percent / 100
    names = sorted(there)
    turned = [name for name in names if name > checked.last_read]
    turned += [name for name in names if name <= checked.last_read]
    for name in turned if percent else ():
        if checked.num_read and checked.read_bytes >= to_read_bytes:
            break
        if not _is_whole(files, name):
            checked.damaged.add(name)
        checked.num_read += 1
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

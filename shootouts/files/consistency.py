"""Whether stored files and rows agree: files that nothing names, and files that have changed.

A file is an orphan, left by a process that was killed between file and row, when it is older than a
grace time, lies in a folder whose files always have a row, and no row and no manifest names it.
Names are asked for after the files were listed, so a row that is just being written is seen. A name
that was once free is never used again by new uploads or results, so what is an orphan stays one.

Whether files are still what they were when they were stored is told by their SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any, Final, TypeVar
from uuid import UUID

from django.apps import apps
from django.core.files.storage import default_storage
from django.db.models import FileField, QuerySet

from gear.models import Capture
from jobs.files.storage import ListedFile, delete_stored, media_store
from jobs.models import Job
from shootouts.job_kinds import IMPORT_SHOOTOUT
from shootouts.models import DITrack, Manifest, RenderedFile, Segment, Shootout

# Whatever else lies in the storage is not ours to judge.
FOLDERS: Final = (".health", "cache", "captures", "di", "imports", "previews", "renders", "uploads")
_AT_ONCE: Final = 500
_READ_BYTES: Final = 1024 * 1024
_UUID_CHARS: Final = 36

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Orphan:
    name: str
    size_bytes: int


@dataclass(slots=True)
class OrphanSearch:
    """``num_files``: all that were looked at; ``num_young``: unnamed, but within the grace time."""

    num_files: int = 0
    num_young: int = 0
    orphans: list[Orphan] = field(default_factory=list)

    @property
    def size_bytes(self) -> int:
        return sum(orphan.size_bytes for orphan in self.orphans)


def orphans_find(*, older_than: datetime) -> OrphanSearch:
    """Look through the storage. Memory grows with the orphans, not with the files."""
    search = OrphanSearch()
    store = media_store()
    for batch in _in_batches(file for folder in FOLDERS for file in store.files_below(folder)):
        search.num_files += len(batch)
        names = {file.name: file for file in batch}
        for name in sorted(names.keys() - _named_by_rows(names)):
            _note(search, names[name], older_than)
    named = _named_elsewhere({orphan.name for orphan in search.orphans})
    search.orphans = [orphan for orphan in search.orphans if orphan.name not in named]
    return search


def orphans_delete(search: OrphanSearch) -> int:
    """Delete what was found, unless a row has come to name it. Returns how many went."""
    num_gone = 0
    for names in _in_batches(orphan.name for orphan in search.orphans):
        unnamed = set(names) - _named_by_rows(names)
        for name in unnamed:
            delete_stored(name)
        num_gone += len(unnamed)
    return num_gone


def _note(search: OrphanSearch, file: ListedFile, older_than: datetime) -> None:
    if file.modified_at >= older_than:
        search.num_young += 1
    else:
        search.orphans.append(Orphan(file.name, file.size_bytes))


def _in_batches(items: Iterable[T]) -> Iterator[list[T]]:
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _named_by_rows(names: Collection[str]) -> set[str]:
    """Those that a file field of any row of any app holds."""
    named: set[str] = set()
    for model in apps.get_models():
        for column in model._meta.get_fields():
            if isinstance(column, FileField):
                rows = model._base_manager.filter(**{f"{column.name}__in": names})
                named.update(rows.values_list(column.name, flat=True))
    return named


def _named_elsewhere(names: set[str]) -> set[str]:
    """Those that are written down inside of JSON: sources of segments, media of manifests, archives
    that wait for their job."""
    named: set[str] = set()
    if any(not name.startswith("renders/") for name in names):
        for sources in Segment.objects.values_list("sources", flat=True).iterator(_AT_ONCE):
            named.update(names.intersection(sources.values()))
    if any(name.startswith("imports/") for name in names):
        waiting = Job.objects.active().filter(kind=IMPORT_SHOOTOUT)
        named.update(names.intersection(waiting.values_list("payload__archive", flat=True)))
    by_shootout: dict[str, set[str]] = {}
    for name in names:
        parts = PurePosixPath(name).parts
        if parts[0] == "renders" and len(parts) > 2:
            by_shootout.setdefault(parts[1], set()).add(name)
    for shootout_id, files in by_shootout.items():
        named |= _named_by_manifests(shootout_id, files)
    return named


def _named_by_manifests(shootout_id: str, names: set[str]) -> set[str]:
    """A manifest names media by id: the beginning of the file's name. The row of the id decides
    which file that is; if there is none, any may be.
    """
    if _uuid(shootout_id) is None:
        return set()
    ids = {name: _uuid(PurePosixPath(name).name[:_UUID_CHARS]) for name in names}
    with_row = set(
        RenderedFile.objects.filter(
            uuid__in=[media_id for media_id in ids.values() if media_id is not None]
        ).values_list("uuid", flat=True)
    )
    texts: set[str] = set()
    manifests = Manifest.objects.filter(render__shootout__uuid=shootout_id)
    for data in manifests.values_list("data", flat=True).iterator(10):
        texts.update(_texts(data))
    return {
        name
        for name, media_id in ids.items()
        if name in texts
        or PurePosixPath(name).name in texts
        or (media_id not in with_row and str(media_id) in texts)
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _texts(data: Any) -> Iterator[str]:
    """Every text in a JSON document."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)


class FileState(StrEnum):
    WHOLE = "whole"
    CHANGED = "changed"
    MISSING = "missing"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class FileCheck:
    """``what``: the kind of row, for people; ``name``: its storage name."""

    what: str
    label: str
    name: str
    state: FileState


def verify_media(shootout: Shootout | None = None) -> Iterator[FileCheck]:
    """Read every published file, capture and DI track from the storage, one after the other.

    Of one ``shootout``: what all of its renders have published, and those of their sources whose
    rows still exist. Memory does not grow with files or rows.
    """
    files = RenderedFile.objects.order_by("pk")
    captures: QuerySet[Capture] = Capture.objects.with_file().order_by("pk")
    tracks: QuerySet[DITrack] = DITrack.objects.order_by("pk")
    if shootout is not None:
        files = files.filter(render__shootout=shootout)
        digests, names = _sources_of(shootout)
        captures = captures.filter(sha256__in=digests, file__in=names)
        tracks = tracks.filter(sha256__in=digests, file__in=names)
    for file in files.iterator(_AT_ONCE):
        state = _look_at(file.file.name or "", file.sha256)
        yield FileCheck(file.kind, file.name, file.file.name or "", state)
    for capture in captures.select_related("gear").iterator(_AT_ONCE):
        state = _look_at(capture.file.name or "", capture.sha256)
        yield FileCheck("capture", str(capture.gear), capture.file.name or "", state)
    for track in tracks.iterator(_AT_ONCE):
        state = _look_at(track.file.name or "", track.sha256)
        yield FileCheck("di track", track.name, track.file.name or "", state)


def _sources_of(shootout: Shootout) -> tuple[set[str], set[str]]:
    """SHA-256 and storage names of what its segments were made from."""
    digests: set[str] = set()
    names: set[str] = set()
    segments = Segment.objects.filter(render__shootout=shootout)
    for sources in segments.values_list("sources", flat=True).iterator(_AT_ONCE):
        digests.update(sources.keys())
        names.update(sources.values())
    return digests, names


def _look_at(name: str, sha256: str) -> FileState:
    digest = hashlib.sha256()
    try:
        with default_storage.open(name, "rb") as file:
            while chunk := file.read(_READ_BYTES):
                digest.update(chunk)
    except FileNotFoundError:
        return FileState.MISSING
    except OSError:
        return FileState.UNREADABLE
    return FileState.WHOLE if digest.hexdigest() == sha256 else FileState.CHANGED

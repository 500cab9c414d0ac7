"""Are stored files still what they were when they were stored? Compared by SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.core.files.storage import default_storage
from django.db.models import QuerySet

from gear.models import Capture
from shootouts.models import DITrack, RenderedFile, Segment, Shootout

_READ_BYTES = 1024 * 1024
_ROWS_AT_ONCE = 500


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
    for file in files.iterator(_ROWS_AT_ONCE):
        state = _look_at(file.file.name or "", file.sha256)
        yield FileCheck(file.kind, file.name, file.file.name or "", state)
    for capture in captures.select_related("gear").iterator(_ROWS_AT_ONCE):
        state = _look_at(capture.file.name or "", capture.sha256)
        yield FileCheck("capture", str(capture.gear), capture.file.name or "", state)
    for track in tracks.iterator(_ROWS_AT_ONCE):
        state = _look_at(track.file.name or "", track.sha256)
        yield FileCheck("di track", track.name, track.file.name or "", state)


def _sources_of(shootout: Shootout) -> tuple[set[str], set[str]]:
    """SHA-256 and storage names of what its segments were made from."""
    digests: set[str] = set()
    names: set[str] = set()
    segments = Segment.objects.filter(render__shootout=shootout)
    for sources in segments.values_list("sources", flat=True).iterator(_ROWS_AT_ONCE):
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

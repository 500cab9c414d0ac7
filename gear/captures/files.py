"""The files of captures: which are taken in, and that none is left when its row goes.

Equal content from Tone 3000 is stored once, no matter who has it. Rows stay apart, so no one sees
more than their own; only the bytes are in one place.
"""

from __future__ import annotations

import contextlib
import hashlib
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final
from uuid import UUID

from django.core.files import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction

from gear.models import Capture
from gear.models.item import CaptureFormat, GearKind
from gear.text import clean_text
from gts.web.errors import ErrorDetail, UnsupportedMediaError
from jobs.files.storage import delete_stored
from jobs.pipeline.nam.document import foreign_format_of, foreign_message

# What kind of gear is captured by what kind of file.
FORMAT_OF_KIND: Final[dict[str, CaptureFormat]] = {
    kind: CaptureFormat.IR if kind.is_ir else CaptureFormat.NAM for kind in GearKind
}

_SUFFIXES: Final = {
    CaptureFormat.NAM: (".nam",),
    CaptureFormat.IR: (".wav", ".aif", ".aiff", ".flac"),
}
_NAMES: Final = {
    CaptureFormat.NAM: "a .nam file",
    CaptureFormat.IR: "an impulse response as .wav, .aif or .flac file",
}
_HEAD_BYTES: Final = 4096
# Captures of other programs; they are looked into to say what they are.
FOREIGN_SUFFIXES: Final = (".json", ".aidax", ".aida", ".proteus", ".snapshot", ".aasnapshot")
_MAX_FOREIGN_BYTES: Final = 8 * 1024**2


def kind_of_file(file_name: str) -> GearKind:
    """What a file is taken for by its suffix, until its owner or the file itself says more."""
    suffix = PurePosixPath(file_name.lower()).suffix
    return GearKind.CAB if suffix in _SUFFIXES[CaptureFormat.IR] else GearKind.AMP


def upload_suffix(upload: File[bytes], capture_format: CaptureFormat) -> str:
    """The suffix of an upload that looks like what it says it is; the worker looks closer.

    Raises ``UnsupportedMediaError`` CAPTURE_FORMAT_UNSUPPORTED for a capture of another program,
    FILE_TYPE_UNSUPPORTED for another suffix, and FILE_NOT_WHAT_IT_SAYS when the first bytes belong
    to another kind of file.
    """
    suffix = PurePosixPath((upload.name or "").lower()).suffix
    if suffix in FOREIGN_SUFFIXES:
        foreign = foreign_format_of(upload.read(_MAX_FOREIGN_BYTES))
        upload.seek(0)
        if foreign:
            raise _unsupported("CAPTURE_FORMAT_UNSUPPORTED", foreign_message(foreign))
    if suffix not in _SUFFIXES[capture_format]:
        raise _unsupported("FILE_TYPE_UNSUPPORTED", f"This takes {_NAMES[capture_format]}.")
    head = upload.read(_HEAD_BYTES)
    upload.seek(0)
    if not _has_magic(head, suffix):
        raise _unsupported(
            "FILE_NOT_WHAT_IT_SAYS", f"The content of this file is not that of a {suffix} file."
        )
    return suffix


def _unsupported(code: str, message: str) -> UnsupportedMediaError:
    return UnsupportedMediaError(message, code=code, details=[ErrorDetail("/file", code, message)])


def _has_magic(head: bytes, suffix: str) -> bool:
    match suffix:
        case ".nam":  # JSON with an object on top
            return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"
        case ".wav":
            return head[:4] in (b"RIFF", b"RIFX", b"RF64") and head[8:12] == b"WAVE"
        case ".aif" | ".aiff":
            return head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC")
        case _:
            return head[:4] == b"fLaC" or head[:3] == b"ID3"


def upload_name(upload: UploadedFile[bytes]) -> str:
    """The name the file came with: one line, as long as fits."""
    return clean_text(upload.name or "")[:200] or "capture"


def folder_of(capture_id: UUID) -> str:
    """One folder per capture, so that a file belongs to one row and goes with it."""
    return f"captures/{capture_id}"


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


def delete_file_with_row(sender: type[Capture], instance: Capture, **_: Any) -> None:
    """Connected to ``post_delete``: rows go by cascades and the admin too, not only by services."""
    # The rows are gone whatever the storage answers.
    transaction.on_commit(partial(delete_unused, instance.file.name or ""), robust=True)


@transaction.atomic
def delete_unused(name: str) -> None:
    """Delete a file, and the folder it was alone in, unless a row has it."""
    if not name:
        return
    # Or someone could make a row for it between the question and the deed.
    lock_name(name)
    if Capture.objects.filter(file=name).exists():
        return
    delete_stored(name)
    # The folder that was made for it. Object stores have none; one with other files stays.
    with contextlib.suppress(OSError, NotImplementedError):
        folder = PurePosixPath(name).parent
        if folder.parent != folder and len(folder.parts) > 1:
            default_storage.delete(str(folder))

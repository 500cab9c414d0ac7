"""Between Django's storage, which may be on another host, and the local files of the pipeline."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db.models.fields.files import FieldFile

from accounts.errors import InvalidInputError, TooLargeError
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.files import sha256_of

_COPY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the storage. ``name`` is its storage name, never a local path."""

    name: str
    sha256: str
    size_bytes: int


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder of one's own for the length of a job; whatever is left in it goes with it."""
    with tempfile.TemporaryDirectory(prefix="gts-") as folder:
        yield Path(folder)


def fetch_file(name: str, folder: Path, *, suffix: str = "") -> Path:
    """A local path with the content of the stored file ``name``.

    The file itself when the storage is on this machine, else a copy in ``folder``. Read only.
    Raises ``PipelineError`` FILE_MISSING (permanent) when the storage does not have it.
    """
    try:
        path = Path(default_storage.path(name))
    except NotImplementedError:
        pass
    else:
        if not path.is_file():
            raise _missing(name)
        return path
    target = folder / (
        hashlib.sha256(name.encode()).hexdigest()[:24] + (suffix or Path(name).suffix)
    )
    if target.exists():
        return target
    partial = target.with_name(target.name + ".partial")
    try:
        with default_storage.open(name, "rb") as source, open(partial, "wb") as copy:
            while chunk := source.read(_COPY_BYTES):
                copy.write(chunk)
    except FileNotFoundError as error:
        raise _missing(name) from error
    partial.replace(target)
    return target


def _missing(name: str) -> PipelineError:
    return PipelineError("FILE_MISSING", "A file this needs is no longer there.", detail=name)


def store_local_file(path: Path, name: str) -> StoredFile:
    """Copy a finished local file into the storage under exactly ``name``, or a free one near it."""
    sha256, size_bytes = sha256_of(path), path.stat().st_size
    with open(path, "rb") as file:
        stored_name = default_storage.save(name, File(file))
    return StoredFile(name=stored_name, sha256=sha256, size_bytes=size_bytes)


def check_upload_size(upload: UploadedFile[bytes], *, max_bytes: int) -> None:
    """Raises ``TooLargeError`` or ``InvalidInputError`` EMPTY_FILE."""
    if upload.size is None or upload.size > max_bytes:
        raise TooLargeError(f"The file is larger than {max_bytes // (1024 * 1024)} MB.")
    if upload.size == 0:
        raise InvalidInputError("The file is empty.", code="EMPTY_FILE")


def store_upload(
    upload: UploadedFile[bytes], *, folder: str, suffix: str, max_bytes: int
) -> StoredFile:
    """Stream an upload into the storage under ``folder/<sha256><suffix>``.

    Raises ``TooLargeError`` or ``InvalidInputError`` EMPTY_FILE before anything is written.
    """
    check_upload_size(upload, max_bytes=max_bytes)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    sha256 = digest.hexdigest()
    name = f"{folder}/{sha256}{suffix}"
    if not default_storage.exists(name):
        name = default_storage.save(name, upload)
    return StoredFile(name=name, sha256=sha256, size_bytes=upload.size or 0)


def stored_name(file: FieldFile) -> str:
    """The storage name of a file field. Raises ``ValueError`` when it holds no file."""
    if not file.name:
        raise ValueError("this row has no file")
    return file.name


def delete_stored(name: str) -> None:
    """Delete a stored file; one that is not there is fine. Call after the commit."""
    if name:
        default_storage.delete(name)

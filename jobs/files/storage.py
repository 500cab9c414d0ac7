"""The storage of files: Django's, which may be on another host, and what else GTS asks of one.

``MediaStore`` is what Django's storages cannot do: ``gts.storage.local`` does it with a folder,
``gts.storage.s3`` with a bucket. Both raise what the file system raises: ``FileNotFoundError`` for
what is not there, another ``OSError`` when it cannot be had now. ``fetch_file``,
``store_local_file`` and ``store_upload`` lead from and to the local files of the pipeline.

Unfinished files and folders carry a lock (``in_use``) that the system takes away with their
process, however that ends. So what is there and not locked was left by a process that was killed,
and belongs to no one: ``remove_unused``.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final, Protocol, cast

from django.core.checks import CheckMessage
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db.models.fields.files import FieldFile

from gts.web.errors import InvalidInputError, TooLargeError, UnavailableError
from jobs.pipeline.errors import CancelledError, PipelineError
from jobs.pipeline.files import replacing, sha256_of
from jobs.queue.current_job import cancellation_check
from jobs.queue.failures import failure_from

logger = logging.getLogger(__name__)

CHUNK_BYTES: Final = 256 * 1024  # read at once for a response
_COPY_BYTES: Final = 1024 * 1024
_SCRATCH: Final = "gts-scratch-"


@contextmanager
def in_use(path: Path) -> Iterator[bool]:
    """Keep ``path`` from being taken for a leftover while the block runs.

    The value is False when it was removed before it was locked: make another one.
    """
    with ExitStack() as stack:
        try:
            descriptor = os.open(path, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            with suppress(OSError):  # a file system without locks: there nothing is removed
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            is_there = os.path.samestat(os.stat(path), os.fstat(descriptor))
        except FileNotFoundError:
            is_there = False
        yield is_there


def remove_unused(paths: Iterable[Path]) -> int:
    """Delete those files and folders of ours that no living process uses. Returns how many."""
    num_removed = 0
    for path in paths:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            continue  # gone meanwhile, or not ours to read
        try:
            if os.fstat(descriptor).st_uid == os.getuid():
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(path)
                num_removed += 1
        except OSError as error:
            logger.debug("%s stays: %s", path, error)
        finally:
            os.close(descriptor)
    return num_removed


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


@dataclass(frozen=True, slots=True)
class ListedFile:
    name: str
    size_bytes: int
    modified_at: datetime


class MediaStore(Protocol):
    def files_below(self, folder: str) -> Iterator[ListedFile]:
        """Every file in a folder and its folders, in no certain order; none if it is not there."""

    async def open_range(self, name: str, start: int, length: int) -> AsyncIterator[bytes]:
        """``length`` bytes from ``start``, read as they are asked for.

        Raises before anything is sent; later an ``OSError`` when they do not all come. Anyone who
        stops asking leaves nothing open.
        """

    def link(self, name: str, *, content_type: str, disposition: str) -> str | None:
        """An address that is good for a short while and for this file; None: this has none."""

    def start_problems(self) -> list[CheckMessage]:
        """Why GTS should not start with it, and what else is worth saying."""

    def look(self) -> None:
        """Raises ``OSError`` when it is away, full or read-only, as far as that can be seen
        without writing to it."""

    def remove_stale_uploads(self, *, older_than: datetime) -> int:
        """Take away what unfinished uploads have left in the storage. Returns how many."""


def media_store() -> MediaStore:
    return cast(MediaStore, default_storage)


async def file_chunks(file: IO[bytes], start: int, length: int) -> AsyncIterator[bytes]:
    """``length`` bytes of an open file from ``start``, read beside the event loop; closes it."""
    try:
        await asyncio.to_thread(file.seek, start)
        while length > 0:
            chunk = await asyncio.to_thread(file.read, min(CHUNK_BYTES, length))
            if not chunk:
                raise OSError("a file ended before its end")
            length -= len(chunk)
            yield chunk
    finally:
        await asyncio.to_thread(file.close)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the storage. ``name`` is its storage name, never a local path."""

    name: str
    sha256: str
    size_bytes: int


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder of one's own for the length of a job; whatever is left in it goes with it."""
    is_mine = False
    while not is_mine:
        with (
            tempfile.TemporaryDirectory(prefix=_SCRATCH, ignore_cleanup_errors=True) as name,
            in_use(Path(name)) as is_mine,
        ):
            if is_mine:
                yield Path(name)


def remove_orphaned_scratch_files() -> int:
    """Delete the scratch folders of processes of this machine that were killed."""
    return remove_unused(Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*"))


def fetch_file(name: str, folder: Path, *, suffix: str = "", sha256: str = "") -> Path:
    """A local path with the content of the stored file ``name``.

    The file itself when the storage is on this machine, else a copy in ``folder``. Read only.
    Where ``sha256`` is given, it is that, or FILE_DAMAGED. Raises ``PipelineError``:
    FILE_MISSING and FILE_DAMAGED (permanent), STORAGE_UNAVAILABLE (temporary), and ``OSError``.
    """
    try:
        path = Path(default_storage.path(name))
    except NotImplementedError:
        pass
    else:
        if not path.is_file():
            raise _missing(name)
        if sha256 and sha256_of(path, between=cancellation_check()) != sha256:
            raise _damaged(name)
        return path
    target = folder / (
        hashlib.sha256(name.encode()).hexdigest()[:24] + (suffix or Path(name).suffix)
    )
    if target.exists():
        return target
    try:
        with replacing(target, is_lasting=False) as partial:
            _copy(name, partial, sha256)
    except FileNotFoundError as error:
        raise _missing(name) from error
    return target


def _copy(name: str, target: Path, sha256: str) -> None:
    digest, check = hashlib.sha256(), cancellation_check()
    with (
        _talking_to_storage(),
        default_storage.open(name, "rb") as source,
        open(target, "wb") as copy,
    ):
        while chunk := source.read(_COPY_BYTES):
            digest.update(chunk)
            copy.write(chunk)
            check()
    if sha256 and digest.hexdigest() != sha256:
        raise _damaged(name)


@contextmanager
def _talking_to_storage() -> Iterator[None]:
    """One kind of error for whatever a storage raises that is not a file system."""
    try:
        yield
    except (OSError, PipelineError, CancelledError):
        raise
    except Exception as error:
        raise PipelineError(
            "STORAGE_UNAVAILABLE",
            "A file could not be read or written on the server.",
            detail=repr(error),
            is_permanent=False,
        ) from error


def _missing(name: str) -> PipelineError:
    return PipelineError("FILE_MISSING", "A file this needs is no longer there.", detail=name)


def _damaged(name: str) -> PipelineError:
    message = "A file this needs is not what it was when it was stored."
    return PipelineError("FILE_DAMAGED", message, detail=name)


class _CancellableFile(File):  # type: ignore[type-arg]  # not subscriptable when it runs
    """A file whose reading stops when the job it is read for is cancelled."""

    def __init__(self, file: IO[bytes], check: Callable[[], None]) -> None:
        super().__init__(file)
        self._source, self._check = file, check

    def read(self, num_bytes: int = -1) -> bytes:
        self._check()
        return self._source.read(num_bytes)


def store_local_file(path: Path, name: str) -> StoredFile:
    """Copy a finished local file into the storage under exactly ``name``, or a free one near it.

    Raises ``OSError``, or ``PipelineError`` STORAGE_UNAVAILABLE (temporary); ``CancelledError``
    when the job that it is done for is cancelled: then nothing is stored.
    """
    check = cancellation_check()
    sha256, size_bytes = sha256_of(path, between=check), path.stat().st_size
    with open(path, "rb") as file, _talking_to_storage():
        stored_name = default_storage.save(name, _CancellableFile(file, check))
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
    """Stream an upload into the storage under ``folder/<sha256><suffix>``, or a free name near it.

    Raises ``TooLargeError`` or ``InvalidInputError`` EMPTY_FILE before anything is written, and
    ``UnavailableError`` DISK_FULL or STORAGE_UNAVAILABLE.
    """
    check_upload_size(upload, max_bytes=max_bytes)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    sha256 = digest.hexdigest()
    # A file that is there already may be another's to delete: this one is its own.
    name = store_content(upload, f"{folder}/{sha256}{suffix}")
    return StoredFile(name=name, sha256=sha256, size_bytes=upload.size or 0)


def store_content(content: File[bytes], name: str) -> str:
    """Write what a request has brought, under ``name`` or a free name near it, which is returned.

    Raises ``UnavailableError`` DISK_FULL or STORAGE_UNAVAILABLE.
    """
    try:
        with _talking_to_storage():
            return default_storage.save(name, content)
    except (OSError, PipelineError) as error:
        logger.exception("an upload could not be stored")
        failure = failure_from(error)
        raise UnavailableError(f"{failure.message} Try again later.", code=failure.code) from error


def append_stored(name: str, target: IO[bytes]) -> int:
    """Copy a stored file to the end of an open local one. Returns how many bytes that were.

    Raises ``PipelineError`` FILE_MISSING, STORAGE_UNAVAILABLE (temporary), and ``OSError``.
    """
    num_bytes, check = 0, cancellation_check()
    try:
        with _talking_to_storage(), default_storage.open(name, "rb") as source:
            while chunk := source.read(_COPY_BYTES):
                num_bytes += target.write(chunk)
                check()
    except FileNotFoundError as error:
        raise _missing(name) from error
    return num_bytes


def stored_name(file: FieldFile) -> str:
    """The storage name of a file field. Raises ``ValueError`` when it holds no file."""
    if not file.name:
        raise ValueError("this row has no file")
    return file.name


def delete_stored(name: str) -> None:
    """Delete a stored file; one that is not there is fine. Call after the commit.

    A storage that is away keeps it: the rows are gone, and ``prune_media`` finds it later.
    """
    if not name:
        return
    try:
        with _talking_to_storage():
            default_storage.delete(name)
    except (OSError, PipelineError) as error:
        logger.warning("%s could not be deleted and is left to prune_media: %s", name, error)

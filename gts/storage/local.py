"""File storage that never shows half a file."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from django.core.checks import CheckMessage, Error
from django.core.files import File
from django.core.files.storage import FileSystemStorage

from jobs.files.storage import ListedFile, file_chunks, in_use, remove_unused


class AtomicFileSystemStorage(FileSystemStorage):
    """Writes to a temporary name, fsyncs, then renames.

    A crash leaves at most a file in the folder ``.partial``, never a truncated one under its real
    name; ``remove_orphaned_files`` deletes it.
    """

    def _save(self, name: str, content: File[bytes]) -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._partial_file() as file:
            for chunk in content.chunks():
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, target)
        _fsync_directory(target.parent)
        return str(name).replace("\\", "/")

    def files_below(self, folder: str) -> Iterator[ListedFile]:
        try:
            entries = os.scandir(Path(self.location, folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        with entries:
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    yield from self.files_below(name)
                    continue
                try:
                    found = entry.stat()
                except FileNotFoundError:  # its process has just taken it away
                    continue
                yield ListedFile(name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    async def open_range(self, name: str, start: int, length: int) -> AsyncIterator[bytes]:
        return file_chunks(await asyncio.to_thread(self.open, name, "rb"), start, length)

    def link(self, name: str, *, content_type: str, disposition: str) -> str | None:
        return None

    def start_problems(self) -> list[CheckMessage]:
        folder = _nearest_existing(Path(self.location))
        if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
            return []
        return [
            Error(
                f"Uploads and renders cannot be stored: {folder} is not a folder one may write to.",
                hint="Set GTS_DATA_DIR to a folder that belongs to the user who runs GTS.",
                id="gts.E006",
            )
        ]

    def look(self) -> None:
        folder = _nearest_existing(Path(self.location))
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise OSError(errno.EACCES, "not a folder one may write to", str(folder))
        found = os.statvfs(folder)
        if found.f_flag & os.ST_RDONLY:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(folder))
        if found.f_bavail == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))

    def remove_stale_uploads(self, *, older_than: datetime) -> int:
        return 0  # what a killed process has left is known by its lock: remove_orphaned_files()

    def remove_orphaned_files(self) -> int:
        """Delete the unfinished files of processes that were killed."""
        return remove_unused(self._partial_folder.glob("*.partial"))

    @property
    def _partial_folder(self) -> Path:
        # All in one place, where they are found without looking through everything.
        return Path(self.location) / ".partial"

    @contextmanager
    def _partial_file(self) -> Iterator[IO[bytes]]:
        """A file that is gone at the end, unless it got another name."""
        self._partial_folder.mkdir(parents=True, exist_ok=True)
        is_mine = False
        while not is_mine:
            path = self._partial_folder / f"{secrets.token_hex(8)}.partial"
            try:
                with open(path, "xb") as file, in_use(path) as is_mine:
                    if is_mine:
                        yield file
            finally:
                path.unlink(missing_ok=True)


def _nearest_existing(path: Path) -> Path:
    """``path``, or the folder in which it would be made."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _fsync_directory(path: Path) -> None:
    """A rename is only durable once the directory itself is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""What GTS asks of a storage beside what Django's storages can do.

``gts.storage.local`` does it with a folder, ``gts.storage.s3`` with a bucket. Both raise what the
file system raises: ``FileNotFoundError`` for what is not there, another ``OSError`` when it cannot
be had now.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Final, Protocol, cast

from django.core.checks import CheckMessage
from django.core.files.storage import default_storage

CHUNK_BYTES: Final = 256 * 1024


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

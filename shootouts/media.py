"""Streaming of stored files: Range (RFC 9110), ETag, HEAD.

The body is an async iterator, so a slow client holds no thread.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import IO

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

_CHUNK_BYTES = 256 * 1024
# No file is longer than twenty digits can say, and Python refuses to read thousands of them.
_RANGE = re.compile(r"bytes=(\d{0,20})-(\d{0,20})$")


@dataclass(frozen=True, slots=True)
class MediaFile:
    """What is sent. ``storage_name`` never reaches the client; ``name`` is offered for saving."""

    storage_name: str
    name: str
    content_type: str
    size_bytes: int
    sha256: str


class _Unsatisfiable(Exception):  # noqa: N818  # the word of RFC 9110
    pass


def media_response(request: HttpRequest, media: MediaFile, *, is_private: bool) -> HttpResponseBase:
    """200, 206, 304 or 416. ``?download`` asks for a file to save.

    ``is_private``: only the owner may keep it, and must ask again each time.
    """
    etag = f'"{media.sha256}"'
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        # Asked for again each time: what turns private is gone at once, from caches too.
        "Cache-Control": "private, no-cache" if is_private else "public, no-cache",
        "Content-Disposition": content_disposition_header("download" in request.GET, media.name)
        or "inline",
        "X-Content-Type-Options": "nosniff",
    }
    if _etags(request.headers.get("If-None-Match", "")) & {etag, "*"}:
        return HttpResponse(status=304, headers=headers)
    try:
        span = _requested_span(request, media.size_bytes, etag)
    except _Unsatisfiable:
        headers["Content-Range"] = f"bytes */{media.size_bytes}"
        return HttpResponse(status=416, headers=headers)
    first, last = span or (0, media.size_bytes - 1)
    headers["Content-Length"] = str(last - first + 1)
    if span is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{media.size_bytes}"
    status = 200 if span is None else 206
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers, content_type=media.content_type)
    try:
        file = default_storage.open(media.storage_name, "rb")
    except FileNotFoundError as error:
        raise Http404("This file is no longer there.") from error
    return StreamingHttpResponse(
        _chunks(file, first, last - first + 1),
        status=status,
        headers=headers,
        content_type=media.content_type,
    )


async def _chunks(file: IO[bytes], start: int, length: int) -> AsyncIterator[bytes]:
    try:
        await asyncio.to_thread(file.seek, start)
        while length > 0:
            chunk = await asyncio.to_thread(file.read, min(_CHUNK_BYTES, length))
            if not chunk:
                return
            length -= len(chunk)
            yield chunk
    finally:
        await asyncio.to_thread(file.close)


def _etags(header: str) -> set[str]:
    """Entity tags of If-None-Match, compared weakly (RFC 9110, 13.1.2)."""
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


def _requested_span(request: HttpRequest, size_bytes: int, etag: str) -> tuple[int, int] | None:
    """First and last byte asked for, or None for the whole file.

    A header that is not a single byte range is ignored, as RFC 9110, 14.2 allows.
    """
    header = request.headers.get("Range", "")
    if_range = request.headers.get("If-Range", "")
    match = _RANGE.match(header.replace(" ", ""))
    if match is None or (if_range and if_range != etag):
        return None
    first, last = match.groups()
    if first == "" and last == "":
        return None
    if first == "":
        suffix = int(last)
        if suffix == 0 or size_bytes == 0:
            raise _Unsatisfiable
        return max(0, size_bytes - suffix), size_bytes - 1
    start = int(first)
    end = int(last) if last else size_bytes - 1
    if last and end < start:
        return None
    if start >= size_bytes:
        raise _Unsatisfiable
    return start, min(end, size_bytes - 1)

"""Streaming of stored files: Range (RFC 9110), ETag, HEAD.

The body is an async iterator, so a slow client holds no thread. Where the storage has addresses of
its own that are good for a while (``GTS_MEDIA_REDIRECT``), it sends the body itself.
"""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, parse_etags

from gts.web.errors import NotFoundError, UnavailableError
from jobs.files.storage import media_store

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 10

# Every kind of file that is taken in or published, by the suffix of its storage name.
_CONTENT_TYPES = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
    ".ogg": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
    ".srt": "application/x-subrip; charset=utf-8",
}

MEDIA_TYPES = tuple(sorted({kind.partition(";")[0] for kind in _CONTENT_TYPES.values()}))

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


def content_type_of(name: str) -> str:
    """Of a file by the suffix of its name. Raises ``KeyError`` for one that GTS does not keep."""
    return _CONTENT_TYPES[PurePosixPath(name).suffix]


class _Unsatisfiable(Exception):  # noqa: N818  # the word of RFC 9110
    pass


async def media_response(
    request: HttpRequest, media: MediaFile, *, is_private: bool
) -> HttpResponseBase:
    """200, 206, 302, 304 or 416. ``?download`` asks for a file to save.

    ``is_private``: only the owner may keep it, and must ask again each time. Raises
    ``NotFoundError``, and ``UnavailableError`` STORAGE_UNAVAILABLE.
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
        link = await asyncio.to_thread(
            media_store().link,
            media.storage_name,
            content_type=media.content_type,
            disposition=headers["Content-Disposition"],
        )
        if link is not None:
            kept = {"Location": link, "Cache-Control": "private, no-store"}
            return HttpResponse(status=302, headers=kept)
        chunks = await media_store().open_range(media.storage_name, first, last - first + 1)
    except FileNotFoundError as error:
        raise NotFoundError("This file is no longer there.") from error
    except OSError as error:
        logger.warning("media cannot be read: %s", error)
        message = "This file cannot be read just now. Try again later."
        raise UnavailableError(message, code="STORAGE_UNAVAILABLE", wait=RETRY_AFTER_S) from error
    return StreamingHttpResponse(
        chunks, status=status, headers=headers, content_type=media.content_type
    )


def _etags(header: str) -> set[str]:
    """Entity tags of If-None-Match, compared weakly (RFC 9110, 13.1.2)."""
    return {tag.removeprefix("W/") for tag in parse_etags(header)}


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

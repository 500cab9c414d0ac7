"""Fetching one model for a job: ask, download, look inside. No row is written here.

A file is streamed to disk, bounded, and only from where it may come from. Redirects are followed by
hand: the token goes to the API's own site and nowhere else.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from asgiref.sync import sync_to_async
from django.conf import settings

from gear.captures.inspection import inspect_capture
from gear.models.item import CaptureFormat, GearKind
from gear.tone3000.access import (
    UNAVAILABLE,
    DownloadError,
    NotAvailableError,
    TokenSource,
    Tone3000Error,
)
from gear.tone3000.client import Tone3000Client, file_url, is_api_site
from gear.tone3000.rate_limit import own_pool
from gear.tone3000.schemas import Model, Tone
from gear.tone3000.services import FetchedFile, capture_format, kind_of, kinds_for

logger = logging.getLogger(__name__)

DEADLINE_S: Final = 90.0
_MAX_HOPS: Final = 5
_CHUNK_BYTES: Final = 64 * 1024
# Asked for as it is: what comes packed could be small on the way and endless here.
_HEADERS: Final = {"Accept": "*/*", "Accept-Encoding": "identity"}
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

_SUFFIXES: Final = {CaptureFormat.NAM: ".nam", CaptureFormat.IR: ".wav"}
_WHITE: Final = b" \t\r\n"

# Told how much is done (0..1) and what is being done. May raise to stop.
Report = Callable[[float, str], None]
# Told the bytes that have come and, if known, all there will be. May raise to stop.
Watcher = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """``file`` None: the format cannot be played, so nothing was downloaded."""

    tone: Tone
    model: Model
    kind: GearKind
    file: FetchedFile | None


async def fetch_model(
    tokens: TokenSource, *, tone_id: str, model_id: str, kind: str, folder: Path, report: Report
) -> Fetched:
    """Everything about one model, with its file in ``folder``.

    Raises what the client and the download raise, ``DownloadError`` with KIND_NEEDED, NO_FILE or
    NOT_WHAT_IT_SAYS, and ``PipelineError`` when the file cannot be used.
    """
    async with own_pool() as pool:
        client = Tone3000Client(pool, tokens)
        report(0.0, "Asking Tone 3000")
        tone = await client.tone(tone_id)
        model = await client.model(model_id)
        if model.tone_id not in (None, tone.id):
            raise NotAvailableError("This model does not belong to this tone.")
        chosen = _chosen_kind(tone, kind)
        file_format = capture_format(tone)
        if file_format not in _SUFFIXES:
            return Fetched(tone, model, chosen, None)
        if model.url is None:
            raise DownloadError(
                "TONE3000_NO_FILE", "Tone 3000 has no file for this model.", is_permanent=True
            )
        report(0.05, "Downloading")
        # Named by the content's kind alone: what its creator called it is no name for a file.
        downloaded = await Downloader(client, pool).fetch(
            model.url,
            folder / f"model{_SUFFIXES[file_format]}",
            max_bytes=settings.GTS_CAPTURE_MAX_BYTES,
            watch=lambda num_bytes, expected: report(
                0.05 + 0.6 * num_bytes / max(expected or 0, num_bytes), "Downloading"
            ),
        )
    report(0.7, "Looking into the file")
    return Fetched(
        tone, model, chosen, await sync_to_async(_looked_into)(downloaded, file_format, chosen)
    )


def _chosen_kind(tone: Tone, kind: str) -> GearKind:
    if kind in kinds_for(tone):
        return GearKind(kind)
    known = kind_of(tone)
    if known is None:
        raise DownloadError(
            "TONE3000_KIND_NEEDED",
            "Tone 3000 does not say what kind of gear this is: choose what to use it as.",
            detail=f"gear {tone.gear}, format {tone.format}",
            is_permanent=True,
        )
    return known


def _looked_into(downloaded: Downloaded, file_format: CaptureFormat, kind: GearKind) -> FetchedFile:
    _check_outside(downloaded.path, file_format)
    facts = inspect_capture(downloaded.path, file_format, kind=kind)
    return FetchedFile(downloaded.path, downloaded.sha256, downloaded.size_bytes, facts)


def _check_outside(path: Path, file_format: CaptureFormat) -> None:
    """Is it what was asked for, and all of it? A cut file may be whole next time."""
    size_bytes = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(512)
        file.seek(max(0, size_bytes - 64))
        tail = file.read()
    if file_format == CaptureFormat.NAM:
        is_it = head.removeprefix(b"\xef\xbb\xbf").lstrip(_WHITE)[:1] == b"{"
        is_whole = tail.rstrip(_WHITE).endswith(b"}")
    else:
        is_it = head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE"
        announced_bytes = int.from_bytes(head[4:8], "little") + 8
        is_whole = head[:4] == b"RF64" or size_bytes >= announced_bytes
    if not is_it:
        raise DownloadError(
            "DOWNLOAD_NOT_WHAT_IT_SAYS",
            "What Tone 3000 sent is not the kind of file it should be.",
            detail=repr(head[:16]),
        )
    if not is_whole:
        raise DownloadError(
            "DOWNLOAD_TRUNCATED", "The file did not arrive whole.", detail=f"{size_bytes} bytes"
        )


@dataclass(frozen=True, slots=True)
class Downloaded:
    path: Path
    sha256: str
    size_bytes: int


class Downloader:
    """``pool``: the same as the client's."""

    def __init__(self, client: Tone3000Client, pool: httpx.AsyncClient) -> None:
        self._client = client
        self._pool = pool

    async def fetch(
        self, address: str, target: Path, *, max_bytes: int, watch: Watcher
    ) -> Downloaded:
        """Write what is at ``address`` to ``target``. On any error ``target`` is gone.

        Raises ``DownloadError`` (FORBIDDEN, TOO_LARGE, TRUNCATED, IS_A_PAGE, EMPTY) and what the
        client raises.
        """
        with _gone_on_error(target):
            try:
                async with asyncio.timeout(DEADLINE_S), self._opened(address) as response:
                    return await _write(response, target, max_bytes=max_bytes, watch=watch)
            except TimeoutError:
                raise Tone3000Error(UNAVAILABLE, detail="download: deadline") from None

    @asynccontextmanager
    async def _opened(self, address: str) -> AsyncIterator[httpx.Response]:
        """The answer at the end of all redirects."""
        url = file_url(address)
        for _ in range(_MAX_HOPS):
            if is_api_site(url):
                opened = self._client.answer(url, _HEADERS)
            else:
                opened = self._elsewhere(url)
            async with opened as response:
                if response.status_code not in _REDIRECTS:
                    yield response
                    return
                url = _next(url, response)
        raise DownloadError(
            "DOWNLOAD_FORBIDDEN",
            "Tone 3000 sent GTS from one address to the next without end.",
            detail=f"{_MAX_HOPS} redirects",
        )

    @asynccontextmanager
    async def _elsewhere(self, url: httpx.URL) -> AsyncIterator[httpx.Response]:
        """A storage host: without the token, and without anything else of ours."""
        request = self._pool.build_request("GET", url, headers=_HEADERS)
        try:
            response = await self._pool.send(request, stream=True)
        except httpx.TransportError as error:
            raise _broken(url, error) from None
        try:
            if response.status_code >= 400:
                detail = f"{url.host}: {response.status_code}"
                raise Tone3000Error(UNAVAILABLE, detail=detail)
            yield response
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _broken(url, error) from None
        finally:
            await response.aclose()


@contextmanager
def _gone_on_error(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _next(url: httpx.URL, response: httpx.Response) -> httpx.URL:
    location = response.headers.get("Location", "")
    try:
        return file_url(str(url.join(location)))
    except (httpx.InvalidURL, ValueError):
        raise DownloadError(
            "DOWNLOAD_FORBIDDEN",
            "Tone 3000 sent GTS to a place where it does not go.",
            detail="a redirect to no address",
        ) from None


async def _write(
    response: httpx.Response, target: Path, *, max_bytes: int, watch: Watcher
) -> Downloaded:
    expected = _announced_bytes(response)
    if expected is not None and expected > max_bytes:
        raise _too_large(max_bytes)
    digest = hashlib.sha256()
    num_bytes = 0
    try:
        # The event loop of a job has nothing else to do meanwhile.
        with open(target, "wb") as file:  # noqa: ASYNC230
            async for chunk in response.aiter_bytes(_CHUNK_BYTES):
                if num_bytes == 0 and _is_page(chunk):
                    raise DownloadError(
                        "DOWNLOAD_IS_A_PAGE",
                        "Tone 3000 sent a web page instead of the file.",
                        detail=response.headers.get("Content-Type", "")[:100],
                    )
                num_bytes += len(chunk)
                if num_bytes > max_bytes:
                    raise _too_large(max_bytes)
                digest.update(chunk)
                file.write(chunk)
                watch(num_bytes, expected)
    except (httpx.RemoteProtocolError, httpx.ReadError) as error:
        raise _truncated(f"{num_bytes} of {expected} bytes: {type(error).__name__}") from None
    if expected is not None and num_bytes != expected:
        raise _truncated(f"{num_bytes} of {expected} bytes")
    if num_bytes == 0:
        raise DownloadError("DOWNLOAD_EMPTY", "Tone 3000 sent an empty file.")
    return Downloaded(target, digest.hexdigest(), num_bytes)


def _announced_bytes(response: httpx.Response) -> int | None:
    """Not what is packed: that says how much comes, not how much it is."""
    text = response.headers.get("Content-Length", "")
    is_plain = response.headers.get("Content-Encoding", "identity") == "identity"
    return (
        int(text) if is_plain and text.isascii() and text.isdecimal() and len(text) < 16 else None
    )


def _is_page(head: bytes) -> bool:
    """An error page with a good status: seen from firewalls and storage hosts."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def _too_large(max_bytes: int) -> DownloadError:
    return DownloadError(
        "DOWNLOAD_TOO_LARGE",
        f"The file is larger than {max_bytes // (1024 * 1024)} MB.",
        is_permanent=True,
    )


def _truncated(detail: str) -> DownloadError:
    return DownloadError("DOWNLOAD_TRUNCATED", "The file did not arrive whole.", detail=detail)


def _broken(url: httpx.URL, error: Exception) -> Tone3000Error:
    return Tone3000Error(UNAVAILABLE, detail=f"{url.host}: {type(error).__name__}")

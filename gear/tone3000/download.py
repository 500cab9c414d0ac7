"""Fetching the file of a model: streamed to disk, bounded, and only from where it may come from.

Redirects are followed by hand. The token goes to the API's own site and nowhere else.
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

from gear.tone3000.client import Tone3000Client
from gear.tone3000.errors import UNAVAILABLE, DownloadError, Tone3000Error
from gear.tone3000.urls import file_url, is_api_site

logger = logging.getLogger(__name__)

DEADLINE_S: Final = 90.0
_MAX_HOPS: Final = 5
_CHUNK_BYTES: Final = 64 * 1024
# Asked for as it is: what comes packed could be small on the way and endless here.
_HEADERS: Final = {"Accept": "*/*", "Accept-Encoding": "identity"}
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

# Told the bytes that have come and, if known, all there will be. May raise to stop.
Watcher = Callable[[int, int | None], None]


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

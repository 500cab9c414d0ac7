"""Asking Tone 3000 in the name of one user, politely: within limits, in bounded time, no loops.

A 401 asks the token source once for a fresh token and tries once more. What may be transient (no
answer, 502, 503, 504) is tried again after a short pause with jitter. Everything that remains is a
typed error with a text for people. Requests, and tokens even more so, go nowhere that is not
configured.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from django.conf import settings

from gear.tone3000.access import (
    NOT_AVAILABLE,
    RECONNECT,
    REFUSED,
    UNAVAILABLE,
    UNREADABLE,
    DownloadError,
    NotAvailableError,
    RefusedRequestError,
    TokenSource,
    Tone3000Error,
    UnreadableAnswerError,
)
from gear.tone3000.rate_limit import RateLimit
from gear.tone3000.schemas import (
    Model,
    Page,
    Tone,
    is_identifier,
    parse_feed,
    parse_model,
    parse_page,
    parse_tone,
)
from gts.web.errors import ReconnectNeededError

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)

DEADLINE_S: Final = 25.0
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
PAGE_SIZE: Final = 24
MODELS_PAGE_SIZE: Final = 100
# Of one tone and architecture. The largest tone ever seen has 223 models in all.
_MAX_MODEL_PAGES: Final = 20

_RETRY_STATUSES: Final = frozenset({502, 503, 504})
_RETRY_PAUSES_S: Final = (0.25, 1.0)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MAX_WAIT_S: Final = 3600.0

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS: Final = {"https": 443, "http": 80}


class Tone3000Client:
    """``pool``: from ``traffic``; ``tokens``: whose library it is."""

    def __init__(self, pool: httpx.AsyncClient, tokens: TokenSource) -> None:
        self._pool = pool
        self._tokens = tokens
        self.traffic = RateLimit(tokens.account)

    # What there is to ask

    async def library(self, tab: str, *, page: int = 1, page_size: int = PAGE_SIZE) -> Page[Tone]:
        """``tab``: created, favorited or downloaded. A page past the end has no rows."""
        params = {"page": page, "page_size": page_size}
        data = await self._get(f"tones/{tab}", params, is_list=True)
        return parse_page(data, parse_tone, page=page, page_size=page_size)

    async def feed(self, name: str) -> tuple[Tone, ...]:
        """``name``: trending or latest. At most ten, not paged."""
        return parse_feed(await self._get(f"tones/{name}", is_list=True), parse_tone)

    async def search(
        self, *, query: str = "", gears: str = "", tone_format: str = "", page: int = 1
    ) -> Page[Tone]:
        """Outside of the free tier: only where the operator has an agreement."""
        given = {"query": query, "gears": gears, "format": tone_format}
        params: dict[str, str | int] = {name: text for name, text in given.items() if text}
        params |= {"page": page, "page_size": PAGE_SIZE}
        data = await self._get("tones/search", params, is_list=True)
        return parse_page(data, parse_tone, page=page, page_size=PAGE_SIZE)

    async def tone(self, tone_id: str) -> Tone:
        return parse_tone(await self._get(f"tones/{_segment(tone_id)}"))

    async def model(self, model_id: str) -> Model:
        return parse_model(await self._get(f"models/{_segment(model_id)}"))

    async def models(self, tone: Tone) -> list[Model]:
        """All of them: every architecture, every page, each once, in the order of their page."""
        found: dict[str, Model] = {}
        for architecture in tone.architectures:
            async for model in self._models(tone.id, architecture):
                found.setdefault(model.id, model)
        return list(found.values())

    async def _models(self, tone_id: str, architecture: str | None) -> AsyncIterator[Model]:
        params: dict[str, str | int] = {"tone_id": tone_id, "page_size": MODELS_PAGE_SIZE}
        if architecture is not None:
            params["architecture"] = architecture
        for number in range(1, _MAX_MODEL_PAGES + 1):
            data = await self._get("models", {**params, "page": number})
            page = parse_page(data, parse_model, page=number, page_size=MODELS_PAGE_SIZE)
            for model in page.rows:
                yield model
            if not page.rows or not page.has_next:
                return

    # How it is asked

    async def _get(
        self, path: str, params: Mapping[str, str | int] | None = None, *, is_list: bool = False
    ) -> object:
        url = api_url(path)
        if params:
            url = url.copy_merge_params(params)
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._get_json(url, is_list=is_list)
        except TimeoutError:
            await self.traffic.failed()
            raise Tone3000Error(UNAVAILABLE, detail=f"{url.path}: deadline") from None

    async def _get_json(self, url: httpx.URL, *, is_list: bool) -> object:
        async with self.answer(url, {"Accept": "application/json"}, is_list=is_list) as response:
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise UnreadableAnswerError(UNREADABLE, detail=f"{url.path}: endless")
        try:
            document: object = json.loads(body)
        except (ValueError, RecursionError):
            raise UnreadableAnswerError(UNREADABLE, detail=f"{url.path}: no JSON") from None
        return document

    @asynccontextmanager
    async def answer(
        self, url: httpx.URL, headers: Mapping[str, str], *, is_list: bool = False
    ) -> AsyncIterator[httpx.Response]:
        """A good answer (2xx, or a redirect for the caller to judge) from the API's own site.

        Its body is still to be read. Raises the errors of this package for everything else.
        """
        import httpx

        token = await self._tokens.token()
        response = await self._send(url, headers, token)
        try:
            if response.status_code == 401:
                await response.aclose()
                fresh = await self._tokens.token(rejected=token)
                response = await self._send(url, headers, fresh)
                if response.status_code == 401:
                    await self._tokens.drop(fresh)
            note_deprecations(response)
            await raise_for(response, self.traffic, is_list=is_list)
            try:
                yield response
            except (httpx.TransportError, httpx.DecodingError) as error:
                await self.traffic.failed()
                raise _no_answer(url, error) from None
        finally:
            await response.aclose()

    async def _send(self, url: httpx.URL, headers: Mapping[str, str], token: str) -> httpx.Response:
        """Any answer at all. Raises ``Tone3000Error`` when there is none."""
        import httpx

        # What takes seconds to fail is not tried again: someone waits for the page.
        quick_failures = (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError)
        for pause_s in (*_RETRY_PAUSES_S, None):
            await self.traffic.enter()
            try:
                response = await self._try(url, headers, token)
            except httpx.TransportError as error:
                await self.traffic.failed()
                if pause_s is None or not isinstance(error, quick_failures):
                    raise _no_answer(url, error) from None
            else:
                if response.status_code < 500:
                    await self.traffic.answered()
                    return response
                await self.traffic.failed()
                is_over = response.status_code not in _RETRY_STATUSES or wait_s_of(response)
                if pause_s is None or is_over:
                    return response
                await response.aclose()
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
        raise AssertionError("the last try returns or raises")

    async def _try(self, url: httpx.URL, headers: Mapping[str, str], token: str) -> httpx.Response:
        headers = {**headers, "Authorization": f"Bearer {token}"}
        request = self._pool.build_request("GET", url, headers=headers)
        return await self._pool.send(request, stream=True)


def _segment(identifier: str) -> str:
    """An id as a part of an address. One that could lead elsewhere is the id of nothing."""
    if not is_identifier(identifier):
        raise NotAvailableError(NOT_AVAILABLE)
    return identifier


def _no_answer(url: httpx.URL, error: Exception) -> Tone3000Error:
    # The error itself carries the request, and the request carries the token: it is not chained.
    detail = f"{url.path}: {type(error).__name__}"
    logger.warning("no answer from Tone 3000: %s", detail)
    return Tone3000Error(UNAVAILABLE, detail=detail)


# What the status of an answer means, and what is to be done about it.


async def raise_for(response: httpx.Response, traffic: RateLimit, *, is_list: bool) -> None:
    """Nothing for a good answer or a redirect, else the error that it stands for.

    ``is_list``: there is no tone that could be private, so a 403 or 404 is no news about one.
    """
    status = response.status_code
    where = f"{response.request.url.path}: {status}"
    if 200 <= status < 300 or status in _REDIRECTS:
        return
    if status == 401:
        raise ReconnectNeededError(RECONNECT)
    is_firewall = status == 403 and (is_list or _is_html(response))
    if status == 429 or is_firewall:
        logger.warning("Tone 3000 asks for less: %s", where)
        raise await traffic.told_to_wait(wait_s_of(response), is_everybody=is_firewall)
    # An id that they cannot read is a 400.
    if status in (400, 403, 404, 410) and not is_list:
        raise NotAvailableError(NOT_AVAILABLE)
    if status == 400:
        logger.error("Tone 3000 refuses a request of GTS: %s", where)
        raise RefusedRequestError(REFUSED, detail=where)
    if status >= 500:
        logger.warning("Tone 3000 fails: %s", where)
        raise Tone3000Error(UNAVAILABLE, detail=where, wait=wait_s_of(response))
    raise UnreadableAnswerError(UNREADABLE, detail=where)


def wait_s_of(response: httpx.Response) -> float | None:
    """Retry-After in either of its forms; ``None`` when it is missing or makes no sense."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:10]), _MAX_WAIT_S)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), _MAX_WAIT_S)


def note_deprecations(response: httpx.Response) -> None:
    """They say in headers what will stop working one day: for operators and for tests."""
    names = response.headers.get("X-Tone3000-Deprecations", "")
    if names or response.headers.get("Deprecation"):
        path = response.request.url.path
        logger.warning("Tone 3000 calls this deprecated: %s: %s", path, names[:200] or "unnamed")


def _is_html(response: httpx.Response) -> bool:
    return "html" in response.headers.get("Content-Type", "").lower()


# Where GTS may send requests, and where a token may go.


def api_url(path: str) -> httpx.URL:
    """``path`` without a slash at its beginning: two in a row would be a redirect."""
    import httpx  # where it is needed: pages and API lead here, and few requests ask Tone 3000

    return httpx.URL(f"{settings.GTS_TONE3000_API}/{path}")


def file_url(address: str) -> httpx.URL:
    """Checks where a file is to be fetched from. Raises ``DownloadError`` DOWNLOAD_FORBIDDEN.

    The API's own site, or one of ``GTS_TONE3000_DOWNLOAD_HOSTS``; by https, unless the API is
    itself on this machine without it.
    """
    import httpx

    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        raise _forbidden("not an address") from None
    if url.userinfo:
        raise _forbidden(f"credentials in an address of {url.host}")
    if is_api_site(url):
        return url
    is_local = httpx.URL(settings.GTS_TONE3000_API).scheme == "http" and url.host in _LOOPBACK
    is_secure = url.scheme == "https" and _port(url) == 443
    if url.host in settings.GTS_TONE3000_DOWNLOAD_HOSTS and (is_secure or is_local):
        return url
    raise _forbidden(f"{url.scheme}://{url.host}")


def is_api_site(url: httpx.URL) -> bool:
    """Only there may the token go: the same scheme, host and port as the API."""
    import httpx

    api = httpx.URL(settings.GTS_TONE3000_API)
    return (url.scheme, url.host, _port(url)) == (api.scheme, api.host, _port(api))


def _port(url: httpx.URL) -> int | None:
    return url.port or _PORTS.get(url.scheme)


def _forbidden(where: str) -> DownloadError:
    return DownloadError(
        "DOWNLOAD_FORBIDDEN",
        "Tone 3000 sent GTS to a place where it does not go.",
        detail=where,
        is_permanent=True,
    )

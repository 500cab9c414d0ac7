"""One response for all strangers who ask for the same page at the same time.

Who asks while the page is being made for others waits for the next one, which is begun after that.
So what is sent is never older than the request, and a shootout that has become private is gone at
once. Nothing is kept, and a crowd costs little more than one of its members.

Pages are shared that are the same for all who show no cookie and no token. Each request is counted,
logged and given an id as if the page were made for it alone.
"""

from __future__ import annotations

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from asgiref.sync import sync_to_async
from django.conf import settings

from gts.web import rate_limits
from gts.web.api.throttles import AnonymousThrottle
from gts.web.rate_limits import stranger_wait_s
from gts.web.request_id import HEADER, note_answer, request_id_for, within_request
from gts.web.scopes import ASGIApplication, Message, Receive, Scope, ScopeRequest, Send

# Home, explore, the page of one shootout, and the public list of the API.
_PATHS: Final = re.compile(r"/|/shootouts/|/shootouts/[0-9a-f-]{36}/|/api/v1/shootouts/")
_PERSONAL_HEADERS: Final = frozenset(
    {b"cookie", b"authorization", b"content-length", b"transfer-encoding"}
)
# What a page for strangers may depend on, with all of htmx; one that varies by more is not shared.
_MEANT_HEADERS: Final = frozenset(
    {
        b"host", b"x-forwarded-proto", b"accept", b"origin",
        b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since",
    }
)  # fmt: skip
_HTMX_PREFIX: Final = b"hx-"
_ID_HEADER: Final = HEADER.lower().encode()
# Of the one who asked first, and of no other.
_OWN_HEADERS: Final = frozenset({_ID_HEADER, rate_limits.LIMIT_HEADER.lower().encode()})
_NUM_THREADS: Final = 4
_SHARED_STATUSES: Final = frozenset({200, 304})

_Key = tuple[object, ...]


@dataclass(slots=True)
class _Response:
    """As the application sent it."""

    messages: list[Message] = field(default_factory=list)

    @property
    def is_for_all(self) -> bool:
        start = self.messages[0]
        headers = [(name.lower(), value) for name, value in start["headers"]]
        has_cookie = any(name == b"set-cookie" for name, _ in headers)
        varying = b",".join(value.lower() for name, value in headers if name == b"vary")
        names = filter(None, map(bytes.strip, varying.split(b",")))
        return (
            start["status"] in _SHARED_STATUSES
            and not has_cookie
            and all(name in _PERSONAL_HEADERS or _is_meant(name) for name in names)
        )

    def start_with(self, request_id: str) -> Message:
        start = self.messages[0]
        headers = [pair for pair in start["headers"] if pair[0].lower() not in _OWN_HEADERS]
        return {**start, "headers": [*headers, (_ID_HEADER, request_id.encode())]}


class SharedResponses:
    def __init__(self, inner: ASGIApplication) -> None:
        self._inner = inner
        self._running: dict[_Key, asyncio.Task[_Response]] = {}
        self._next: dict[_Key, asyncio.Task[_Response]] = {}
        # Of its own: while Redis hangs, files and all else that takes a thread go on.
        threads = ThreadPoolExecutor(_NUM_THREADS, thread_name_prefix="limits")
        self._wait_s = sync_to_async(_wait_s, thread_sensitive=False, executor=threads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _key(scope)
        if key is None:
            await self._inner(scope, receive, send)
            return
        started_s = time.monotonic()
        message = await receive()
        if message["type"] != "http.request":
            return  # the client has gone
        is_first = key not in self._next
        if is_first:
            self._next[key] = asyncio.create_task(self._make(key, scope, message))
        response = await asyncio.shield(self._next[key])
        if is_first:
            for part in response.messages:
                await send(part)
        elif response.is_for_all and await self._may_have_one_more(scope):
            await _send(response, scope, send, started_s)
        else:
            await self._inner(scope, _receiving(message, receive), send)

    async def _may_have_one_more(self, scope: Scope) -> bool:
        """Counted as the middleware of pages, or the API, counts it."""
        return not settings.GTS_RATE_ANONYMOUS_PER_MIN or await self._wait_s(scope) <= 0

    async def _make(self, key: _Key, scope: Scope, message: Message) -> _Response:
        """It is completed even if the client that asked first goes away: others wait for it."""
        running = self._running.get(key)
        if running is not None:
            await asyncio.wait([running])
        self._running[key] = self._next.pop(key)
        response = _Response()

        async def collect(part: Message) -> None:
            response.messages.append(part)

        async def nothing_more() -> Message:
            await asyncio.Event().wait()
            raise AssertionError

        try:
            await self._inner(scope, _receiving(message, nothing_more), collect)
        finally:
            del self._running[key]
        return response


def _key(scope: Scope) -> _Key | None:
    """Equal for requests that the same response is for. ``None``: it is for one alone."""
    if scope["method"] != "GET" or not _PATHS.fullmatch(scope["path"]):
        return None
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    if any(name in _PERSONAL_HEADERS for name, _ in headers):
        return None
    meant = tuple((name, value) for name, value in headers if _is_meant(name))
    return (scope["scheme"], scope["path"], scope["query_string"], meant)


def _is_meant(header: bytes) -> bool:
    return header in _MEANT_HEADERS or header.startswith(_HTMX_PREFIX)


def _receiving(message: Message, receive: Receive) -> Receive:
    """``message``, which has been received, and then what ``receive`` says."""
    left = [message]

    async def receive_again() -> Message:
        return left.pop() if left else await receive()

    return receive_again


def _wait_s(scope: Scope) -> float:
    request = ScopeRequest(scope)
    if scope["path"].startswith("/api/"):
        return stranger_wait_s(request, AnonymousThrottle.setting)
    return stranger_wait_s(request)


async def _send(response: _Response, scope: Scope, send: Send, started_s: float) -> None:
    request_id = request_id_for(ScopeRequest(scope))
    with within_request(request_id):
        status: int = response.messages[0]["status"]
        note_answer(scope["method"], scope["path"], status, started_s)
    await send(response.start_with(request_id))
    for part in response.messages[1:]:
        await send(part)

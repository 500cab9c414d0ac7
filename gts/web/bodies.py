"""Bodies of requests on their way in: how long and how much they may be, and when one is an upload.

Django writes a body to memory or to a temporary file before any view or middleware sees the
request. So what is said about bodies is said here, before.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from django.conf import settings

from gts.web.error_answers import refuse
from gts.web.errors import AppError, TooLargeError, TooSlowError
from gts.web.scopes import ASGIApplication, Receive, Scope, Send

# What needs no user: forms, logins, JSON. Anything larger is an upload.
SMALL_BODY_BYTES: Final = 64 * 1024
# For a small one, from its first byte to its last.
_SMALL_BODY_S: Final = 30.0

# The parts around the file of a multipart upload: its fields and boundaries.
_ROOM_BYTES: Final = 1024 * 1024

# Whole shootouts with their media come here, and nowhere else.
_ARCHIVE_PATHS: Final = ("/api/v1/shootouts/import/", "/shootouts/import/")

# A client that is cut off while it sends sees a broken connection and not the answer. So the
# rest is read and thrown away, within reason.
_DRAINED_LIMITS: Final = 4

# What the application sees of a client that has gone.
_DISCONNECT: Final = {"type": "http.disconnect"}


class Intake:
    """The body of one request: how long it may take, and when it becomes an upload.

    Stands between the server and the application as its ``receive``.

    When the body may not go on, ``refusal`` says why and the application sees a client that has
    gone: so it gives up without an answer, and what it has written to a temporary file goes.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        *,
        when_upload: Callable[[], Awaitable[None]],
        when_complete: Callable[[bool], Awaitable[None]],
    ) -> None:
        """``when_upload``: called once, before more than a small body is taken in.
        ``when_complete``: called with whether it was an upload. Both may raise ``AppError``."""
        self._receive = receive
        self._when_upload = when_upload
        self._when_complete = when_complete
        self._announced_bytes = announced_bytes(scope)
        self._num_bytes = 0
        self._began_s = 0.0
        self._is_upload = False
        self.is_complete = False
        self.refusal: AppError | None = None

    async def open(self) -> None:
        """Before the application is called. Raises ``AppError`` for an upload that is announced,
        and may not be."""
        if self._announced_bytes > SMALL_BODY_BYTES:
            await self._becomes_upload()

    async def receive(self) -> Any:
        if self.is_complete:
            return await self._receive()
        if self.refusal is not None:
            return _DISCONNECT
        try:
            return await self._next()
        except AppError as refusal:
            self.refusal = refusal
            return _DISCONNECT

    async def _next(self) -> Any:
        self._began_s = self._began_s or time.monotonic()
        try:
            async with asyncio.timeout(self._patience_s()):
                message = await self._receive()
        except TimeoutError:
            raise TooSlowError(
                "The request did not arrive in time. Please send it again."
            ) from None
        self._num_bytes += len(message.get("body", b""))
        if self._num_bytes > SMALL_BODY_BYTES:
            await self._becomes_upload()
        if message["type"] == "http.request" and not message.get("more_body", False):
            await self._when_complete(self._is_upload)
            self.is_complete = True
        return message

    async def _becomes_upload(self) -> None:
        if not self._is_upload:
            await self._when_upload()
            self._is_upload = True

    def _patience_s(self) -> float:
        """For the next part, which must also come before the whole takes too long."""
        whole_s = settings.GTS_BODY_TOTAL_S if self._is_upload else _SMALL_BODY_S
        left_s = self._began_s + whole_s - time.monotonic()
        return max(min(settings.GTS_BODY_IDLE_S, left_s), 0.0)


class BodyLimit:
    """Answers 413 to requests whose body is larger than any upload may be: none fills the disk."""

    def __init__(self, inner: ASGIApplication) -> None:
        self._inner = inner
        self._max_bytes = (
            max(settings.GTS_DI_MAX_BYTES, settings.GTS_CAPTURE_MAX_BYTES) + _ROOM_BYTES
        )
        self._max_archive_bytes = settings.GTS_IMPORT_MAX_BYTES + _ROOM_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_archive = scope["path"] in _ARCHIVE_PATHS
        max_bytes = self._max_archive_bytes if is_archive else self._max_bytes
        body = _Body(receive, max_bytes)
        if announced_bytes(scope) <= max_bytes:
            has_answered = False

            async def watched_send(message: Any) -> None:
                nonlocal has_answered
                has_answered = True
                await send(message)

            await self._inner(scope, body.receive, watched_send)
            if has_answered or not body.is_too_large:
                return
        await body.drain(max_bytes * _DRAINED_LIMITS)
        error = TooLargeError("The upload is larger than any file that is accepted.")
        await refuse(scope, send, error, template="413.html")


class _Body:
    """Counts what comes in. Past the limit the application sees a client that has gone."""

    def __init__(self, receive: Receive, max_bytes: int) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._num_bytes = 0
        self._is_complete = False

    @property
    def is_too_large(self) -> bool:
        return self._num_bytes > self._max_bytes

    async def receive(self) -> Any:
        message = await self._receive()
        self._count(message)
        return _DISCONNECT if self.is_too_large else message

    async def drain(self, max_bytes: int) -> None:
        while not self._is_complete and self._num_bytes <= max_bytes:
            self._count(await self._receive())

    def _count(self, message: Any) -> None:
        self._num_bytes += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)


def announced_bytes(scope: Scope) -> int:
    lengths = [value for name, value in scope["headers"] if name.lower() == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0

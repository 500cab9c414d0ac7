"""No request may fill the disk: bodies beyond every upload limit are not taken in.

Django writes a body to a temporary file before any view or middleware sees the request.
"""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings

from gts.web.asgi_types import ASGIApplication, Receive, Scope, Send
from gts.web.errors import TooLargeError
from gts.web.intake import announced_bytes
from gts.web.refusals import refuse

# The parts around the file of a multipart upload: its fields and boundaries.
_ROOM_BYTES: Final = 1024 * 1024

# Whole shootouts with their media come here, and nowhere else.
_ARCHIVE_PATHS: Final = ("/api/v1/shootouts/import/", "/shootouts/import/")

# A client that is cut off while it sends sees a broken connection and not the answer. So the
# rest is read and thrown away, within reason.
_DRAINED_LIMITS: Final = 4


class BodyLimit:
    """Answers 413 to requests whose body is larger than any upload may be."""

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
        return {"type": "http.disconnect"} if self.is_too_large else message

    async def drain(self, max_bytes: int) -> None:
        while not self._is_complete and self._num_bytes <= max_bytes:
            self._count(await self._receive())

    def _count(self, message: Any) -> None:
        self._num_bytes += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)

"""The outermost layers: what fails outside of Django is logged, counted and answered as well.

Without them the server says “Internal Server Error”, with no header and no id to look for.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from gts.errors import trouble_as_answer
from gts.web.asgi_types import ASGIApplication, Receive, Scope, Send
from gts.web.error_answers import INTERNAL_MESSAGE
from gts.web.errors import InternalError
from gts.web.refusals import send_error
from gts.web.request_context import within_request
from gts.web.request_id import request_id_for
from gts.web.request_metrics import figures
from gts.web.scope_request import ScopeRequest
from gts.web.security import with_headers
from jobs.live.subscription import CLOSE_INTERNAL_ERROR

logger = logging.getLogger(__name__)

_SOCKET_ENDED: Final = ("websocket.close", "websocket.http.response.body")


class ServerErrors:
    """Answers 500 where ``inner`` raises before it has begun to answer, and sees to it that no
    answer goes out without the headers of ``gts.web.security``; for HTTP only."""

    def __init__(self, inner: ASGIApplication) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # From here on, so that every line of the log says the id that the client is told.
        with within_request(request_id_for(ScopeRequest(scope))):
            await self._call(scope, receive, send)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_s = time.monotonic()
        has_begun = False

        async def noting(message: Any) -> None:
            nonlocal has_begun
            has_begun = True
            is_start = message["type"] == "http.response.start"
            await send(with_headers(scope, message) if is_start else message)

        try:
            await self._inner(scope, receive, noting)
        except Exception:
            if has_begun:
                raise  # the server logs it, and breaks the connection off
            figures.answered(scope["method"], 500, time.monotonic() - started_s)
            await _answer(scope, send)


async def _answer(scope: Scope, send: Send) -> None:
    facts = {"method": scope["method"], "path": scope["path"], "status": 500}
    logger.exception("a request failed outside of Django", extra={"facts": facts})
    await send_error(scope, send, InternalError(INTERNAL_MESSAGE), template="500.html")


class SocketErrors:
    """Closes a WebSocket with a code where ``inner`` raises, before the handshake too: a handshake
    that is refused with a 500 looks to browsers like a server that is not there."""

    def __init__(self, inner: ASGIApplication) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        said: list[str] = []

        async def noting(message: Any) -> None:
            said.append(message["type"])
            await send(message)

        try:
            await self._inner(scope, receive, noting)
        except Exception as error:
            if trouble_as_answer(error) is None:  # which logs it otherwise
                logger.exception("a WebSocket failed", extra={"facts": {"path": scope["path"]}})
            if not said:
                await send({"type": "websocket.accept"})
            elif said[-1] in _SOCKET_ENDED:
                return
            await send({"type": "websocket.close", "code": CLOSE_INTERNAL_ERROR})

"""The outermost layer: what fails outside of Django is logged, counted and answered as well.

Without it the server says “Internal Server Error”, with no header and no id to look for.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from accounts.errors import InternalError
from gts.errors import INTERNAL_MESSAGE
from gts.figures import figures
from gts.refusals import send_error
from gts.request_id import request_id_for
from gts.scope_request import ScopeRequest
from gts.websocket_auth import ASGIApplication, Receive, Scope, Send
from jobs.log_context import within_request

logger = logging.getLogger(__name__)


class ServerErrors:
    """Answers 500 where ``inner`` raises before it has begun to answer; for HTTP only."""

    def __init__(self, inner: ASGIApplication) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_s = time.monotonic()
        has_begun = False

        async def noting(message: Any) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._inner(scope, receive, noting)
        except Exception:
            if has_begun:
                raise  # the server logs it, and breaks the connection off
            figures.answered(scope["method"], 500, time.monotonic() - started_s)
            with within_request(request_id_for(ScopeRequest(scope))):
                await _answer(scope, send)


async def _answer(scope: Scope, send: Send) -> None:
    facts = {"method": scope["method"], "path": scope["path"], "status": 500}
    logger.exception("a request failed outside of Django", extra={"facts": facts})
    await send_error(scope, send, InternalError(INTERNAL_MESSAGE), template="500.html")

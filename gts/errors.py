"""Errors outside of the REST framework, and how they come to the one shape of all.

From the inside to the outside: something that GTS runs on is away or full; plain Django views that
raise; the handlers that ``gts.urls`` names; and the outermost layers, ``ServerErrors`` and
``SocketErrors``, by which what fails outside of Django is logged, counted and answered as well.
Without those the server says “Internal Server Error”, with no header and no id to look for.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

from gts.web.database import is_database_away, is_database_file_broken, is_database_full
from gts.web.error_answers import (
    INTERNAL_MESSAGE,
    answer_of,
    error_page,
    is_for_programs,
    json_error,
    send_error,
)
from gts.web.errors import (
    AppError,
    DiskFullError,
    InternalError,
    StorageAwayError,
    UnavailableError,
)
from gts.web.headers import with_headers
from gts.web.hosts import CODE as UNKNOWN_HOST
from gts.web.hosts import unknown_host
from gts.web.request_id import request_id_for, within_request
from gts.web.request_metrics import figures
from gts.web.scopes import ASGIApplication, Receive, Scope, ScopeRequest, Send
from jobs.live.subscription import CLOSE_INTERNAL_ERROR
from jobs.pipeline.files import is_disk_full

logger = logging.getLogger(__name__)

_DATABASE_WAIT_S: Final = 5.0
_OPERATOR_WAIT_S: Final = 60.0
# Nothing can be sent to a WebSocket after one of these.
_SOCKET_ENDED: Final = ("websocket.close", "websocket.http.response.body")


def trouble_as_answer(error: BaseException) -> AppError | None:
    """What to answer when something that GTS runs on is away or full; ``None``: it is no such
    thing. The reason is for the log."""
    if isinstance(error, StorageAwayError):
        logger.warning("the storage is away: %s", error)
        message = "Files cannot be reached just now. Try again later."
        return UnavailableError(message, code="STORAGE_UNAVAILABLE", wait=StorageAwayError.wait)
    if is_disk_full(error):
        logger.error("a disk is full, free some of it or move TMPDIR: %s", error)
        return DiskFullError(
            "The server has no room for temporary files. Its operator has to free the disk of "
            "TMPDIR, or to name a larger one; then try again.",
            wait=_OPERATOR_WAIT_S,
        )
    if is_database_full(error):
        logger.error("the disk of the database (%s) is full, free some of it: %s", _place(), error)
        return DiskFullError(
            "The server has no room for its database. Its operator has to free some of the disk "
            "that it is on; then try again.",
            wait=_OPERATOR_WAIT_S,
        )
    if is_database_file_broken(error):
        logger.error(
            "the database (%s) cannot be opened, read or written; its folder and all files in it "
            "must belong to the user who runs GTS, on a disk that works and is not read-only: %s",
            _place(),
            error,
        )
        message = "The database cannot be used just now. The server's log says what is to be done."
        return UnavailableError(message, code="DATABASE_UNAVAILABLE", wait=_OPERATOR_WAIT_S)
    if is_database_away(error):
        logger.warning("the database gives no connection, or has lost it: %s", error)
        message = "The database has no time for this just now. Try again in a few seconds."
        return UnavailableError(message, code="DATABASE_UNAVAILABLE", wait=_DATABASE_WAIT_S)
    return None


def _place() -> str:
    """Of the database: its file, or where its server is."""
    found = settings.DATABASES["default"]
    return str(found.get("HOST") or found["NAME"])


class AppErrorMiddleware:
    """Answers an ``AppError`` that left a plain Django view. API views never get this far."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        # In async mode this is a coroutine, which the caller awaits.
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        answer = error if isinstance(error, AppError) else trouble_as_answer(error)
        return None if answer is None else answer_of(request, answer)


# The handlers that gts.urls names.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost):
        host = unknown_host(request.META.get("HTTP_HOST", ""))
        if is_for_programs(request):
            return json_error(400, UNKNOWN_HOST, host.message)
        return error_page(400, "unknown_host.html", host=host)
    if is_for_programs(request):
        return json_error(400, "BAD_REQUEST", "This request cannot be understood.")
    return error_page(400, "400.html")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    # What is not yours does not exist for you.
    if is_for_programs(request):
        return json_error(404, "NOT_FOUND", "Not found.")
    return error_page(403, "403.html")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if is_for_programs(request):
        return json_error(403, "CSRF_FAILED", "The token against forged requests is missing.")
    return error_page(403, "403.html")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_for_programs(request):
        return json_error(404, "NOT_FOUND", "Not found.")
    return error_page(404, "404.html")


def server_error(request: HttpRequest) -> HttpResponse:
    """Also of what went wrong around a view, in a middleware: there it may be trouble as well."""
    error = sys.exc_info()[1]
    trouble = None if error is None else trouble_as_answer(error)
    if trouble is not None:
        return answer_of(request, trouble)
    if is_for_programs(request):
        return json_error(
            500,
            "INTERNAL",
            INTERNAL_MESSAGE,
        )
    return error_page(500, "500.html")


class ServerErrors:
    """Answers 500 where ``inner`` raises before it has begun to answer, and sees to it that no
    answer goes out without the headers of ``gts.web.headers``; for HTTP only."""

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

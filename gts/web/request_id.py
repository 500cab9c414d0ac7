"""One id per request: in the answer's header, in every error, in the logs, and on its jobs.

A request gets its id where it comes in; what works for it later, elsewhere, says so again
(``within_request``).
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from gts.web.request_metrics import figures

HEADER = "X-Request-ID"

logger = logging.getLogger("gts.requests")

# A proxy may send its own id; anything that could upset a log line is replaced.
_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Asked every few seconds by machines.
_QUIET_PATHS = ("/health/", "/metrics")

# To which request the work going on here belongs.
_request_id: ContextVar[str] = ContextVar("request_id", default="")

_Sync = Callable[[HttpRequest], HttpResponseBase]
_Async = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def current_request_id() -> str:
    """The id of the request this work was asked for by; empty where none did."""
    return _request_id.get()


@contextmanager
def within_request(request_id: str) -> Iterator[None]:
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


class RequestIdMiddleware:
    """Stands first, so that whatever answers has an id to show. Works both ways.

    Writes one line per request to the log: never its query, its headers or its body, which may
    hold secrets.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: _Sync | _Async) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        request_id = request_id_for(request)
        started_s = time.monotonic()
        if self.is_async:
            return self._call_async(request, request_id, started_s)
        with within_request(request_id):
            response = cast(_Sync, self.get_response)(request)
            _answered(request, response, request_id, started_s)
        return response

    async def _call_async(
        self, request: HttpRequest, request_id: str, started_s: float
    ) -> HttpResponseBase:
        with within_request(request_id):
            response = await cast(_Async, self.get_response)(request)
            _answered(request, response, request_id, started_s)
        return response


def _answered(
    request: HttpRequest, response: HttpResponseBase, request_id: str, started_s: float
) -> None:
    response.headers[HEADER] = request_id
    note_answer(request.method or "", request.path, response.status_code, started_s)


def note_answer(method: str, path: str, status: int, started_s: float) -> None:
    """In the figures and, as one line, in the log."""
    duration_s = time.monotonic() - started_s
    level = logging.DEBUG if path.startswith(_QUIET_PATHS) else logging.INFO
    facts = {
        "method": method,
        "path": path,
        "status": status,
        "duration_ms": round(1000 * duration_s, 1),
    }
    figures.answered(method, status, duration_s)
    logger.log(level, "request answered", extra={"facts": facts})


def request_id_for(request: HttpRequest) -> str:
    """The one that a proxy has given it, or that it has here already, or a new one."""
    given = request.headers.get(HEADER, "")
    return given if _SANE.fullmatch(given) else current_request_id() or secrets.token_hex(16)

"""One id per request: in the answer's header, in every error, and in the logs."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

HEADER = "X-Request-ID"

# A proxy may send its own id; anything that could upset a log line is replaced.
_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")

_current: ContextVar[str] = ContextVar("request_id", default="")

_Sync = Callable[[HttpRequest], HttpResponseBase]
_Async = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def current_request_id() -> str:
    """The id of the request being answered here; empty outside of one."""
    return _current.get()


class RequestIdMiddleware:
    """Stands first, so that whatever answers has an id to show. Works both ways."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: _Sync | _Async) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._call_async(request)
        request_id = _id_for(request)
        token = _current.set(request_id)
        try:
            response = cast(_Sync, self.get_response)(request)
        finally:
            _current.reset(token)
        response.headers[HEADER] = request_id
        return response

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        request_id = _id_for(request)
        token = _current.set(request_id)
        try:
            response = await cast(_Async, self.get_response)(request)
        finally:
            _current.reset(token)
        response.headers[HEADER] = request_id
        return response


def _id_for(request: HttpRequest) -> str:
    given = request.headers.get(HEADER, "")
    return given if _SANE.fullmatch(given) else secrets.token_hex(16)

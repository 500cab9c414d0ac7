"""Middleware that looks at answers, and works both ways, so that async views stay async."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

_Sync = Callable[[HttpRequest], HttpResponseBase]
_Async = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class AnswerMiddleware(ABC):
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
        return self.finish(request, cast(_Sync, self.get_response)(request))

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        return self.finish(request, await cast(_Async, self.get_response)(request))

    @abstractmethod
    def finish(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """``response``, with what is to be added to it. Asks nothing of the database."""

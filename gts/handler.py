"""Django's handler of requests, with one change of threads for a synchronous view.

Django calls each middleware of its own in a thread, on the way in and again on the way out, and
then the view: some fifteen changes of threads, which cost more than most views. Here a synchronous
view and all middleware around it run one after the other in one thread. Async views wait for a
network, so they and their middleware are called from the event loop, as Django has it.
"""

from __future__ import annotations

from typing import Final

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from gts.web.database import release_connections

# What a server takes from the view at once; the rest goes at the pace of the client.
_SENT_AT_ONCE_BYTES: Final = 32 * 1024


class Handler(ASGIHandler):
    """Gives the connection to the database back when the view is done, not when its client has read
    the response: who reads slowly would keep it from others."""

    def __init__(self) -> None:
        super().__init__()
        self._in_one_thread = _InOneThread()

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        if not _is_for_async_view(request):
            return await sync_to_async(self._in_one_thread.get_response)(request)
        response = await super().get_response_async(request)
        if not isinstance(response, HttpResponse) or len(response.content) > _SENT_AT_ONCE_BYTES:
            await sync_to_async(release_connections)()  # in the thread of this request
        return response


class _InOneThread(BaseHandler):
    def __init__(self) -> None:
        super().__init__()
        self.load_middleware(is_async=False)

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return super().get_response(request)
        finally:
            release_connections()


def _is_for_async_view(request: HttpRequest) -> bool:
    try:
        return iscoroutinefunction(resolve(request.path_info).func)
    except Resolver404:
        return False

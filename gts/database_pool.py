"""The pool of connections of a web process, and how requests give theirs back.

Only web processes have one, from the start of their server to its end: there every request has a
thread, and so would have a connection, of its own. Workers have few, and fork.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.database import release_connections

# Kept open when there is nothing to do.
_MIN_CONNECTIONS: Final = 2
_MAX_IDLE_S: Final = 120.0
# What a server takes from the view at once; the rest goes at the pace of the client.
_SENT_AT_ONCE_BYTES: Final = 32 * 1024


def use_pool() -> None:
    """From now on connections come from a pool. Before anything of this process has one."""
    size: int = settings.GTS_DATABASE_POOL
    if connection.vendor != "postgresql" or not size:
        return
    connection.close()
    wait_s: float = settings.GTS_DATABASE_POOL_WAIT_S
    connection.settings_dict["OPTIONS"]["pool"] = {
        "min_size": min(_MIN_CONNECTIONS, size),
        "max_size": size,
        "timeout": wait_s,
        "max_idle": _MAX_IDLE_S,
        # Beyond that it would try more and more seldom: a database that is back is found by the
        # next request.
        "reconnect_timeout": wait_s,
    }


def close_pool() -> None:
    """The end of the process: its connections are closed."""
    options: dict[str, Any] = connection.settings_dict["OPTIONS"]
    if "pool" in options:
        connection.close()
        cast(Any, connection).close_pool()
        del options["pool"]


_Sync = Callable[[HttpRequest], HttpResponseBase]
_Async = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class ReleaseConnectionMiddleware:
    """Gives the connection back when the view is done, not when its client has read the answer:
    who reads slowly would keep it from others. Works both ways."""

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
        return cast(_Sync, self.get_response)(request)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        response = await cast(_Async, self.get_response)(request)
        if _takes_long(response):
            await sync_to_async(release_connections)()  # in the thread of this request
        return response


def _takes_long(response: HttpResponseBase) -> bool:
    return not isinstance(response, HttpResponse) or len(response.content) > _SENT_AT_ONCE_BYTES

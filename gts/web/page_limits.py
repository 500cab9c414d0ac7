"""How often pages may be asked for: as often as the API, and counted beside it.

Machines that watch GTS are not counted, and the API counts for itself (``gts.web.api.throttles``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from gts.web.error_answers import answer_of
from gts.web.errors import LimitError
from gts.web.rate_limits import network_of_request, wait_after_one_more

_UNCOUNTED_PATHS: Final = ("/api/", "/health/", "/metrics")


class PageLimitMiddleware:
    """429 THROTTLED with ``Retry-After`` for who asks too often. Works both ways."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if self.is_async:
            return self._call_async(request)
        return _refusal(request) or self.get_response(request)

    async def _call_async(self, request: HttpRequest) -> Any:
        refusal = await sync_to_async(_refusal)(request) if _is_counted(request) else None
        return refusal or await self.get_response(request)


def _is_counted(request: HttpRequest) -> bool:
    has_limits = settings.GTS_RATE_USER_PER_MIN or settings.GTS_RATE_ANONYMOUS_PER_MIN
    return bool(has_limits) and not request.path_info.startswith(_UNCOUNTED_PATHS)


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if not _is_counted(request):
        return None
    wait_s = _wait_s(request)
    if wait_s <= 0:
        return None
    message = f"You ask for pages too often. Try again in {math.ceil(wait_s)} seconds."
    return answer_of(request, LimitError(message, code="THROTTLED", wait=wait_s))


def _wait_s(request: HttpRequest) -> float:
    """Who shows no session is counted by network, without a look into the database."""
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        limit: int = settings.GTS_RATE_USER_PER_MIN
        return wait_after_one_more(what="pages", who=str(request.user.pk), limit=limit)
    return stranger_wait_s(request)


def stranger_wait_s(request: HttpRequest, what: str = "pages-by-network") -> float:
    """Count one more request of who is not known; until the next, if that was one too many."""
    limit: int = settings.GTS_RATE_ANONYMOUS_PER_MIN
    return wait_after_one_more(what=what, who=network_of_request(request), limit=limit)

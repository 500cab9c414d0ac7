"""How often something may be asked for: the one way in which requests are counted.

Counters of fixed windows, of which the one before still counts as far as it overlaps the last
full length: two small numbers in the cache for each who asks. Adding one is atomic, so requests at
once on many hosts are all counted. Without its Redis nothing is counted (``gts.web.redis_away``).

Pages may be asked for as often as the API, and are counted here, beside it. Machines that watch GTS
are not counted, and the API counts for itself (``gts.web.api.throttles``).

How many more requests an answer of the API leaves it tells by ``RateLimit`` and
``RateLimit-Policy``, as in the draft of the IETF (draft-ietf-httpapi-ratelimit-headers-10): it may
be under several limits at once, which ``X-RateLimit-*`` cannot say.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from gts.web.client_ip import client_address, network_of
from gts.web.error_answers import answer_of
from gts.web.errors import LimitError
from gts.web.headers import AnswerMiddleware

LIMIT_HEADER: Final = "RateLimit"
POLICY_HEADER: Final = "RateLimit-Policy"
# Of a request: allowances by the name of their policy.
_NOTED: Final = "_rate_limit_allowances"
# By the limits of pages: machines that watch GTS, and the API, which counts for itself.
_UNCOUNTED_PATHS: Final = ("/api/", "/health/", "/metrics")


@dataclass(frozen=True, slots=True)
class Allowance:
    """How it stands after one more request. ``wait_s``: 0, or when there is room again, in seconds;
    then it does not count. ``remaining``: as many more may come before ``reset_s`` have passed."""

    limit: int
    window_s: int
    remaining: int
    reset_s: float
    wait_s: float = 0.0


def wait_after_one_more(*, what: str, who: str, limit: int, window_s: int = 60) -> float:
    """``wait_s`` of ``allowance_after_one_more``; without a limit 0."""
    if not limit:
        return 0.0
    return allowance_after_one_more(what=what, who=who, limit=limit, window_s=window_s).wait_s


def allowance_after_one_more(*, what: str, who: str, limit: int, window_s: int) -> Allowance:
    """Count one more request for ``what`` by ``who``, of whom ``limit`` may come in
    ``window_s``."""
    now_s = time.time()
    index, passed = int(now_s // window_s), (now_s % window_s) / window_s
    key = f"throttle:{what}:{hashlib.sha256(who.encode()).hexdigest()[:32]}"
    num, before = _add_one(f"{key}:{index}", beside=f"{key}:{index - 1}", timeout_s=2 * window_s)
    reset_s = window_s * (1 - passed)
    used = before * (1 - passed) + num
    if used <= limit:
        return Allowance(limit, window_s, int(limit - used), reset_s)
    num = _increment(f"{key}:{index}", -1)
    # Of this window or, when it is full by itself, of the next: the share of it that must
    # have passed until what overlaps from the one before is small enough.
    at = 1 - (limit - num - 1) / before if num < limit else 2 - (limit - 1) / num
    wait_s = max(at - passed, 0.001) * window_s
    return Allowance(limit, window_s, 0, max(reset_s, wait_s), wait_s)


def _add_one(key: str, *, beside: str, timeout_s: int) -> tuple[int, int]:
    """How many there are by ``key`` with this one, and by ``beside``."""
    if hasattr(cache, "add_one"):  # in one round trip to Redis
        counted: tuple[int, int] = cache.add_one(key, beside=beside, timeout=timeout_s)
        return counted
    cache.add(key, 0, timeout_s)
    return _increment(key, 1), cache.get(beside, 0)


def _increment(key: str, delta: int) -> int:
    try:
        return cache.incr(key, delta)
    except ValueError:  # thrown away, or Redis came back between the two
        return max(delta, 0)


def network_of_request(request: HttpRequest) -> str:
    """Who is counted where no user is known."""
    address = client_address(request)
    return network_of(address) if address is not None else "unknown"


def note_allowance(request: HttpRequest, policy: str, allowance: Allowance) -> None:
    """For the answer to ``request``."""
    noted: dict[str, Allowance] = request.__dict__.setdefault(_NOTED, {})
    noted[policy] = allowance


class RateLimitHeadersMiddleware(AnswerMiddleware):
    """Tells what the throttles of the API have noted."""

    def finish(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        noted: dict[str, Allowance] = getattr(request, _NOTED, {})
        if noted:
            response.headers[POLICY_HEADER] = ", ".join(
                f'"{name}";q={one.limit};w={one.window_s}' for name, one in noted.items()
            )
            response.headers[LIMIT_HEADER] = ", ".join(
                f'"{name}";r={one.remaining};t={math.ceil(one.reset_s)}'
                for name, one in noted.items()
            )
        return response


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

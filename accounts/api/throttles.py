"""How often the API may be asked: per user, and per address for who is nobody.

Counters of fixed windows, of which the one before still counts as far as it overlaps the last
full length: two small numbers in the cache, whoever asks, and adding one is atomic, so requests at
once on many hosts are all counted. Without its Redis the API goes on unthrottled.
"""

from __future__ import annotations

import hashlib
import logging
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import redis
from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.addresses import client_address, network_of
from accounts.models import User

if TYPE_CHECKING:
    # Which itself imports this module, because the settings name it.
    from rest_framework.views import APIView

logger = logging.getLogger(__name__)


class WindowThrottle(BaseThrottle, ABC):
    """``setting`` names how many in ``window_s``; 0: any number."""

    setting: ClassVar[str]
    window_s: ClassVar[int] = 60
    _wait_s: float = 0.0

    @abstractmethod
    def who(self, request: Request) -> str | None:
        """Who is counted, or ``None`` for somebody whom this does not concern."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        limit: int = getattr(settings, self.setting)
        who = self.who(request) if limit else None
        if who is None:
            return True
        try:
            self._wait_s = self._hit(hashlib.sha256(who.encode()).hexdigest()[:32], limit)
        except redis.RedisError as error:
            logger.warning("requests are not counted: %s", type(error).__name__)
            return True
        return self._wait_s <= 0

    def wait(self) -> float:
        return self._wait_s

    def _hit(self, who: str, limit: int) -> float:
        """Count one more; 0, or when there is room again, in seconds (then it does not count)."""
        now_s = time.time()
        index, passed = int(now_s // self.window_s), (now_s % self.window_s) / self.window_s
        key = f"throttle:{self.setting}:{who}"
        before: int = cache.get(f"{key}:{index - 1}", 0)
        cache.add(f"{key}:{index}", 0, 2 * self.window_s)
        num = cache.incr(f"{key}:{index}")
        if before * (1 - passed) + num <= limit:
            return 0.0
        num = cache.decr(f"{key}:{index}")
        # Of this window or, when it is full by itself, of the next: the share of it that must
        # have passed until what overlaps from the one before is small enough.
        at = 1 - (limit - num - 1) / before if num < limit else 2 - (limit - 1) / num
        return max(at - passed, 0.001) * self.window_s


class _PerUser(WindowThrottle):
    def who(self, request: Request) -> str | None:
        return str(request.user.pk) if isinstance(request.user, User) else None


class _PerAddress(WindowThrottle):
    def who(self, request: Request) -> str | None:
        address = client_address(request._request)
        return network_of(address) if address is not None else "unknown"


class UserThrottle(_PerUser):
    setting = "GTS_RATE_USER_PER_MIN"


class UploadThrottle(_PerUser):
    setting = "GTS_RATE_UPLOADS_PER_HOUR"
    window_s = 3600

    def who(self, request: Request) -> str | None:
        is_upload = (request.content_type or "").startswith("multipart/")
        return super().who(request) if request.method == "POST" and is_upload else None


class AnonymousThrottle(_PerAddress):
    setting = "GTS_RATE_ANONYMOUS_PER_MIN"

    def who(self, request: Request) -> str | None:
        return None if isinstance(request.user, User) else super().who(request)


class TokenThrottle(_PerAddress):
    """For what takes or gives tokens, whoever asks."""

    setting = "GTS_RATE_TOKENS_PER_MIN"

"""How often the API may be asked: per user, and per address for who is not logged in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import User
from accounts.rate_limits import network_of_request, wait_after_one_more

if TYPE_CHECKING:
    # Which itself imports this module, because the settings name it.
    from rest_framework.views import APIView


class WindowThrottle(BaseThrottle, ABC):
    """``setting`` names how many in ``window_s``; 0: any number."""

    setting: ClassVar[str]
    window_s: ClassVar[int] = 60
    _wait_s: float = 0.0

    @abstractmethod
    def who(self, request: Request) -> str | None:
        """Who is counted, or ``None`` for a request that this does not concern."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        limit: int = getattr(settings, self.setting)
        who = self.who(request) if limit else None
        if who is not None:
            self._wait_s = wait_after_one_more(
                what=self.setting, who=who, limit=limit, window_s=self.window_s
            )
        return self._wait_s <= 0

    def wait(self) -> float:
        return self._wait_s


class _PerUser(WindowThrottle):
    def who(self, request: Request) -> str | None:
        return str(request.user.pk) if isinstance(request.user, User) else None


class _PerAddress(WindowThrottle):
    def who(self, request: Request) -> str | None:
        return network_of_request(request._request)


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
    """For what takes or gives tokens, logged in or not."""

    setting = "GTS_RATE_TOKENS_PER_MIN"

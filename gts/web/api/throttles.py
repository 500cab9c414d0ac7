"""How often the API may be asked: per user, and per address for who is not logged in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from gts.web.rate_limits import allowance_after_one_more, network_of_request, note_allowance

if TYPE_CHECKING:
    # Which itself imports this module, because the settings name it.
    from rest_framework.views import APIView


class WindowThrottle(BaseThrottle, ABC):
    """``setting`` names how many in ``window_s``; 0: any number. ``policy``: by which name headers
    tell of it."""

    setting: ClassVar[str]
    policy: ClassVar[str]
    window_s: ClassVar[int] = 60
    _wait_s: float = 0.0

    @abstractmethod
    def who(self, request: Request) -> str | None:
        """Who is counted, or ``None`` for a request that this does not concern."""

    def limit(self) -> int:
        found: int = getattr(settings, self.setting)
        return found

    def allow_request(self, request: Request, view: APIView) -> bool:
        limit = self.limit()
        who = self.who(request) if limit else None
        if who is not None:
            allowance = allowance_after_one_more(
                what=self.setting, who=who, limit=limit, window_s=self.window_s
            )
            self._wait_s = allowance.wait_s
            note_allowance(request._request, self.policy, allowance)
        return self._wait_s <= 0

    def wait(self) -> float:
        return self._wait_s


class _PerUser(WindowThrottle):
    def who(self, request: Request) -> str | None:
        return str(request.user.pk) if request.user.is_authenticated else None


class _PerAddress(WindowThrottle):
    def who(self, request: Request) -> str | None:
        return network_of_request(request._request)


class UserThrottle(_PerUser):
    setting = "GTS_RATE_USER_PER_MIN"
    policy = "user"


class UploadThrottle(_PerUser):
    setting = "GTS_RATE_UPLOADS_PER_HOUR"
    policy = "uploads"
    window_s = 3600

    def who(self, request: Request) -> str | None:
        content_type = request.content_type or ""
        is_multipart = content_type.startswith("multipart/")
        # One that comes in pieces counts once: when it is announced.
        is_upload = is_multipart or "Upload-Length" in request.headers
        return super().who(request) if request.method == "POST" and is_upload else None


class AnonymousThrottle(_PerAddress):
    setting = "GTS_RATE_ANONYMOUS_PER_MIN"
    policy = "anonymous"

    def who(self, request: Request) -> str | None:
        return None if request.user.is_authenticated else super().who(request)


class OperationThrottle(_PerAddress):
    """Of one costly operation, for users and strangers alike: ``num``, which is no setting.
    ``setting`` is only the name of the counter."""

    num: ClassVar[int]

    def limit(self) -> int:
        return self.num

    def who(self, request: Request) -> str | None:
        user = request.user
        return f"user {user.pk}" if user.is_authenticated else super().who(request)


class TokenThrottle(_PerAddress):
    """For what takes or gives tokens, logged in or not."""

    setting = "GTS_RATE_TOKENS_PER_MIN"
    policy = "tokens"

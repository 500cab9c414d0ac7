"""Headers that every answer carries: what browsers may do with it, and who may keep it.

``Cache-Control: private, no-store`` is the default of all that a session or a token asked for, of
the whole API, and of pages with a form: what depends on who asks is kept by no browser and no
proxy. What sets a header of its own keeps it (media, schemas), and pages of published shootouts
have none of this for who is not logged in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Final, cast
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import has_vary_header

from gts.web.scopes import Message, Scope, ScopeRequest

_Sync = Callable[[HttpRequest], HttpResponseBase]
_Async = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def _site_of(url: str) -> str:
    """The site of ``url``, under any of its names, in the words of the policy."""
    parts = urlsplit(url)
    if parts.scheme != "https":
        return f"{parts.scheme}://{parts.netloc}"  # a fake server on this machine
    site = parts.netloc.removeprefix("www.")
    return f"https://{site} https://*.{site}"


_TONE3000 = _site_of(settings.GTS_TONE3000_AUTHORIZE_URL)
# Where players are sent for media, if they are (GTS_MEDIA_REDIRECT).
_MEDIA = "".join(f" {origin}" for origin in settings.GTS_MEDIA_ORIGINS)

# Everything is served from here; nothing inline, nothing from elsewhere.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        # Pictures of tones and their creators are Tone 3000's, who asks for them to be shown.
        f"img-src 'self' data: blob: {_TONE3000}{_MEDIA}",
        f"media-src 'self' blob:{_MEDIA}",
        f"connect-src 'self'{_MEDIA}",
        "font-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        # Browsers ask it of the redirects that follow a form too: logging in leads to Tone 3000.
        f"form-action 'self' {_TONE3000}",
        "frame-ancestors 'none'",
    ]
)


def permissions_policy(*, with_microphone: bool = False) -> str:
    """What a page may ask of the device. ``with_microphone``: an audio input, for itself alone."""
    microphone = "self" if with_microphone else ""
    return f"camera=(), geolocation=(), microphone=({microphone})"


_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": permissions_policy(),
}
# What Django's own middleware sends: always, and by these settings.
_NOSNIFF: Final = {"X-Content-Type-Options": "nosniff"}
_FROM_SETTINGS: Final = {
    "X-Frame-Options": "X_FRAME_OPTIONS",
    "Referrer-Policy": "SECURE_REFERRER_POLICY",
    "Cross-Origin-Opener-Policy": "SECURE_CROSS_ORIGIN_OPENER_POLICY",
}
# HSTS alone depends on the request.
_ALWAYS: Final = frozenset(
    name.lower().encode() for name in (*_HEADERS, *_NOSNIFF, *_FROM_SETTINGS)
)

_PRIVATE: Final = "private, no-store"
# For who is not logged in.
_PUBLIC_PAGES: Final = frozenset(
    {"home", "shootout-public", "shootout-detail", "shootout-part", "shootout-snapshot"}
)


class AnswerMiddleware(ABC):
    """Looks at answers, and works both ways, so that async views stay async."""

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


class SecurityHeadersMiddleware(AnswerMiddleware):
    """Adds the content security policy."""

    def finish(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def scope_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The same headers, and those of Django's own middleware, for answers that pass neither."""
    headers = {**_HEADERS, **_NOSNIFF}
    headers |= {name: getattr(settings, setting) for name, setting in _FROM_SETTINGS.items()}
    if settings.SECURE_HSTS_SECONDS and ScopeRequest(scope).is_secure():
        headers["Strict-Transport-Security"] = _hsts()
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def with_headers(scope: Scope, message: Message) -> Message:
    """``message``, which starts a response, with the headers of ``scope_headers`` that it lacks.

    Django's middleware adds none to the responses of middleware outside of it.
    """
    names = {name.lower() for name, _ in message["headers"]}
    if names >= _ALWAYS:
        return message
    missing = [pair for pair in scope_headers(scope) if pair[0] not in names]
    return {**message, "headers": [*message["headers"], *missing]}


def _hsts() -> str:
    parts = [f"max-age={settings.SECURE_HSTS_SECONDS}"]
    if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS:
        parts.append("includeSubDomains")
    if settings.SECURE_HSTS_PRELOAD:
        parts.append("preload")
    return "; ".join(parts)


class PrivateAnswersMiddleware(AnswerMiddleware):
    """Stands outside of sessions and forms, which say what varies."""

    def finish(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.has_header("Cache-Control") and _is_private(request, response):
            response.headers["Cache-Control"] = _PRIVATE
        return response


def _is_private(request: HttpRequest, response: HttpResponseBase) -> bool:
    if settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers:
        return True
    if request.path.startswith("/api/v1/"):
        return True
    match = request.resolver_match
    if match is not None and match.view_name in _PUBLIC_PAGES:
        return False
    return has_vary_header(response, "Cookie")

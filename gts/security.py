"""Headers that every answer carries."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from gts.middleware import AnswerMiddleware
from gts.scope_request import ScopeRequest


def _site_of(url: str) -> str:
    """The site of ``url``, under any of its names, in the words of the policy."""
    parts = urlsplit(url)
    if parts.scheme != "https":
        return f"{parts.scheme}://{parts.netloc}"  # a stand-in on this machine
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
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeadersMiddleware(AnswerMiddleware):
    """Adds the content security policy."""

    def finish(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def scope_headers(scope: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    """The same headers, and those of Django's own middleware, for answers that pass neither."""
    headers = {
        **_HEADERS,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
    }
    if settings.SECURE_HSTS_SECONDS and ScopeRequest(scope).is_secure():
        headers["Strict-Transport-Security"] = _hsts()
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _hsts() -> str:
    parts = [f"max-age={settings.SECURE_HSTS_SECONDS}"]
    if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS:
        parts.append("includeSubDomains")
    if settings.SECURE_HSTS_PRELOAD:
        parts.append("preload")
    return "; ".join(parts)

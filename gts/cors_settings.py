"""Pages of which other sites may ask the API: of none, unless ``GTS_CORS_ORIGINS`` names them."""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from gts.environment import env_list, env_origins

# What a script may read of an answer besides its body.
_EXPOSED: Final = (
    "Content-Disposition",
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
)
_ALLOWED: Final = (
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "range",
    "x-request-id",
)


def cors_settings(
    installed_apps: MutableSequence[str], middleware: MutableSequence[str]
) -> dict[str, Any]:
    """The settings of django-cors-headers, and its app and middleware put where they belong.

    Nothing without ``GTS_CORS_ORIGINS``. Cookies are never taken from other sites: who asks from
    there shows a token, so ``*`` gives nothing away that is not public.
    """
    named = env_list("GTS_CORS_ORIGINS")
    if not named:
        return {}
    is_everybody = named == ["*"]
    if "*" in named and not is_everybody:
        raise ImproperlyConfigured("GTS_CORS_ORIGINS is * or a list of addresses, not both.")
    installed_apps.append("corsheaders")
    # Outside of all that answers by itself, so that errors can be read too.
    middleware.insert(1, "corsheaders.middleware.CorsMiddleware")
    return {
        "CORS_ALLOW_ALL_ORIGINS": is_everybody,
        "CORS_ALLOWED_ORIGINS": [] if is_everybody else env_origins("GTS_CORS_ORIGINS"),
        "CORS_ALLOW_CREDENTIALS": False,
        "CORS_URLS_REGEX": r"^/api/",
        "CORS_ALLOW_HEADERS": _ALLOWED,
        "CORS_EXPOSE_HEADERS": _EXPOSED,
    }

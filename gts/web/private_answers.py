"""What depends on who asks is kept by no browser and no proxy.

``Cache-Control: private, no-store`` is the default of all that a session or a token asked for, of
the whole API, and of pages with a form. What sets a header of its own keeps it (media, schemas),
and pages of published shootouts have none of this for who is not logged in.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import has_vary_header

from gts.web.middleware import AnswerMiddleware

_PRIVATE: Final = "private, no-store"
_PUBLIC_PAGES: Final = frozenset(
    {"home", "shootout-public", "shootout-detail", "shootout-part", "shootout-snapshot"}
)


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

"""API views that wait for a network: async, and in everything else like all the others.

Who asks, who may, errors, content negotiation and the schema are the REST framework's, whose own
views are synchronous: what of it may touch the database runs in a thread.
"""

from __future__ import annotations

from inspect import isawaitable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from gts.web.api.views import APIView
from gts.web.database import in_database


class AsyncAPIView(APIView):
    """``async def get`` and the like; ``request.data`` has been read by the time they run."""

    async def dispatch(  # type: ignore[override]  # a coroutine, as Django awaits it
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        self.args, self.kwargs = args, kwargs
        asked = self.initialize_request(request, *args, **kwargs)
        self.request = asked
        self.headers = self.default_response_headers
        try:
            await in_database(self._prepare, asked, *args, **kwargs)
            name = (asked.method or "").lower()
            is_known = name in self.http_method_names
            handler = getattr(self, name, None) if is_known else None
            handler = handler or self.http_method_not_allowed
            answer = handler(asked, *args, **kwargs)
            # OPTIONS, and what is not allowed, are the framework's own and do not wait.
            response = await answer if isawaitable(answer) else answer
        except Exception as error:
            # Re-raises what is a bug.
            response = self.handle_exception(error)
        self.response = self.finalize_response(asked, response, *args, **kwargs)
        return self.response

    def _prepare(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.initial(request, *args, **kwargs)
        if request.method in ("POST", "PUT", "PATCH", "DELETE"):
            _ = request.data

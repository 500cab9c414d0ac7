"""The base of pages that wait for a network."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views import View

from accounts.database import in_database
from accounts.models import User
from accounts.views import login_first


class AsyncPageView(View):
    """``accounts.views.PageView`` with ``async def`` handlers, for people who are logged in."""

    async def dispatch(  # type: ignore[override]  # a coroutine, as Django awaits it
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if not await in_database(_is_known, request):
            return login_first(request)
        # Of async handlers this gives coroutines, whatever its type says.
        answer = cast(Awaitable[HttpResponseBase], super().dispatch(request, *args, **kwargs))
        return await answer

    @property
    def user(self) -> User:
        return cast(User, self.request.user)

    @property
    def is_partial(self) -> bool:
        """Whether htmx asks for a part of a page."""
        return self.request.headers.get("HX-Request") == "true"

    async def page(
        self, template: str, context: dict[str, Any], *, status: int = 200
    ) -> HttpResponse:
        """Rendered off the event loop: templates read messages and what is left of the session."""
        return await sync_to_async(render)(self.request, template, context, status=status)


def _is_known(request: HttpRequest) -> bool:
    """Loads the session and its user, so that nothing later asks the database for them."""
    return request.user.is_authenticated

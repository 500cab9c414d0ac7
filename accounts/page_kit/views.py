"""The base of every page, and that of pages that wait for a network."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.views import View

from accounts.models import User
from gts.web.database import in_database
from gts.web.errors import AppError


class PageView(View):
    """A page, for people who are logged in unless it says otherwise."""

    is_public = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.is_public and not request.user.is_authenticated:
            return login_first(request)
        return super().dispatch(request, *args, **kwargs)

    @property
    def user(self) -> User:
        """Who is logged in; only for pages that are not public."""
        return cast(User, self.request.user)

    @property
    def is_partial(self) -> bool:
        """Whether htmx asks for a part of a page."""
        return self.request.headers.get("HX-Request") == "true"

    def show_error(self, error: AppError) -> None:
        """On the page that follows: each of its findings, or else what it says itself."""
        for text in [detail.message for detail in error.details] or [error.message]:
            messages.error(self.request, text)


class AsyncPageView(View):
    """``PageView`` with ``async def`` handlers, for people who are logged in."""

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


def login_first(request: HttpRequest) -> HttpResponse:
    """To the login, and back here afterwards."""
    if request.headers.get("HX-Request") == "true":
        if request.headers.get("X-Poll") == "true":
            # No one has clicked: the page says it, and what was typed there stays.
            return HttpResponse(status=401)
        # A redirect would put the login page into a part of this one.
        return HttpResponse(status=204, headers={"HX-Redirect": resolve_url("login")})
    return redirect_to_login(request.get_full_path())

"""What every page is made with: its base class, errors beside their fields, secrets shown once.

A secret is shown after a redirect: a page that was answered to a POST would make another one when
it is loaded again. Meanwhile it lies in the session, encrypted, for a minute at most.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Mapping
from typing import Any, Final, cast

from asgiref.sync import sync_to_async
from django import forms
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.views import View

from accounts.models import User
from accounts.token_encryption import DecryptionError, decrypt_secret, encrypt_secret
from gts.web.database import in_database
from gts.web.errors import AppError, InvalidInputError

# Of the session: secrets to be shown once.
_SHOWN_KEY: Final = "shown_once"
_SHOWN_FOR_S: Final = 60


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
    """``PageView`` with ``async def`` handlers, for people who are logged in: it may wait for a
    network."""

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


def add_app_error(
    form: forms.BaseForm, error: AppError, *, fields: Mapping[str, str] | None = None
) -> None:
    """Put each finding of ``error`` beside its field, or above the form when it has none.

    A pointer names its field anywhere along its path; ``fields`` translates where the names of
    the service and of the form differ.
    """
    names = {name: name for name in form.fields} | dict(fields or {})
    is_about_input = isinstance(error, InvalidInputError)
    for detail in error.details:
        parts = detail.pointer.strip("/").split("/")
        field = next((names[part] for part in reversed(parts) if part in names), None)
        # The details of other errors (a conflict, a wrong file) are for programs.
        form.add_error(field, detail.message if is_about_input else error.message)
    if not error.details:
        form.add_error(names.get("file"), error.message)


def show_once(request: HttpRequest, what: str, secrets: list[str]) -> None:
    """Give these to the page that asks for ``what`` next, in this session."""
    encrypted = encrypt_secret(json.dumps(secrets), owner=cast(User, request.user).uuid)
    request.session[_SHOWN_KEY] = {"what": what, "encrypted": encrypted, "at_s": time.time()}


def take_shown(request: HttpRequest, what: str) -> list[str]:
    """What is to be shown now, and never again; nothing if there is none, or it took too long."""
    kept = request.session.get(_SHOWN_KEY)
    if kept is None:
        return []
    is_in_time = time.time() - kept["at_s"] <= _SHOWN_FOR_S
    if kept["what"] != what and is_in_time:
        return []
    del request.session[_SHOWN_KEY]
    if not is_in_time:
        return []
    try:
        found: list[str] = json.loads(
            decrypt_secret(kept["encrypted"], owner=cast(User, request.user).uuid)
        )
    except DecryptionError:
        return []
    return found

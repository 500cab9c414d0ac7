"""Logging in and out; and the base of every page."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth import login
from django.contrib.auth.views import LoginView as DjangoLoginView
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from accounts.forms import LoginForm
from accounts.local_login import is_local_login_allowed
from accounts.models import User
from accounts.services import user_get_or_create_local

_LOCAL_BACKEND = "django.contrib.auth.backends.ModelBackend"


class PageView(View):
    """A page, for people who are logged in unless it says otherwise."""

    is_public = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.is_public and not request.user.is_authenticated:
            return _login_first(request)
        return super().dispatch(request, *args, **kwargs)

    @property
    def user(self) -> User:
        """Who is logged in; only for pages that are not public."""
        return cast(User, self.request.user)

    @property
    def is_partial(self) -> bool:
        """Whether htmx asks for a part of a page."""
        return self.request.headers.get("HX-Request") == "true"


class LoginView(DjangoLoginView):
    """By name and password; ``next`` leads only to pages of this site (Django checks it)."""

    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            has_local_login=is_local_login_allowed(self.request), **kwargs
        )


class LoginLocalView(PageView):
    """Become the person at this machine: one click, embedded mode on loopback only."""

    is_public = True
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        if not is_local_login_allowed(request):
            raise Http404
        login(request, user_get_or_create_local(), backend=_LOCAL_BACKEND)
        return HttpResponseRedirect(_next_url(request))


def _next_url(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if wanted and is_ours else resolve_url("shootout-mine")


def _login_first(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        # A redirect would put the login page into a part of this one.
        return HttpResponse(status=204, headers={"HX-Redirect": resolve_url("login")})
    return redirect_to_login(request.get_full_path())

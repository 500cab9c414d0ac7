"""Logging in, and the Account page: password, sessions and programs, personal access tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import LoginView as DjangoLoginView
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from social_django.utils import psa

from accounts.idempotency import make_once
from accounts.login.local import (
    is_local_login_allowed,
    is_open,
    owner_token_spend,
    secrets_dir,
    token_in,
)
from accounts.login.passwords import password_change
from accounts.login.two_factor import may_have_two_factor, pending_begin, two_factor_get
from accounts.models import TokenScope
from accounts.page_kit import PageView, add_app_error, show_once, take_shown
from accounts.pages.forms import ChangePasswordForm, LoginForm, PersonalTokenForm
from accounts.personal_data import user_erase
from accounts.quotas import quotas_get
from accounts.selectors import TONE3000, tone3000_connection_get
from accounts.services import LOCAL_USERNAME, user_get_or_create_local
from accounts.sessions.logins import current_login, login_end, logins_end_others, logins_list
from accounts.tokens.personal import (
    personal_token_create,
    personal_token_revoke,
    personal_tokens_list,
)
from accounts.tone3000.login import BEGUN_BY_KEY, begun_by
from accounts.tone3000.tokens import has_other_login, tone3000_disconnect
from gts.web.client_ip import client_address
from gts.web.errors import AppError

# What ``show_once`` and ``take_shown`` know a new token by.
NEW_TOKEN: Final = "token"
_LOCAL_BACKEND = "django.contrib.auth.backends.ModelBackend"
_OWNER_SESSION = timedelta(days=365)
OWNER_TOKEN_REFUSED = (
    "This token is wrong, or was used before. The console where GTS was started shows one at each "
    "start; “bin/gts owner_link” prints a new one."
)
MADE_ALREADY: Final = "This form was sent twice. The token was made once, and is shown once."


class LoginView(DjangoLoginView):
    """By name and password; ``next`` leads only to pages of this site (Django checks it)."""

    template_name = "accounts/login.html"
    authentication_form: type[AuthenticationForm] = LoginForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            has_local_login=is_local_login_allowed(self.request),
            needs_owner_token=not is_open(),
            has_tone3000_login=bool(settings.GTS_TONE3000_KEY),
            **kwargs,
        )

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """In, or first to the question for a code."""
        user = form.get_user()
        if two_factor_get(user) is None:
            return super().form_valid(form)
        pending_begin(self.request, user, self.get_success_url())
        return redirect("login-code")


class LoginLocalView(PageView):
    """Become the person at this machine: the button, with the owner's token beside it."""

    is_public = True
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        if not is_local_login_allowed(request):
            raise Http404
        wanted = request.POST.get("next", "")
        given = token_in(request.POST.get("token", ""))
        if not is_open() and not owner_token_spend(secrets_dir(), given):
            return _owner_refused(request, wanted)
        _log_in_owner(request)
        return HttpResponseRedirect(next_url(request, wanted))


class LoginLinkView(PageView):
    """Become the person at this machine: the address that the console shows.

    The token is the proof, so it works through a proxy, out of a container and from a phone too.
    It leaves the address bar at once, and no page learns of it (``Referrer-Policy``).
    """

    is_public = True
    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        if not settings.IS_EMBEDDED:
            raise Http404
        wanted = request.GET.get("next", "")
        answer: HttpResponse
        if getattr(request.user, "username", "") == LOCAL_USERNAME:
            answer = HttpResponseRedirect(next_url(request, wanted, otherwise="home"))
        elif owner_token_spend(secrets_dir(), request.GET.get("token", "")):
            _log_in_owner(request)
            answer = HttpResponseRedirect(next_url(request, wanted, otherwise="home"))
        else:
            answer = _owner_refused(request, wanted)
        answer["Referrer-Policy"] = "no-referrer"
        answer["Cache-Control"] = "private, no-store"
        return answer


def _log_in_owner(request: HttpRequest) -> None:
    login(request, user_get_or_create_local(), backend=_LOCAL_BACKEND)
    request.session.set_expiry(_OWNER_SESSION)


def _owner_refused(request: HttpRequest, wanted: str) -> HttpResponse:
    messages.error(request, OWNER_TOKEN_REFUSED)
    return redirect_to_login(wanted) if wanted else redirect("login")


class LoginTone3000View(PageView):
    """To Tone 3000 and back: logs in, or connects the account of who is logged in already.

    A POST with its token, so that no other page can start it in someone's name.
    """

    is_public = True
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        if not settings.GTS_TONE3000_KEY:
            raise Http404
        return cast(HttpResponse, _begin(request, TONE3000))


@psa("social:complete")  # type: ignore[no-untyped-call,untyped-decorator]
def _begin(request: Any, backend: str) -> HttpResponse:
    wanted = request.POST.get("next", "")
    request.session["next"] = next_url(request, wanted)  # where social-auth's callback looks for it
    request.session[BEGUN_BY_KEY] = begun_by(request)
    response: HttpResponse = request.backend.start()
    return response


class AccountView(PageView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(new_token="".join(take_shown(request, NEW_TOKEN)))

    def page(
        self,
        *,
        delete_error: str = "",
        token_form: PersonalTokenForm | None = None,
        new_token: str = "",
        status: int = 200,
    ) -> HttpResponse:
        """``new_token``: shown this once."""
        context = {
            "delete_error": delete_error,
            "tokens": personal_tokens_list(self.user),
            "token_form": token_form or PersonalTokenForm(auto_id="token-%s"),
            "new_token": new_token,
            "may_have_two_factor": may_have_two_factor(self.user),
            "two_factor": two_factor_get(self.user),
            "logins": logins_list(self.user, current_login(self.request)),
            "now": timezone.now(),
            "quotas": quotas_get(self.user),
            "connection": tone3000_connection_get(self.user),
            "has_tone3000_login": bool(settings.GTS_TONE3000_KEY),
            "has_other_login": has_other_login(self.user),
        }
        return render(self.request, "accounts/account.html", context, status=status)


class PasswordChangeView(PageView):
    """For who has one: others come in by other ways, and have none to change."""

    def dispatch(self, request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated and not request.user.has_usable_password():
            raise Http404
        return super().dispatch(request)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(ChangePasswordForm(request))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ChangePasswordForm(request, request.POST)
        if not form.is_valid():
            return self._page(form, status=422)
        password_change(
            user=self.user,
            password=form.cleaned_data["new_password1"],
            ends_tokens=form.cleaned_data["ends_tokens"],
            address=client_address(request),
        )
        update_session_auth_hash(request, self.user)  # this browser stays logged in
        messages.success(request, "Your password is changed. All other sessions have ended.")
        return redirect("account")

    def _page(self, form: ChangePasswordForm, *, status: int = 200) -> HttpResponse:
        return render(self.request, "accounts/password.html", {"form": form}, status=status)


class SessionEndView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        login_end(user=self.user, login_id=uuid, address=client_address(request))
        messages.success(request, "That session has ended.")
        return redirect("account")


class SessionsEndOthersView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        logins_end_others(
            user=self.user, current=current_login(request), address=client_address(request)
        )
        messages.success(request, "All other sessions have ended.")
        return redirect("account")


class PersonalTokenCreateView(AccountView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PersonalTokenForm(request.POST, auto_id="token-%s")
        if not form.is_valid():
            return self.page(token_form=form, status=422)
        try:
            made = make_once(request, lambda: self._create(form))
        except AppError as error:
            add_app_error(form, error)
            return self.page(token_form=form, status=error.status)
        if not made.is_new:
            messages.info(request, MADE_ALREADY)
        return redirect(f"{resolve_url('account')}#new-token")

    def _create(self, form: PersonalTokenForm) -> str:
        row, token = personal_token_create(
            user=self.user,
            name=form.cleaned_data["name"],
            scope=TokenScope(form.cleaned_data["scope"]),
            lifetime=timedelta(days=form.cleaned_data["lifetime_days"]),
            address=client_address(self.request),
        )
        show_once(self.request, NEW_TOKEN, [token])
        # Now, so that it is there for who waits for this and is sent to the page first.
        self.request.session.save()
        return str(row.uuid)


class PersonalTokenRevokeView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        personal_token_revoke(user=self.user, token_id=uuid, address=client_address(request))
        messages.success(request, "The token is revoked. Programs that use it are locked out.")
        return redirect("account")


class AccountDeleteView(AccountView):
    """Erases the account of who types its name."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            user_erase(user=self.user, confirm=request.POST.get("confirm", ""))
        except AppError as error:
            return self.page(delete_error=error.message, status=error.status)
        # Not by logging out, which would note that of someone who is no more.
        request.session.flush()
        request.user = AnonymousUser()
        messages.success(request, "Your account and everything in it is erased.")
        return redirect("home")


class Tone3000DisconnectView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        tone3000_disconnect(user=self.user, address=client_address(request))
        messages.success(request, "Tone 3000 is disconnected. Its tokens are deleted here.")
        return redirect("account")


def next_url(request: HttpRequest, wanted: str, *, otherwise: str = "shootout-mine") -> str:
    """``wanted`` if it leads to a page of this site, else the page of that name."""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if wanted and is_ours else resolve_url(otherwise)

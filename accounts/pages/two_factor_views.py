"""Two-factor login: its page on the account, and the question for a code."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from accounts.login.two_factor import (
    backup_codes_renew,
    code_check,
    has_shown_code,
    is_needed_for_admin,
    mark_session,
    may_have_two_factor,
    pending_complete,
    pending_get,
    qr_code,
    setup_url,
    two_factor_begin,
    two_factor_confirm,
    two_factor_get,
    two_factor_remove,
)
from accounts.models import TwoFactor
from accounts.page_kit import PageView, show_once, take_shown
from accounts.pages.forms import CodeForm, ProofForm
from accounts.pages.views import next_url
from gts.web.client_ip import client_address
from gts.web.errors import AppError

# Of ``accounts.page_kit``.
_NEW_CODES: Final = "backup codes"


class LoginCodeView(PageView):
    """Asks for the code after a right password; and, for the admin, of who came without one."""

    is_public = True
    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = self._asked()
        return self._page(CodeForm()) if asked else self._over()

    def post(self, request: HttpRequest) -> HttpResponse:
        asked = self._asked()
        if asked is None:
            return self._over()
        row, wanted = asked
        form = CodeForm(request.POST)
        if not form.is_valid():
            return self._page(form, status=422)
        code = form.cleaned_data["code"]
        try:
            if request.user.is_authenticated:
                code_check(request=request, row=row, code=code)
                mark_session(request, row)
            else:
                pending_complete(request, row, code)
        except AppError as error:
            form.add_error("code", error.message)
            return self._page(form, status=error.status)
        return HttpResponseRedirect(next_url(request, wanted))

    def _asked(self) -> tuple[TwoFactor, str] | None:
        if not self.request.user.is_authenticated:
            return pending_get(self.request)
        row = two_factor_get(self.user)
        return None if row is None else (row, self.request.GET.get("next", ""))

    def _over(self) -> HttpResponse:
        if self.request.user.is_authenticated:
            return redirect("account")
        messages.error(self.request, "That took too long. Please log in again.")
        return redirect("login")

    def _page(self, form: CodeForm, *, status: int = 200) -> HttpResponse:
        return render(self.request, "accounts/login_code.html", {"form": form}, status=status)


class TwoFactorView(PageView):
    """Sets it up with a QR code and a first code, or says that it is on."""

    def dispatch(self, request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated and not may_have_two_factor(self.user):
            raise Http404
        return super().dispatch(request)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(new_codes=take_shown(request, _NEW_CODES))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = CodeForm(request.POST)
        if not form.is_valid():
            return self.page(code_form=form, status=422)
        try:
            codes = two_factor_confirm(
                request=request, user=self.user, code=form.cleaned_data["code"]
            )
        except AppError as error:
            form.add_error("code", error.message)
            return self.page(code_form=form, status=error.status)
        show_once(request, _NEW_CODES, codes)
        messages.success(request, "Two-factor login is on. All other sessions have ended.")
        return redirect(request.get_full_path())  # with its next

    def page(
        self,
        *,
        code_form: CodeForm | None = None,
        proof_form: ProofForm | None = None,
        new_codes: list[str] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        """``new_codes``: backup codes, shown this once."""
        row = two_factor_get(self.user)
        code_form = code_form or CodeForm()
        code_form.fields["code"].help_text = ""  # there are no backup codes yet
        context: dict[str, Any] = {
            "two_factor": row,
            "is_asked_at_login": self.user.has_usable_password(),
            "is_asked_by_admin": self.user.is_staff and is_needed_for_admin(),
            "new_codes": new_codes,
            "code_form": code_form,
            "proof_form": proof_form or ProofForm(self.request),
            "next": next_url(self.request, self.request.GET.get("next", ""), otherwise="account"),
        }
        if row is None:
            _, secret = two_factor_begin(request=self.request, user=self.user)
            context["secret"] = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
            context["qr"] = qr_code(setup_url(self.user, secret))
        return render(self.request, "accounts/two_factor.html", context, status=status)


class _Confirmed(TwoFactorView, ABC):
    """What asks for the password, of who has one, and for a code: a session from before it was on
    has shown no code, and who learned the password alone must not get rid of it."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        row = two_factor_get(self.user)
        if row is None:
            return redirect("two-factor")
        form = ProofForm(request, request.POST)
        if not form.is_valid():
            return self.page(proof_form=form, status=422)
        try:
            code_check(request=request, row=row, code=form.cleaned_data["code"])
        except AppError as error:
            form.add_error("code", error.message)
            return self.page(proof_form=form, status=error.status)
        return self.act(row)

    @abstractmethod
    def act(self, row: TwoFactor) -> HttpResponse:
        """What was confirmed."""


class TwoFactorOffView(_Confirmed):
    def act(self, row: TwoFactor) -> HttpResponse:
        two_factor_remove(user=self.user, address=client_address(self.request))
        messages.success(self.request, "Two-factor login is switched off.")
        return redirect("account")


class BackupCodesView(_Confirmed):
    def act(self, row: TwoFactor) -> HttpResponse:
        show_once(self.request, _NEW_CODES, backup_codes_renew(request=self.request, row=row))
        return redirect("two-factor")


def admin_step(request: HttpRequest, user: Any, wanted: str) -> HttpResponse:
    """Where an operator is sent who is logged in and has shown no code, as the admin needs."""
    row = two_factor_get(user)
    if row is None:
        messages.info(request, "The admin needs two-factor login: set it up first.")
    name = "two-factor" if row is None else "login-code"
    return redirect_to_login(wanted, login_url=name)


def may_enter_admin(request: HttpRequest) -> bool:
    """Of an operator who is logged in: whether they have shown what the admin needs."""
    if not is_needed_for_admin():
        return True
    row = two_factor_get(request.user)  # type: ignore[arg-type]  # an operator is a user
    return row is not None and has_shown_code(request, row)

"""Changing one's password."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from accounts.login.passwords import password_change
from accounts.page_kit.views import PageView
from accounts.pages.forms import ChangePasswordForm
from gts.web.client_ip import client_address


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

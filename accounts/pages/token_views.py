"""Personal access tokens on the Account page."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url

from accounts.models import TokenScope
from accounts.page_kit.form_keys import make_once
from accounts.page_kit.forms import add_app_error
from accounts.page_kit.shown_once import show_once
from accounts.page_kit.views import PageView
from accounts.pages.forms import PersonalTokenForm
from accounts.pages.views import NEW_TOKEN, AccountView
from accounts.tokens.personal import personal_token_create, personal_token_revoke
from gts.web.client_ip import client_address
from gts.web.errors import AppError

MADE_ALREADY: Final = "This form was sent twice. The token was made once, and is shown once."


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

"""Personal access tokens on the Account page."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.addresses import client_address
from accounts.errors import AppError
from accounts.forms import PersonalTokenForm, add_app_error
from accounts.models import TokenScope
from accounts.personal_tokens import personal_token_create, personal_token_revoke
from accounts.views import AccountView, PageView


class PersonalTokenCreateView(AccountView):
    """Answers with the page itself: a token that waited for a redirect would have to be kept."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PersonalTokenForm(request.POST, auto_id="token-%s")
        if not form.is_valid():
            return self.page(token_form=form, status=422)
        try:
            _, token = personal_token_create(
                user=self.user,
                name=form.cleaned_data["name"],
                scope=TokenScope(form.cleaned_data["scope"]),
                lifetime=timedelta(days=form.cleaned_data["lifetime_days"]),
                address=client_address(request),
            )
        except AppError as error:
            add_app_error(form, error)
            return self.page(token_form=form, status=error.status)
        return self.page(new_token=token)


class PersonalTokenRevokeView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        personal_token_revoke(user=self.user, token_id=uuid, address=client_address(request))
        messages.success(request, "The token is revoked. Programs that use it are locked out.")
        return redirect("account")

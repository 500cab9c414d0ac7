"""Ending sessions and programs, on the Account page."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.page_kit.views import PageView
from accounts.sessions.logins import current_login, login_end, logins_end_others
from gts.web.client_ip import client_address


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

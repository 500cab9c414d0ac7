"""The admin: its login asks as the login page does, and operators show a second factor."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from accounts.pages.forms import AdminLoginForm
from accounts.pages.two_factor_views import admin_step, may_enter_admin
from accounts.pages.views import LoginView, next_url


class AdminLoginView(LoginView):
    """In the looks of the admin. Who is logged in and no operator may log in as another."""

    template_name = "admin/login.html"
    authentication_form = AdminLoginForm
    redirect_authenticated_user = False
    next_page = "admin:index"


class OperatorAdminSite(AdminSite):
    def has_permission(self, request: Any) -> bool:
        return super().has_permission(request) and may_enter_admin(request)

    @method_decorator(never_cache)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        index = reverse("admin:index", current_app=self.name)
        wanted = next_url(request, request.GET.get(REDIRECT_FIELD_NAME, ""), otherwise=index)
        if super().has_permission(request):
            if not may_enter_admin(request):
                return admin_step(request, request.user, wanted)
            if request.method == "GET":
                return HttpResponseRedirect(wanted)
        context = {
            **self.each_context(request),
            "title": "Log in",
            "subtitle": None,
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
            REDIRECT_FIELD_NAME: wanted,
            **(extra_context or {}),
        }
        request.current_app = self.name
        return cast(HttpResponse, AdminLoginView.as_view(extra_context=context)(request))

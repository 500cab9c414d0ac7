"""Logging in and out, and the account."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import include, path
from django.views.decorators.http import require_http_methods
from social_django.views import complete

from accounts.pages import two_factor_views, views

# It logs in, by a code that is good once: not for a HEAD, which must change nothing.
_complete = require_http_methods(["GET", "POST"])(complete)

urlpatterns = [
    path("login/", views.LoginView.as_view(), name="login"),
    path("login/code/", two_factor_views.LoginCodeView.as_view(), name="login-code"),
    path("login/local/", views.LoginLocalView.as_view(), name="login-local"),
    path("login/link/", views.LoginLinkView.as_view(), name="login-link"),
    path("login/tone3000/", views.LoginTone3000View.as_view(), name="login-tone3000"),
    # The callback registered at Tone 3000. Of social-auth's other addresses none is offered.
    path("", include(([path("complete/<str:backend>/", _complete, name="complete")], "social"))),
    path("account/", views.AccountView.as_view(), name="account"),
    path(
        "account/tone3000/disconnect/",
        views.Tone3000DisconnectView.as_view(),
        name="tone3000-disconnect",
    ),
    path(
        "account/tokens/",
        views.PersonalTokenCreateView.as_view(),
        name="personal-token-new",
    ),
    path(
        "account/tokens/<uuid:uuid>/revoke/",
        views.PersonalTokenRevokeView.as_view(),
        name="personal-token-revoke",
    ),
    path(
        "account/sessions/end-others/",
        views.SessionsEndOthersView.as_view(),
        name="sessions-end-others",
    ),
    path(
        "account/sessions/<uuid:uuid>/end/",
        views.SessionEndView.as_view(),
        name="session-end",
    ),
    path("account/two-factor/", two_factor_views.TwoFactorView.as_view(), name="two-factor"),
    path(
        "account/two-factor/off/",
        two_factor_views.TwoFactorOffView.as_view(),
        name="two-factor-off",
    ),
    path(
        "account/two-factor/backup-codes/",
        two_factor_views.BackupCodesView.as_view(),
        name="backup-codes",
    ),
    path("account/password/", views.PasswordChangeView.as_view(), name="password-change"),
    path("account/delete/", views.AccountDeleteView.as_view(), name="account-delete"),
    path("logout/", LogoutView.as_view(), name="logout"),
]

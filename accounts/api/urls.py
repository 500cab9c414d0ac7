from __future__ import annotations

from django.urls import path

from accounts.api import personal_tokens, views

urlpatterns = [
    path("auth/token/", views.TokenCreateView.as_view(), name="api-token"),
    path("auth/token/refresh/", views.TokenRefreshView.as_view(), name="api-token-refresh"),
    path("auth/token/revoke/", views.TokenRevokeView.as_view(), name="api-token-revoke"),
    path("me/", views.MeView.as_view(), name="api-me"),
    path(
        "me/tokens/",
        personal_tokens.PersonalTokenListView.as_view(),
        name="api-personal-token-list",
    ),
    path(
        "me/tokens/<uuid:uuid>/",
        personal_tokens.PersonalTokenView.as_view(),
        name="api-personal-token",
    ),
    path("me/sessions/", views.LoginListView.as_view(), name="api-session-list"),
    path("me/sessions/<uuid:uuid>/", views.LoginEndView.as_view(), name="api-session"),
    path("me/export/", views.MeExportView.as_view(), name="api-me-export"),
]

"""Logging in and out."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import views

urlpatterns = [
    path("login/", views.LoginView.as_view(), name="login"),
    path("login/local/", views.LoginLocalView.as_view(), name="login-local"),
    path("logout/", LogoutView.as_view(), name="logout"),
]

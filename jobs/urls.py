"""Pages of notifications."""

from __future__ import annotations

from django.urls import path

from jobs import views

urlpatterns = [
    path("notifications/", views.NotificationListView.as_view(), name="notification-list"),
    path("notifications/bell/", views.NotificationBellView.as_view(), name="notification-bell"),
    path(
        "notifications/read/",
        views.NotificationReadAllView.as_view(),
        name="notification-read-all",
    ),
    path(
        "notifications/<uuid:uuid>/open/",
        views.NotificationOpenView.as_view(),
        name="notification-open",
    ),
]

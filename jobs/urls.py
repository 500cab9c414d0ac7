"""Pages of jobs and notifications."""

from __future__ import annotations

from django.urls import path

from jobs import views

urlpatterns = [
    path("jobs/", views.JobListView.as_view(), name="job-list"),
    path("jobs/<uuid:uuid>/row/", views.JobRowView.as_view(), name="job-row"),
    path("jobs/<uuid:uuid>/cancel/", views.JobCancelView.as_view(), name="job-cancel"),
    path("jobs/<uuid:uuid>/retry/", views.JobRetryView.as_view(), name="job-retry"),
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

from __future__ import annotations

from django.urls import path

from jobs.api import notifications, views

urlpatterns = [
    path("jobs/", views.JobListView.as_view(), name="api-job-list"),
    path("jobs/<uuid:uuid>/", views.JobDetailView.as_view(), name="api-job"),
    path("jobs/<uuid:uuid>/cancel/", views.JobCancelView.as_view(), name="api-job-cancel"),
    path("jobs/<uuid:uuid>/retry/", views.JobRetryView.as_view(), name="api-job-retry"),
    path(
        "notifications/",
        notifications.NotificationListView.as_view(),
        name="api-notification-list",
    ),
    path(
        "notifications/read/",
        notifications.NotificationReadAllView.as_view(),
        name="api-notification-read-all",
    ),
    path(
        "notifications/<uuid:uuid>/",
        notifications.NotificationDetailView.as_view(),
        name="api-notification",
    ),
    path(
        "notifications/<uuid:uuid>/read/",
        notifications.NotificationReadView.as_view(),
        name="api-notification-read",
    ),
]

from __future__ import annotations

from django.urls import path

from jobs.api import jobs, notifications

urlpatterns = [
    path("jobs/", jobs.JobListView.as_view(), name="api-job-list"),
    path("jobs/<uuid:uuid>/", jobs.JobDetailView.as_view(), name="api-job"),
    path("jobs/<uuid:uuid>/cancel/", jobs.JobCancelView.as_view(), name="api-job-cancel"),
    path("jobs/<uuid:uuid>/retry/", jobs.JobRetryView.as_view(), name="api-job-retry"),
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

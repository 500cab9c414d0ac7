from __future__ import annotations

from django.urls import path

from jobs.api import views

urlpatterns = [
    path("jobs/", views.JobListView.as_view(), name="api-job-list"),
    path("jobs/<uuid:uuid>/", views.JobDetailView.as_view(), name="api-job"),
    path("jobs/<uuid:uuid>/cancel/", views.JobCancelView.as_view(), name="api-job-cancel"),
    path("jobs/<uuid:uuid>/retry/", views.JobRetryView.as_view(), name="api-job-retry"),
]

"""The WebSocket addresses of jobs."""

from __future__ import annotations

from django.urls import path, re_path

from jobs.consumers import JobConsumer, NowhereConsumer

websocket_urlpatterns = [
    path("ws/jobs/<uuid:uuid>/", JobConsumer.as_asgi()),
    re_path(r"", NowhereConsumer.as_asgi()),
]

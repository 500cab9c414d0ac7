"""The WebSocket addresses of jobs and notifications."""

from __future__ import annotations

from django.urls import path, re_path

from jobs.live.consumers import JobConsumer, NotFoundConsumer
from jobs.live.notification_consumer import NotificationConsumer

websocket_urlpatterns = [
    path("ws/jobs/<uuid:uuid>/", JobConsumer.as_asgi()),
    path("ws/notifications/", NotificationConsumer.as_asgi()),
    re_path(r"", NotFoundConsumer.as_asgi()),
]

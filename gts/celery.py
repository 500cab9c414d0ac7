"""The Celery application. Two queues: `short` work never waits behind `render` work."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gts.settings")

app = Celery("gts")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["jobs"])
app.conf.beat_schedule = {
    "jobs-sweep": {"task": "jobs.sweep", "schedule": 30.0},
}

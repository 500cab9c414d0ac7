"""The Celery application. Two queues: `short` work never waits behind `render` work."""

from __future__ import annotations

import os

from celery import Celery
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gts.settings")

app = Celery("gts")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = (Queue("short"), Queue("render"))
app.conf.beat_schedule = {
    # A sweep nobody had time for is of no use later: the next one is on its way.
    "jobs-sweep": {"task": "jobs.sweep", "schedule": 30.0, "options": {"expires": 30.0}},
}
app.autodiscover_tasks(["jobs"])

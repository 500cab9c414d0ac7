"""The Celery application. Two queues: `short` work never waits behind `render` work."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

from gts.checks import refuse_bad_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gts.settings")

app = Celery("gts")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = (Queue("short"), Queue("render"))
app.conf.beat_schedule = {
    # A sweep nobody had time for is of no use later: the next one is on its way.
    "jobs-sweep": {"task": "jobs.sweep", "schedule": 30.0, "options": {"expires": 30.0}},
}
app.autodiscover_tasks(["jobs"])


@worker_init.connect
@beat_init.connect
def _refuse_bad_start(**_: Any) -> None:
    """Exceptions of receivers are only logged, so this one leaves on its own."""
    try:
        refuse_bad_start()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from error

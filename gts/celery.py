"""The Celery application. Two queues: `short` work never waits behind `render` work."""

from __future__ import annotations

import gc
import logging.config
import os
import threading
from importlib import import_module
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import (
    beat_init,
    celeryd_init,
    setup_logging,
    task_postrun,
    worker_init,
    worker_process_init,
    worker_shutting_down,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue
from kombu.transport import TRANSPORT_ALIASES

from gts.checks import refuse_bad_production_start
from gts.ops.memory import give_back
from gts.ops.orphaned_files import remove_orphaned_files
from gts.ops.work_folder import work_folder_look
from jobs.queue.stopping import shutdown, stuck_work

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gts.settings")
# All checks of Django need all pages and the API; ``_refuse_bad_start`` has those that matter here.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

CLEANUP_EVERY_S = 3600.0

# By its name: what needs no Redis need not load it.
TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "gts.redis_transports:Transport"))
app = Celery("gts")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = (Queue("short"), Queue("render"))
app.conf.beat_schedule = {
    # A sweep no one had time for is of no use later: the next one is on its way.
    "jobs-sweep": {
        "task": "jobs.sweep",
        "schedule": settings.JOB_SWEEP_S,
        "options": {"expires": settings.JOB_SWEEP_S},
    },
    "maintenance": {
        "task": "maintenance.daily",
        "schedule": crontab(hour="3", minute="40"),  # UTC
        "options": {"expires": 6 * 60 * 60},
    },
    "accounts-cleanup": {
        "task": "accounts.clean_up",
        "schedule": CLEANUP_EVERY_S,
        "options": {"expires": CLEANUP_EVERY_S},
    },
}
if settings.GTS_BACKUP_DIR:
    app.conf.beat_schedule["backup"] = {
        "task": "maintenance.backup",
        "schedule": crontab(hour="2", minute="40"),  # before anything is pruned
        "options": {"expires": 6 * 60 * 60},
    }
app.autodiscover_tasks(["accounts", "jobs", "gts"])


@setup_logging.connect
def _log_as_everywhere(**_: Any) -> None:
    """With a receiver Celery leaves the log alone: its lines look like those of the web."""
    logging.config.dictConfig(settings.LOGGING)
    logging.captureWarnings(True)


@celeryd_init.connect  # of `celery worker`, and not of the workers in an embedded server
@beat_init.connect
def _refuse_bad_start(**_: Any) -> None:
    """Exceptions of receivers are only logged, so this one leaves on its own."""
    try:
        refuse_bad_production_start()
    except ImproperlyConfigured as error:
        raise SystemExit(f"GTS does not start: {error}") from error


@worker_init.connect
def _look_at_work_folder(**_: Any) -> None:
    """Before the pool forks, which takes the choice of a folder over."""
    work_folder_look()


@worker_init.connect
@worker_process_init.connect
def _tidy_up(**_: Any) -> None:
    """After a whole worker was killed, and after one process of its pool."""
    remove_orphaned_files()


@worker_init.connect
def _load_what_computes(**_: Any) -> None:
    """Before the pool forks, which shares it: a new process took a second for it in its first
    render, in which no wish to cancel was seen; and for a passage that someone waits to hear. An
    embedded server starts without it."""
    if not settings.IS_EMBEDDED:
        for name in ("shootouts.jobs.segment_audio", "scipy.signal"):
            import_module(name)
        # What was imported stays. A collection after each render would look through all of it with
        # the GIL held, while the news of the render waits to be sent.
        gc.freeze()


@task_postrun.connect
def _give_memory_back(task: Any = None, **_: Any) -> None:
    """After what computes. Short jobs that read files leave less, and come often."""
    queue = (task.request.delivery_info or {}).get("routing_key") if task is not None else None
    if queue == "render":
        give_back()


@worker_process_init.connect
def _may_be_replaced(**_: Any) -> None:
    """A process of the pool whose work never stops may end: the pool starts another."""
    stuck_work.may_end_process = True


@worker_shutting_down.connect
def _hand_back_jobs(**_: Any) -> None:
    """Celery would wait for running jobs without end, however soon the SIGKILL comes."""
    shutdown.announce()
    # The pool's processes end with this one.
    end = threading.Timer(settings.GTS_STOP_GRACE_S, os._exit, [0])
    end.daemon = True
    end.start()

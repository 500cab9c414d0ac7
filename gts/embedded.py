"""The worker inside the server process, for the mode that needs no other servers.

The same Celery tasks as in production, over the in-memory broker, in threads. What a message
forgot, because the process ended, is in the database: every start picks up what was dropped.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, get_args

from celery.worker import WorkController
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models.functions import Now
from django.utils import timezone

from gts.celery import CLEANUP_EVERY_S, app
from gts.ops.orphaned_files import remove_orphaned_files
from gts.ops.work_folder import with_work_folder
from gts.server_lock import LockedError, holding
from gts.web.database import seconds_ago
from jobs.models import ProcessRole
from jobs.pipeline.gate import gate
from jobs.queue.cleanup import sweep
from jobs.queue.process_heartbeat import ProcessHeartbeat
from jobs.queue.stopping import shutdown, stuck_work
from jobs.registry import Queue

logger = logging.getLogger(__name__)

SWEEP_S: Final = 5.0
_STRANDED_AFTER_S: Final = 1.0
# Two may read long files while a third renders a passage that someone waits to hear.
_SHORT_THREADS: Final = 3
_READY_WITHIN_S: Final = 20.0
# What beat sends elsewhere.
_DAY_S: Final = 24 * 60 * 60
_EVERY_S: Final = {
    "accounts.clean_up": CLEANUP_EVERY_S,
    "maintenance.daily": _DAY_S,
    **({"maintenance.backup": _DAY_S} if settings.GTS_BACKUP_DIR else {}),
}
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class StartError(Exception):
    """The embedded worker cannot start; the text is for anyone who started the server."""


class EmbeddedWorker:
    """Short work and renders, each in threads of their own, so that none waits for the other."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._lock = ExitStack()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._controllers: list[WorkController] = []
        self._process_heartbeat = ProcessHeartbeat(
            ProcessRole.WORKER, queues=get_args(Queue), figures=with_work_folder(stuck_work.as_json)
        )

    def start(self) -> None:
        """Take up what an earlier process left, then work. Raises ``StartError``."""
        try:
            self._lock.enter_context(holding(self._data_dir))
        except LockedError as error:
            raise StartError(
                f"{error} Stop it first, or give this one a folder of its own with GTS_DATA_DIR."
            ) from error
        shutdown.revoke()
        try:
            # No one else can hold a job, so whatever is running was left by a dead process.
            sweep(lost_before=Now(), stranded_before=Now())
        except DatabaseError as error:
            self._lock.close()
            raise StartError(f"The database is not ready ({error}): manage.py migrate") from error
        finally:
            connection.close()
        remove_orphaned_files()
        gate.open()
        self._start_worker("short", _SHORT_THREADS)
        self._start_worker("render", settings.GTS_WORKER_THREADS)
        self._process_heartbeat.start()
        self._start_thread("embedded-sweep", self._keep_sweeping)
        gate.warm_up()  # so that the first upload does not wait for it

    def stop(self) -> None:
        """Jobs hand back what they do, then the threads end: within seconds."""
        shutdown.announce()
        self._stopping.set()
        self._process_heartbeat.stop()
        for controller in self._controllers:
            self._start_thread("embedded-stop", controller.stop)
        deadline_s = time.monotonic() + settings.GTS_STOP_GRACE_S
        for thread in self._threads:
            thread.join(max(deadline_s - time.monotonic(), 0.0))
        gate.close()
        if any(thread.is_alive() for thread in self._threads):
            # Python would wait for the pool's threads without end.
            logger.info("a job did not stop in time; it was handed back over its head")
            end = threading.Timer(1.0, os._exit, [0])
            end.daemon = True
            end.start()
        else:
            self._lock.close()

    def _start_worker(self, queue: Queue, num_threads: int) -> None:
        is_ready = threading.Event()
        controller = WorkController(
            app=app,
            ready_callback=lambda consumer: is_ready.set(),
            hostname=f"{queue}@embedded",
            queues=[queue],
            pool="threads",
            concurrency=num_threads,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        self._controllers.append(controller)
        self._start_thread(f"embedded-{queue}", controller.start)
        # The choice of queues is kept by the app, so the next worker would change this one's.
        if not is_ready.wait(_READY_WITHIN_S):
            raise StartError(f"The worker for {queue} jobs did not start.")

    def _start_thread(self, name: str, target: Callable[[], object]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _keep_sweeping(self) -> None:
        lost_after = timedelta(seconds=settings.JOB_LOST_AFTER_S)
        awake_since = last = timezone.now()
        # Soon after each start too: some machines run for minutes a day.
        due = dict.fromkeys(_EVERY_S, last)
        while not self._stopping.wait(SWEEP_S):
            now = timezone.now()
            if now - last > timedelta(seconds=6 * SWEEP_S):
                awake_since = now  # the machine slept: heartbeats are old, workers are not dead
            last = now
            for task, every_s in _EVERY_S.items():
                if now >= due[task]:
                    due[task] = now + timedelta(seconds=every_s)
                    app.send_task(task)
            is_rested = now - awake_since >= lost_after
            try:
                sweep(
                    lost_before=seconds_ago(settings.JOB_LOST_AFTER_S) if is_rested else _NEVER,
                    # Queued, with no message in this process: by another one, a command.
                    stranded_before=seconds_ago(_STRANDED_AFTER_S),
                )
            except Exception:
                logger.exception("the sweep failed")
            finally:
                connection.close()

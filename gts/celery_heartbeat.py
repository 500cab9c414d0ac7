"""Workers and beat say that they are alive. Imported when the apps are ready."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from celery.signals import (
    after_task_publish,
    beat_init,
    celeryd_init,
    worker_ready,
    worker_shutdown,
)
from django.conf import settings
from django.db import connection

from gts.ops.work_folder import with_work_folder
from jobs.models import ProcessRole
from jobs.queue.process_heartbeat import ProcessHeartbeat

if TYPE_CHECKING:
    from celery.worker.consumer import Consumer

logger = logging.getLogger(__name__)

_TURN_EVERY_S: Final = 5.0
_HANGS_AFTER_S: Final = 30.0

# Of this process, if it is a worker or beat.
_heartbeats: dict[str, ProcessHeartbeat] = {}


class LoopWatch:
    """Whether the event loop of a worker turns: it comes by every few seconds.

    While the loop waits for its broker, it does not, and is not asked to.
    """

    def __init__(self) -> None:
        self._seen_s: float | None = None

    def come_by(self) -> None:
        self._seen_s = time.monotonic()

    def pause(self) -> None:
        self._seen_s = None

    def is_turning(self) -> bool:
        return self._seen_s is None or time.monotonic() - self._seen_s < _HANGS_AFTER_S


loop_watch = LoopWatch()


@celeryd_init.connect
def _watch_the_loop(sender: Any, instance: Any, **_: Any) -> None:
    from celery.bootsteps import StartStopStep  # for a worker alone

    class Watched(StartStopStep):
        """Starts and ends with each connection to the broker."""

        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, consumer: Consumer) -> None:
            loop_watch.come_by()
            consumer.timer.call_repeatedly(_TURN_EVERY_S, loop_watch.come_by)

        def stop(self, consumer: Consumer) -> None:
            loop_watch.pause()  # the consumer clears its timers by itself

    instance.app.steps["consumer"].add(Watched)


def _alive_file() -> Path | None:
    return Path(settings.GTS_ALIVE_FILE) if settings.GTS_ALIVE_FILE else None


@worker_ready.connect
def _worker_is_there(sender: Any, **_: Any) -> None:
    queues = sender.app.amqp.queues.consume_from
    process_heartbeat = ProcessHeartbeat(
        ProcessRole.WORKER,
        queues=queues,
        alive_file=_alive_file(),
        figures=with_work_folder(),
        is_working=loop_watch.is_turning,
    )
    _heartbeats[ProcessRole.WORKER] = process_heartbeat
    process_heartbeat.start()
    logger.info("worker ready: %s", ", ".join(queues))


@worker_shutdown.connect
def _worker_goes(**_: Any) -> None:
    process_heartbeat = _heartbeats.pop(ProcessRole.WORKER, None)
    if process_heartbeat is not None:
        process_heartbeat.stop()


@beat_init.connect
def _beat_is_there(**_: Any) -> None:
    process_heartbeat = ProcessHeartbeat(ProcessRole.BEAT, alive_file=_alive_file())
    _heartbeats[ProcessRole.BEAT] = process_heartbeat
    process_heartbeat.beat()
    connection.close()
    logger.info("beat ready")


@after_task_publish.connect
def _beat_did_something(**_: Any) -> None:
    """Beat is alive when it sends: a thread beside it would live on while it hangs."""
    process_heartbeat = _heartbeats.get(ProcessRole.BEAT)
    if process_heartbeat is not None:
        process_heartbeat.beat()
        connection.close()

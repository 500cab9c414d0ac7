"""Workers and beat say that they are alive. Imported when the apps are ready."""

from __future__ import annotations

import logging
from typing import Any

from celery.signals import (
    after_task_publish,
    beat_init,
    worker_ready,
    worker_shutdown,
)
from django.db import connection

from jobs.models import ProcessRole
from jobs.presence import Presence

logger = logging.getLogger(__name__)

# Of this process, if it is a worker or beat.
_presences: dict[str, Presence] = {}


@worker_ready.connect
def _worker_is_there(sender: Any, **_: Any) -> None:
    queues = sender.app.amqp.queues.consume_from
    presence = Presence(ProcessRole.WORKER, queues=queues)
    _presences[ProcessRole.WORKER] = presence
    presence.start()
    logger.info("worker ready: %s", ", ".join(queues))


@worker_shutdown.connect
def _worker_goes(**_: Any) -> None:
    presence = _presences.pop(ProcessRole.WORKER, None)
    if presence is not None:
        presence.stop()


@beat_init.connect
def _beat_is_there(**_: Any) -> None:
    _presences[ProcessRole.BEAT] = presence = Presence(ProcessRole.BEAT)
    presence.beat()
    connection.close()
    logger.info("beat ready")


@after_task_publish.connect
def _beat_did_something(**_: Any) -> None:
    """Beat is alive when it sends: a thread beside it would live on while it hangs."""
    presence = _presences.get(ProcessRole.BEAT)
    if presence is not None:
        presence.beat()
        connection.close()

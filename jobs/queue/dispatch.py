"""From a row to a message: the id of a queued job goes to the queue of its handler.

Tasks are sent by name, so this knows nothing of what runs them.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any, Final

from celery import current_app
from django.db import transaction
from kombu.pools import producers

from gts.web import redis_away
from jobs.models import Job
from jobs.registry import Queue, handler_for

logger = logging.getLogger(__name__)

RUN_TASK: Final = "jobs.run"
# A request waits for it. The second try, at once, is for a connection that went stale; beyond that
# the sweep sends it again. Only for what is sent: who waits for messages has all the time.
_TRIES: Final = 2
_TRANSPORT_OPTIONS: Final = {
    "socket_timeout": redis_away.TIMEOUT_S,
    "socket_connect_timeout": redis_away.TIMEOUT_S,
    "max_retries": 0,
}


def dispatch_on_commit(job: Job) -> None:
    """Send the message for a queued job once its row is there for everybody to see."""
    queue = handler_for(job.kind).queue
    transaction.on_commit(partial(dispatch, str(job.uuid), queue), robust=True)


def dispatch(job_id: str, queue: Queue) -> bool:
    """Send the message now. False when the broker did not take it: the sweep will try again."""
    error: Exception | None = None
    for _ in range(_TRIES):
        if redis_away.is_hanging():
            break
        try:
            _send(job_id, queue)
        except Exception as refusal:  # whatever the transport raises; the row is safe
            error = refusal
            redis_away.note(refusal)
        else:
            return True
    reason = "Redis does not answer" if error is None else repr(error)
    logger.warning("job %s could not be sent to queue %s: %s", job_id, queue, reason)
    return False


def _send(job_id: str, queue: Queue) -> None:
    connection = current_app.connection_for_write(transport_options=_TRANSPORT_OPTIONS)
    with producers[connection].acquire(block=True, timeout=2 * redis_away.TIMEOUT_S) as producer:
        current_app.send_task(RUN_TASK, args=[job_id], queue=queue, producer=producer, retry=False)


def num_messages(queue: Queue) -> int:
    """How many messages wait in ``queue``. Raises what the transport raises."""
    with current_app.connection_for_read(transport_options=_TRANSPORT_OPTIONS) as connection:
        channel: Any = connection.default_channel
        return int(channel.queue_declare(queue=queue, durable=True).message_count)

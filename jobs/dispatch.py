"""From a row to a message: the id of a queued job goes to the queue of its handler.

Tasks are sent by name, so this knows nothing of what runs them.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any, Final

from celery import current_app
from django.db import transaction

from jobs.models import Job
from jobs.registry import Queue, handler_for

logger = logging.getLogger(__name__)

RUN_TASK: Final = "jobs.run"
# One quick second try for a connection that went stale; beyond that the sweep sends it again.
_RETRY_POLICY: Final = {
    "max_retries": 1,
    "interval_start": 0.0,
    "interval_step": 0.2,
    "interval_max": 0.2,
}


def dispatch_on_commit(job: Job) -> None:
    """Send the message for a queued job once its row is there for everybody to see."""
    queue = handler_for(job.kind).queue
    transaction.on_commit(partial(dispatch, str(job.uuid), queue), robust=True)


def dispatch(job_id: str, queue: Queue) -> bool:
    """Send the message now. False when the broker did not take it: the sweep will try again."""
    try:
        current_app.send_task(
            RUN_TASK, args=[job_id], queue=queue, retry=True, retry_policy=_RETRY_POLICY
        )
    except Exception as error:  # whatever the transport raises; the row is safe
        logger.warning("job %s could not be sent to queue %s: %r", job_id, queue, error)
        return False
    return True


def num_messages(queue: Queue) -> int:
    """How many messages wait in ``queue``. Raises what the transport raises."""
    with current_app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        return int(channel.queue_declare(queue=queue, durable=True).message_count)

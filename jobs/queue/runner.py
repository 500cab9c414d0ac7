"""What a worker does with one job: claim it, keep it alive, do it, write down how it ended."""

from __future__ import annotations

import logging
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from gts.web.database import seconds_ago
from jobs.models import Job
from jobs.pipeline.errors import CancelledError, PipelineError
from jobs.pipeline.formats.records import JSONObject
from jobs.queue import lifecycle
from jobs.queue.current_job import checked_by, within_job
from jobs.queue.failures import DATABASE_TROUBLE, failure_from
from jobs.queue.heartbeat import Heartbeat
from jobs.queue.stopping import shutdown
from jobs.registry import ChildJob, handler_for

logger = logging.getLogger(__name__)

# The end of a job is written with patience: a render took minutes, a restart of the database less.
_SETTLE_PAUSES_S: Final = (0.2, 1.0, 5.0)

# How an attempt ended, as the move that writes it down.
_Move = Callable[[], object]


class Context:
    """What a running handler may use (``jobs.registry.JobContext``)."""

    def __init__(self, job: Job, heartbeat: Heartbeat) -> None:
        self.job = job
        self._heartbeat = heartbeat

    def report(self, fraction: float, message: str = "") -> None:
        self._heartbeat.report(fraction, message)

    def holding(self) -> AbstractContextManager[None]:
        return lifecycle.holding(self.job)

    def spawn(self, children: Sequence[ChildJob]) -> None:
        self._heartbeat.mute()
        lifecycle.spawn(self.job, children)


def run_next(ticket: UUID) -> bool:
    """Run the job whose turn it is, in the queue of the job that ``ticket`` names.

    False when there is none. Not inside a transaction: others could see neither the claim nor
    the progress.
    """
    return _run(partial(lifecycle.claim_next, ticket))


def run_job(uuid: UUID) -> bool:
    """Run this very job, whosever turn it is. False when another has it, or it is over."""
    return _run(partial(lifecycle.claim, uuid))


def _run(claim: Callable[..., Job | None]) -> bool:
    if connection.in_atomic_block:
        raise transaction.TransactionManagementError("a job cannot run inside a transaction")
    if shutdown.is_set():
        return False
    job = claim(worker=_worker_name())
    if job is None:
        logger.debug("there is nothing to be claimed")
        return False
    with within_job(job):
        logger.info("job %s (%s) starts, attempt %d", job.uuid, job.kind, job.attempt)
        _settle(job, _attempt(job))
    return True


def _worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{threading.current_thread().name}"


def _attempt(job: Job) -> _Move:
    """Do the work. The answer is the move that ends the attempt; nothing is written here."""
    heartbeat = Heartbeat(job, shutdown)
    try:
        handler = handler_for(job.kind)
        with heartbeat, checked_by(heartbeat.check):
            result = handler.run(Context(job, heartbeat))
    except CancelledError:
        if heartbeat.is_lost:
            return _leave_to_the_newer_attempt
        if shutdown.is_set() and not heartbeat.is_cancelled:
            return partial(lifecycle.hand_back, job)
        return partial(lifecycle.cancel, job)
    except Exception as error:
        return _after(error, job)
    return partial(_complete, job, result)


def _leave_to_the_newer_attempt() -> None:
    """Fenced off: whatever happens to the job now is not for this attempt to say."""


def _complete(job: Job, result: JSONObject) -> None:
    try:
        lifecycle.complete(job, result)
    except DATABASE_TROUBLE:
        raise
    except Exception as error:  # the handler could not take its own result
        _after(error, job)()


def _after(error: Exception, job: Job) -> _Move:
    failure = failure_from(error)
    if isinstance(error, PipelineError):
        logger.warning("job %s (%s) failed: %s", job.uuid, job.kind, error)
    else:
        logger.error("job %s (%s) failed", job.uuid, job.kind, exc_info=error)
    if failure.is_permanent:
        return partial(lifecycle.fail, job, failure)
    not_before = seconds_ago(-_retry_delay_s(job.num_failures))
    return partial(lifecycle.retry_later, job, failure, not_before=not_before)


def _retry_delay_s(num_failures: int) -> float:
    """Full jitter: many jobs that failed together do not come back together."""
    delays_s = settings.JOB_RETRY_DELAYS_S
    return random.uniform(0.0, delays_s[min(num_failures, len(delays_s) - 1)])


def _settle(job: Job, move: _Move) -> None:
    """Write down how the attempt ended. If the database stays away, the sweep finds the job."""
    for pause_s in (*_SETTLE_PAUSES_S, None):
        try:
            move()
        except DATABASE_TROUBLE as error:
            logger.warning("the end of job %s could not be written: %s", job.uuid, error)
            connection.close()
            if pause_s is not None:
                time.sleep(pause_s)
        else:
            return
    logger.error("job %s is left to the sweep", job.uuid)

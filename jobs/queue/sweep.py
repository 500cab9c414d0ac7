"""What finds the jobs that were dropped: by a worker that died, a broker that forgot, a clock."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import get_args

from django.conf import settings
from django.db.models import Exists, OuterRef

from gts.web.clock import Moment, seconds_ago
from jobs.models import Job
from jobs.queue import lifecycle
from jobs.queue.dispatch import dispatch, num_messages
from jobs.queue.fair_queue import num_claimable
from jobs.registry import Queue, kinds_of
from jobs.states import ACTIVE, JobState

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SweepReport:
    num_lost: int
    num_retried: int
    num_resolved: int
    num_dispatched: int


def sweep(
    *, lost_before: Moment | None = None, stranded_before: Moment | None = None
) -> SweepReport:
    """Put back to work whatever was dropped. Harmless at any time, by any number of processes.

    ``lost_before``: a worker not heard of since then is dead (default ``JOB_LOST_AFTER_S`` ago).
    ``stranded_before``: a queued job younger than that is taken to be on its way (default
    ``JOB_STRANDED_AFTER_S`` ago).
    """
    lost_before = lost_before or seconds_ago(settings.JOB_LOST_AFTER_S)
    stranded_before = stranded_before or seconds_ago(settings.JOB_STRANDED_AFTER_S)
    # Before anything is sent: what this sweep itself queues is not stranded.
    num_dispatched = _dispatch_stranded(stranded_before)
    lost = Job.objects.lost(heartbeat_before=lost_before)
    report = SweepReport(
        num_lost=_each(lost, partial(lifecycle.declare_lost, heartbeat_before=lost_before)),
        num_retried=_each(Job.objects.due(), lifecycle.requeue),
        num_resolved=_each(_forgotten_parents(), lifecycle.look_at_children),
        num_dispatched=num_dispatched,
    )
    if report != SweepReport(0, 0, 0, 0):
        logger.info("sweep: %s", report)
    return report


def _each(jobs: Iterable[Job], act: Callable[[Job], bool]) -> int:
    """One bad job must not keep the others from being found."""
    num_done = 0
    for job in list(jobs):
        try:
            num_done += act(job)
        except Exception:
            logger.exception("the sweep could not help job %s", job.uuid)
    return num_done


def _forgotten_parents() -> Iterable[Job]:
    """Parents that wait although nothing below them is on the move."""
    moving = ACTIVE - {JobState.PENDING}
    children = Job.objects.filter(
        parent=OuterRef("pk"), parent_attempt=OuterRef("attempt"), state__in=moving
    )
    return Job.objects.waiting().filter(~Exists(children))


def _dispatch_stranded(queued_before: Moment) -> int:
    """Send messages again for queued jobs that have none.

    A queue holds at least as many messages as there are jobs in it that a worker could take,
    unless some were lost. Then as many as are missing are sent again: a long queue is left alone.
    """
    queues: tuple[Queue, ...] = get_args(Queue)
    num_dispatched = 0
    for queue in queues:
        queued = Job.objects.filter(state=JobState.QUEUED, kind__in=kinds_of(queue))
        stranded = list(
            queued.filter(queued_at__lte=queued_before)
            .order_by("queued_at", "id")
            .values_list("uuid", flat=True)
        )
        if not stranded:
            continue
        try:
            num_missing = num_claimable(queue) - num_messages(queue)
        except Exception as error:  # whatever the transport raises
            logger.warning("the broker does not answer: %r", error)
            return num_dispatched
        for uuid in stranded[: max(num_missing, 0)]:
            num_dispatched += dispatch(str(uuid), queue)
    return num_dispatched

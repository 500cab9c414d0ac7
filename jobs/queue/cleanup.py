"""What looks after the rows of jobs from time to time.

``sweep`` finds jobs that were dropped (by a worker that died, a broker that forgot, a clock) and
puts them back to work. ``jobs_prune`` deletes old jobs: whole trees that have ended, with their
notifications. What they made stays.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, get_args

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from gts.web.database import Moment, seconds_ago
from jobs.models import ACTIVE, Job, JobQuerySet, JobState
from jobs.queue import lifecycle
from jobs.queue.dispatch import dispatch, num_messages
from jobs.queue.fair_queue import num_claimable
from jobs.registry import Queue, kinds_of

logger = logging.getLogger(__name__)

_TREES_AT_ONCE: Final = 50  # a tree may have hundreds of jobs


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


@dataclass(frozen=True, slots=True)
class Pruned:
    num_trees: int
    num_jobs: int

    def __add__(self, other: Pruned) -> Pruned:
        return Pruned(self.num_trees + other.num_trees, self.num_jobs + other.num_jobs)


NOTHING: Final = Pruned(0, 0)


def prunable_count(*, ended_before: datetime) -> Pruned:
    """What ``jobs_prune`` would delete."""
    roots = Job.objects.roots().ended(before=ended_before)
    return Pruned(roots.count(), sum(level.count() for level in _levels(roots)))


def jobs_prune(*, ended_before: datetime) -> Pruned:
    """Delete trees whose root ended before then, some dozens at a time, the oldest first."""
    total = NOTHING
    kept: list[int] = []
    while True:
        with transaction.atomic():
            # One that is being redriven at this moment is locked, and stays.
            oldest = (
                Job.objects.roots()
                .ended(before=ended_before)
                .exclude(pk__in=kept)
                .order_by("finished_at", "pk")
                .select_for_update(skip_locked=True)
            )
            roots = list(oldest.values_list("pk", flat=True)[:_TREES_AT_ONCE])
            if not roots:
                return total
            done = _delete_trees(roots)
        if done.num_trees < len(roots):
            kept += Job.objects.filter(pk__in=roots).values_list("pk", flat=True)
        total += done


def _delete_trees(roots: list[int]) -> Pruned:
    """All but those in which something is still on the move."""
    parent_of: dict[int, int] = {}
    moving: set[int] = set()
    level = roots
    while level:
        children = Job.objects.filter(parent__in=level).values_list("pk", "parent_id", "state")
        level = []
        for pk, parent_id, state in children:
            if parent_id is not None:
                parent_of[pk] = parent_id
            if state in ACTIVE:
                moving.add(pk)
            level.append(pk)
    busy = {_root_of(pk, parent_of) for pk in moving}
    finished = [pk for pk in roots if pk not in busy]
    num_jobs = sum(_root_of(pk, parent_of) not in busy for pk in (*roots, *parent_of))
    Job.objects.filter(pk__in=finished).delete()  # and by cascade all that is below
    return Pruned(len(finished), num_jobs)


def _root_of(pk: int, parent_of: dict[int, int]) -> int:
    while pk in parent_of:
        pk = parent_of[pk]
    return pk


def _levels(roots: JobQuerySet) -> Iterator[JobQuerySet]:
    level = roots
    while level.exists():
        yield level
        level = Job.objects.filter(parent__in=level.order_by().values("pk"))

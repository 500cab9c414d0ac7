"""The moves of a job, and what follows from them for the other jobs of its tree.

Three rules make this safe with any number of workers:

- A move is one conditional UPDATE on the state it leaves (and on the attempt, for what a running
  attempt does). If it did not change exactly one row, someone else was first.
- Whatever may touch more than one job locks the *root* of the tree first. Claims, heartbeats and
  progress touch one row each and lock nothing else. So there is one order of locks: root, then
  the others, then the rows of features (in ``JobHandler.finished``).
- A move, what follows from it in the tree, and what the handler makes of it are one transaction.
  Messages and news leave after its commit.

Everything here but ``lift_progress`` is called inside a transaction that has called ``lock``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Case, F, FloatField, QuerySet, Sum, When
from django.db.models.functions import Now

from jobs.live import events
from jobs.live.notifications import notify_end
from jobs.models import ACTIVE, TERMINAL, Job, JobState, sources_of
from jobs.queue.dispatch import dispatch_on_commit
from jobs.queue.failures import DATABASE_TROUBLE, Failure, failure_from
from jobs.registry import handler_for, limit_for

logger = logging.getLogger(__name__)


def move(rows: QuerySet[Job], target: JobState, **changes: Any) -> bool:
    """The one UPDATE that changes a state, from where the table of moves allows it."""
    changes = {"state": target, "updated_at": Now(), **changes}
    return rows.filter(state__in=sources_of(target)).update(**changes) == 1


def finish(
    job: Job, rows: QuerySet[Job], state: JobState, *, is_one_of_many: bool = False, **changes: Any
) -> bool:
    """The one door to the end. Afterwards ``job`` is as in the database and its handler knows."""
    changes = {"finished_at": Now(), "heartbeat_at": None, "message": "", **changes}
    if not move(rows, state, is_waiting=False, **changes):
        return False
    job.refresh_from_db()
    events.publish(job, is_one_of_many=is_one_of_many)
    if limit_for(job.kind) is not None:
        _let_another_begin(job)
    if state == JobState.COMPLETED:
        handler_for(job.kind).finished(job)
    else:
        _tell_bad_news(job)
    notify_end(job)
    took_s = None if job.duration_s is None else round(job.duration_s, 3)
    facts = {"kind": job.kind, "state": str(job.state), "duration_s": took_s}
    logger.info("job %s has ended", job.uuid, extra={"facts": facts})
    return True


def _let_another_begin(ended: Job) -> None:
    """Its place is free. The message of the one that waits may have come too early."""
    same = Job.objects.filter(owner=ended.owner_id, kind=ended.kind, state=JobState.QUEUED)
    waiting = same.order_by("pk").first()
    if waiting is not None:
        dispatch_on_commit(waiting)


def _tell_bad_news(job: Job) -> None:
    """A handler that cannot take it must not keep the job from ending."""
    try:
        with transaction.atomic():
            handler_for(job.kind).finished(job)
    except DATABASE_TROUBLE:
        raise
    except Exception:
        logger.exception("the handler of %s did not take the end of %s", job.kind, job.uuid)


def lock(job: Job) -> None:
    """Hold the root's row until the transaction ends. (SQLite holds the whole file already.)"""
    root_id, parent_id = job.pk, job.parent_id
    while parent_id is not None:
        root_id = parent_id
        parent_id = Job.objects.filter(pk=root_id).values_list("parent_id", flat=True).first()
    # no_key: rows that only point at this one may be written meanwhile.
    Job.objects.select_for_update(no_key=True).values_list("pk").filter(pk=root_id).first()


def advance(parent: Job) -> None:
    """Look whether a waiting parent has something to start, or has ended. Harmless at any time."""
    parent.refresh_from_db()
    if parent.state != JobState.RUNNING or not parent.is_waiting:
        return
    children = list(parent.current_children())
    ahead = [child for child in children if not child.is_finished]
    is_ending = (
        parent.cancel_requested_at is not None
        or parent.error_code != ""
        or any(_is_missing(child) for child in children)
    )
    if is_ending:
        for child in ahead:
            cancel_unless_running(child, among=[JobState.PENDING])
        events.publish_tree(parent)  # before the news of its own end, after which no one listens
        ahead = [child for child in ahead if not child.is_finished]
    if not ahead:
        _resolve(parent, children)
        return
    if not is_ending:
        stage = min(child.stage for child in ahead)
        for child in ahead:
            if child.stage == stage and child.state == JobState.PENDING:
                _start(child)
        lift_progress(parent)
    events.publish_tree(parent)


def _is_missing(child: Job) -> bool:
    """Ended without the result that its parent cannot do without."""
    return child.is_required and child.state in (JobState.FAILED, JobState.CANCELLED)


def _start(child: Job) -> None:
    pending = Job.objects.filter(pk=child.pk, state=JobState.PENDING)
    if move(pending, JobState.QUEUED, queued_at=Now()):
        child.refresh_from_db()
        dispatch_on_commit(child)
        events.publish(child, is_one_of_many=True)


def _resolve(parent: Job, children: Sequence[Job]) -> None:
    """All children have ended, so the parent ends too."""
    missing = [child for child in children if _is_missing(child)]
    failed = [child for child in missing if child.state == JobState.FAILED]
    changes: dict[str, Any] = {}
    if parent.cancel_requested_at is not None:
        state = JobState.CANCELLED
    elif parent.error_code:
        state = JobState.FAILED
    elif failed:
        state = JobState.FAILED
        first = failed[0]
        changes = Failure(first.error_code, first.error_message, first.error_detail).fields()
    elif missing:
        state = JobState.CANCELLED
    else:
        state, changes = JobState.COMPLETED, {"progress": 100.0}
    waiting = Job.objects.held_by(parent).waiting()
    try:
        with transaction.atomic():
            finish(parent, waiting, state, **changes)
    except DATABASE_TROUBLE:
        raise
    except Exception as error:
        # Only a completed job's handler may refuse. Its children are done: trying again is useless.
        logger.exception("the handler of %s refused the result of %s", parent.kind, parent.uuid)
        finish(parent, waiting, JobState.FAILED, **failure_from(error).fields())
    if parent.parent is not None:
        advance(parent.parent)


def cancel_below(job: Job) -> None:
    for child in job.current_children().filter(state__in=ACTIVE):
        Job.objects.filter(pk=child.pk).update(cancel_requested_at=Now())
        child.refresh_from_db()
        if child.is_waiting:
            cancel_below(child)
            advance(child)
        else:
            cancel_unless_running(child)


def cancel_unless_running(job: Job, among: Sequence[JobState] | None = None) -> None:
    idle = [JobState.PENDING, JobState.QUEUED, JobState.RETRYING] if among is None else among
    rows = Job.objects.filter(pk=job.pk, state__in=idle)
    finish(job, rows, JobState.CANCELLED, is_one_of_many=True)


def lift_progress(parent: Job) -> bool:
    """Progress of a waiting parent: the weighted mean over its children, never backwards.

    Of one that is being cancelled, or has failed, it stays: what ends unfinished is no progress.
    """
    is_over = When(state__in=TERMINAL, then=F("weight") * 100.0)
    total = parent.current_children().aggregate(
        whole=Sum("weight"),
        done=Sum(Case(is_over, default=F("weight") * F("progress"), output_field=FloatField())),
    )
    if not total["whole"]:
        return False
    progress = min(total["done"] / total["whole"], 100.0)
    waiting = Job.objects.held_by(parent).waiting()
    wanted = waiting.filter(progress__lt=progress, cancel_requested_at=None, error_code="")
    if wanted.update(progress=progress) != 1:
        return False
    parent.progress = progress
    events.publish(parent)
    return True

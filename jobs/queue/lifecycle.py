"""The life of a job from its creation to its end. Only this and ``tree`` write its state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Greatest, Now

from gts.web.database import Moment, database_now
from gts.web.request_id import current_request_id
from jobs.live import events
from jobs.models import TERMINAL, Job, JobState
from jobs.pipeline.errors import CancelledError
from jobs.pipeline.formats.records import JSONObject
from jobs.queue import fair_queue, tree
from jobs.queue.dispatch import dispatch_on_commit
from jobs.queue.failures import NO_FAILURE, WORKER_LOST, Failure
from jobs.registry import ChildJob, handler_for, known_kinds

if TYPE_CHECKING:
    from accounts.models import User

# Beginning ----------------------------------------------------------------------------------------


@transaction.atomic
def create(
    *, kind: str, owner: User, payload: JSONObject, label: str = "", weight: float = 1.0
) -> Job:
    """A new root job, queued. Raises ``KeyError`` for a kind no one registered."""
    handler_for(kind)
    job = Job.objects.create(
        kind=kind,
        owner=owner,
        payload=dict(payload),
        label=label[:200],
        weight=weight,
        state=JobState.QUEUED,
        queued_at=database_now(),
        request_id=current_request_id(),
    )
    dispatch_on_commit(job)
    return job


@transaction.atomic
def claim(uuid: UUID, *, worker: str) -> Job | None:
    """Take this queued job. None when it is not there to be taken: then there is nothing to do."""
    return _claim(Job.objects.filter(uuid=uuid), worker)


@transaction.atomic
def claim_next(ticket: UUID, *, worker: str) -> Job | None:
    """Take the job whose turn it is, in the queue of the job that ``ticket`` names.

    None when there is none to be taken.
    """
    kind = Job.objects.filter(uuid=ticket).values_list("kind", flat=True).first()
    if kind not in known_kinds():  # deleted, or of a newer release than this worker
        return None
    pk = fair_queue.next_job(handler_for(kind).queue)
    return None if pk is None else _claim(Job.objects.filter(pk=pk), worker)


def _claim(rows: QuerySet[Job], worker: str) -> Job | None:
    is_claimed = tree.move(
        rows,
        JobState.RUNNING,
        attempt=F("attempt") + 1,
        worker=worker[:100],
        started_at=Now(),
        heartbeat_at=Now(),
        not_before=None,
        **NO_FAILURE,
    )
    if not is_claimed:
        return None
    job = rows.select_related("parent", "owner").get()
    events.publish(job)
    return job


# While it runs ------------------------------------------------------------------------------------


def beat(job: Job) -> bool:
    """A sign of life. False when this attempt no longer holds the job."""
    return Job.objects.held_by(job).update(heartbeat_at=Now()) == 1


def write_progress(job: Job, *, progress: float, message: str) -> bool:
    """Percent and what is being done. False when this attempt no longer holds the job."""
    num_written = Job.objects.held_by(job).update(
        progress=Greatest(F("progress"), Value(progress)),
        message=message[:200],
        heartbeat_at=Now(),
    )
    if num_written != 1:
        return False
    job.progress = max(job.progress, progress)
    job.message = message[:200]
    events.publish(job)
    parent = job.parent
    while parent is not None and tree.lift_progress(parent):
        parent = parent.parent
    return True


@contextmanager
def holding(job: Job) -> Iterator[None]:
    """A transaction in which no one can take ``job`` from this attempt.

    Raises ``CancelledError`` when it has been taken already.
    """
    with transaction.atomic():
        held = Job.objects.held_by(job).select_for_update(no_key=True)
        if held.values_list("pk").first() is None:
            raise CancelledError
        yield


@transaction.atomic
def spawn(job: Job, children: Sequence[ChildJob]) -> None:
    """Leave the rest of ``job`` to ``children``; the first stage is queued at once.

    Raises ``CancelledError`` when the job is no longer wanted or no longer ours.
    """
    if not children:
        raise ValueError("a job cannot wait for no children")
    tree.lock(job)
    is_ours = Job.objects.held_by(job).filter(is_waiting=False, cancel_requested_at=None)
    if is_ours.update(is_waiting=True, heartbeat_at=None) != 1:
        raise CancelledError
    now = database_now()
    first_stage = min(child.stage for child in children)
    for kind in {child.kind for child in children}:
        handler_for(kind)
    rows = [
        Job(
            kind=child.kind,
            owner_id=job.owner_id,
            parent=job,
            parent_attempt=job.attempt,
            stage=child.stage,
            weight=child.weight,
            is_required=child.is_required,
            label=child.label[:200],
            payload=dict(child.payload),
            request_id=job.request_id,
            state=JobState.QUEUED if child.stage == first_stage else JobState.PENDING,
            queued_at=now if child.stage == first_stage else None,
        )
        for child in children
    ]
    for row in Job.objects.bulk_create(rows):
        if row.state == JobState.QUEUED:
            dispatch_on_commit(row)
    events.publish_tree(job)


# Ending -------------------------------------------------------------------------------------------


def complete(job: Job, result: JSONObject) -> bool:
    """The work is done. False when this attempt no longer holds the job.

    Of one that left work to children only the result is kept: it ends, or has ended, with the
    last of them. Raises what the handler raises on hearing it; then nothing has changed.
    """
    if job.current_children().exists():
        mine = Job.objects.filter(pk=job.pk, attempt=job.attempt)
        return mine.update(result=dict(result)) == 1
    return _end_running(job, JobState.COMPLETED, result=dict(result), progress=100.0, **NO_FAILURE)


def fail(job: Job, failure: Failure) -> bool:
    """It cannot succeed. False when this attempt no longer holds the job."""
    if Job.objects.held_by(job).waiting().exists():
        return _fail_children(job, failure)
    return _end_running(
        job, JobState.FAILED, num_failures=F("num_failures") + 1, **failure.fields()
    )


def cancel(job: Job, *, detail: str = "") -> bool:
    """Its owner no longer wants it, and the work has stopped, or (``detail``, for operators) does
    not stop."""
    changes = {"error_detail": detail} if detail else {}
    return _end_running(job, JobState.CANCELLED, **changes)


@transaction.atomic
def retry_later(job: Job, failure: Failure, *, not_before: Moment) -> bool:
    """It may succeed another time: at ``not_before``, unless that was its last chance."""
    if Job.objects.held_by(job).waiting().exists():
        return _fail_children(job, failure)
    tree.lock(job)
    fresh = Job.objects.held_by(job).select_related("parent").first()
    if fresh is None:
        return False
    if fresh.cancel_requested_at is not None:
        return cancel(job)
    if fresh.num_failures + 1 >= settings.JOB_MAX_FAILURES:
        return fail(job, failure)
    _put_aside(fresh, not_before=not_before, num_failures=F("num_failures") + 1, **failure.fields())
    return True


@transaction.atomic
def hand_back(job: Job) -> bool:
    """Back to the queue unfinished, without blame: this worker has to stop."""
    return _give_up(job, Job.objects.held_by(job))


@transaction.atomic
def declare_lost(job: Job, *, heartbeat_before: Moment) -> bool:
    """Back to the queue: its worker has not been heard of. Too often, and the job fails."""
    lost = Job.objects.held_by(job).lost(heartbeat_before=heartbeat_before)
    return _give_up(job, lost, num_lost=F("num_lost") + 1)


def _give_up(job: Job, rows: QuerySet[Job], **changes: Any) -> bool:
    tree.lock(job)
    fresh = rows.filter(is_waiting=False).select_related("parent").first()
    if fresh is None:
        return False
    if fresh.cancel_requested_at is not None:
        return cancel(fresh)
    if "num_lost" in changes and fresh.num_lost + 1 >= settings.JOB_MAX_LOST:
        return _end_running(fresh, JobState.FAILED, **changes, **WORKER_LOST.fields())
    _put_aside(fresh, not_before=Now(), **changes)
    return requeue(fresh)


def requeue(job: Job) -> bool:
    """A retrying job goes back to the queue."""
    retrying = Job.objects.filter(pk=job.pk, state=JobState.RETRYING)
    if not tree.move(retrying, JobState.QUEUED, queued_at=Now()):
        return False
    job.refresh_from_db()
    dispatch_on_commit(job)
    events.publish(job)
    return True


def _put_aside(job: Job, *, not_before: Moment, **changes: Any) -> None:
    held = Job.objects.held_by(job)
    tree.move(
        held, JobState.RETRYING, not_before=not_before, heartbeat_at=None, worker="", **changes
    )
    job.refresh_from_db()
    events.publish(job)


@transaction.atomic
def _end_running(job: Job, state: JobState, **changes: Any) -> bool:
    tree.lock(job)
    if not tree.finish(job, Job.objects.held_by(job).filter(is_waiting=False), state, **changes):
        return False
    if job.parent is not None:
        tree.advance(job.parent)
    return True


@transaction.atomic
def look_at_children(parent: Job) -> bool:
    """Start or end what a waiting parent should have. True when that ended it."""
    tree.lock(parent)
    tree.advance(parent)
    return parent.is_finished


@transaction.atomic
def _fail_children(job: Job, failure: Failure) -> bool:
    """A parent failed after it had left the work to its children: they stop, then it fails."""
    tree.lock(job)
    if not Job.objects.held_by(job).waiting().update(**failure.fields()):
        return False
    tree.cancel_below(job)
    tree.advance(job)
    return True


# Cancelling and redriving -------------------------------------------------------------------------


@transaction.atomic
def request_cancel(job: Job) -> bool:
    """Stop ``job`` and all below it: now where nothing runs, else as soon as a worker notices.

    False when it has already ended.
    """
    tree.lock(job)
    job.refresh_from_db()
    if job.is_finished:
        return False
    Job.objects.filter(pk=job.pk).update(cancel_requested_at=Now(), message="Canceling…")
    job.refresh_from_db()
    if job.is_waiting:
        tree.cancel_below(job)
        tree.advance(job)
    else:
        tree.cancel_unless_running(job)
    job.refresh_from_db()
    if job.is_finished and job.parent is not None:
        tree.advance(job.parent)
    events.publish_tree(job)
    return True


@transaction.atomic
def redrive(job: Job) -> bool:
    """A failed or cancelled job starts a new life. False in any other state."""
    tree.lock(job)
    ended = Job.objects.filter(pk=job.pk, state__in=TERMINAL)
    is_queued = tree.move(
        ended,
        JobState.QUEUED,
        queued_at=Now(),
        progress=0.0,
        message="",
        num_failures=0,
        num_lost=0,
        not_before=None,
        cancel_requested_at=None,
        started_at=None,
        finished_at=None,
        worker="",
        request_id=current_request_id() or F("request_id"),
        **NO_FAILURE,
    )
    if not is_queued:
        return False
    job.refresh_from_db()
    dispatch_on_commit(job)
    events.publish(job)
    return True

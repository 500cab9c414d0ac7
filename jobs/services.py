"""What people may ask of jobs: enqueue, cancel, retry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from gts.web.errors import ConflictError
from jobs.models import Job
from jobs.pipeline.formats.records import JSONObject
from jobs.queue import fair_queue, lifecycle

if TYPE_CHECKING:
    from accounts.models import User


@transaction.atomic
def job_enqueue(
    *, kind: str, owner: User, payload: JSONObject, label: str = "", weight: float = 1.0
) -> Job:
    """A new job of a registered kind, on its way to a worker once the caller's transaction commits.

    ``payload`` is JSON: ids of the inputs, no secrets. ``weight``: how much work it is beside
    others; who asks for less is served first. Raises ``KeyError`` for an unknown kind, and
    ``LimitError`` TOO_MANY_WAITING when the owner has as many waiting as the kind allows.
    """
    fair_queue.check_room(owner, kind)
    return lifecycle.create(kind=kind, owner=owner, payload=payload, label=label, weight=weight)


@transaction.atomic
def job_cancel(*, job: Job) -> Job:
    """Stop ``job`` and everything below it.

    What has not started ends at once and never starts; what runs notices within two seconds.
    Raises ``ConflictError`` JOB_FINISHED when there is nothing left to stop.
    """
    if not lifecycle.request_cancel(job):
        raise ConflictError("This job has already ended.", code="JOB_FINISHED")
    job.refresh_from_db()
    return job


@transaction.atomic
def jobs_cancel_all(owner: User) -> None:
    """Stop everything that is under way for someone."""
    for job in Job.objects.roots().active().filter(owner=owner):
        lifecycle.request_cancel(job)


@transaction.atomic
def job_retry(*, job: Job) -> Job:
    """Queue a failed or cancelled job again, with a clean slate.

    Raises ``ConflictError`` JOB_NOT_RETRYABLE in any other state, and JOB_HAS_PARENT for a part
    of something larger: there only the whole can be run again, and it knows which parts it needs.
    ``LimitError`` as ``job_enqueue``.
    """
    if job.parent_id is not None:
        raise ConflictError(
            "This is a part of a larger job: retry that one.", code="JOB_HAS_PARENT"
        )
    fair_queue.check_room(job.owner, job.kind)
    if not lifecycle.redrive(job):
        raise ConflictError(
            "Only a failed or cancelled job can be retried.", code="JOB_NOT_RETRYABLE"
        )
    job.refresh_from_db()
    return job

"""Who asked for a job hears how it ended: a row, and news for the windows that are open.

Features tell their users of other things by ``notification_create``.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jobs.live import events
from jobs.models import Job, JobState, Notification, NotificationState
from jobs.registry import Notice, notice_for

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)


_TOLD = (JobState.COMPLETED, JobState.FAILED)  # who cancels knows it already


def notify_end(job: Job) -> None:
    """For every job that has ended, in the transaction that ends it. Only whole jobs are told."""
    if job.parent_id is not None or job.state not in _TOLD:
        return
    notice = notice_for(job.kind)
    if not notice.is_told:
        return
    is_quiet = notice.is_quiet and job.state == JobState.COMPLETED
    notification = Notification.objects.create(
        owner=job.owner,
        job=job,
        state=job.state,
        message=_message(job),
        path=_path(job, notice),
        read_at=timezone.now() if is_quiet else None,
    )
    if not is_quiet:
        events.publish_notification(job.owner.uuid, describe_notification(notification))


@transaction.atomic
def notification_create(
    *, owner: User, kind: str, subject_id: UUID, label: str, message: str, path: str
) -> Notification:
    """Tell ``owner`` of something that is no job of theirs.

    Anyone who takes away what it is about (``subject_id``) calls ``notifications_withdraw``.
    """
    notification = Notification.objects.create(
        owner=owner,
        state=NotificationState.NEWS,
        subject_id=subject_id,
        subject_kind=kind,
        subject_label=label[:200],
        message=message,
        path=path[:200],
    )
    events.publish_notification(owner.uuid, describe_notification(notification))
    return notification


def notifications_withdraw(*, subject_ids: Collection[UUID]) -> None:
    """What they were about is gone, or no longer to be seen: so are they.

    One query where there are none, as with most of many comments that go at once.
    """
    found = Notification.objects.filter(subject_id__in=subject_ids)
    owners = dict(found.values_list("pk", "owner__uuid"))
    if not owners:
        return
    with transaction.atomic():
        found.filter(pk__in=list(owners)).delete()
        for owner_id in set(owners.values()):
            events.publish_notifications_read(owner_id)


def _path(job: Job, notice: Notice) -> str:
    """A page that cannot be named must not keep the job from ending."""
    try:
        return notice.page(job)[:200]
    except Exception:
        logger.exception("job %s (%s) leads nowhere", job.uuid, job.kind)
        return ""


def _message(job: Job) -> str:
    if job.state == JobState.FAILED:
        return job.error_message
    children = job.current_children()
    num_failed = children.filter(state=JobState.FAILED).count()
    if num_failed:
        return f"{num_failed} of {children.count()} parts failed."
    return " ".join(job.notes)


def describe_notification(notification: Notification) -> dict[str, Any]:
    """A notification as its owner sees it: nothing for operators, nothing internal."""
    return {
        "id": str(notification.uuid),
        "job_id": str(notification.job.uuid) if notification.job else None,
        "kind": notification.kind,
        "label": notification.label,
        "state": notification.state,
        "message": notification.message,
        "path": notification.path,
        "created_at": notification.created_at.isoformat(),
    }


@transaction.atomic
def notification_read(*, notification: Notification) -> Notification:
    """Its owner has seen it. A second time changes nothing."""
    unread = Notification.objects.filter(pk=notification.pk).unread()
    if unread.update(read_at=timezone.now(), updated_at=timezone.now()):
        events.publish_notifications_read(notification.owner.uuid)
    notification.refresh_from_db(fields=["read_at", "updated_at"])
    return notification


@transaction.atomic
def notification_read_all(*, owner: User) -> int:
    """Everything that there is now has been seen. Returns how many were new."""
    unread = Notification.objects.owned_by(owner).unread()
    num_read = unread.update(read_at=timezone.now(), updated_at=timezone.now())
    if num_read:
        events.publish_notifications_read(owner.uuid)
    return num_read

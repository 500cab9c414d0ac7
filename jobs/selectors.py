"""Reading jobs. A job is found through its owner; for everybody else it does not exist."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, get_args
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from gts.web.clock import MAX_CLOCK_DIFFERENCE_S, seconds_ago
from gts.web.errors import NotFoundError
from jobs.models import (
    ALIVE_WITHIN_S,
    Job,
    JobQuerySet,
    Notification,
    NotificationQuerySet,
    Process,
    ProcessRole,
)
from jobs.registry import Queue

if TYPE_CHECKING:
    from accounts.models import User


def job_list(user: User) -> JobQuerySet:
    """The jobs of ``user``, newest first, parents and children alike."""
    return Job.objects.owned_by(user).select_related("parent")


def job_get(user: User | AnonymousUser, uuid: UUID) -> Job:
    """Raises ``NotFoundError`` when there is none, or when it is another's."""
    if not user.is_authenticated:
        raise NotFoundError("There is no such job.")
    job = Job.objects.owned_by(user).select_related("parent").filter(uuid=uuid).first()
    if job is None:
        raise NotFoundError("There is no such job.")
    return job


def job_owners(uuids: Collection[UUID]) -> dict[UUID, int]:
    """Who may see each of these jobs: the primary keys of their owners, of those that are there."""
    if not uuids:
        return {}
    return dict(Job.objects.filter(uuid__in=uuids).values_list("uuid", "owner_id"))


def job_about(user: User, kind: str, **payload: UUID) -> Job | None:
    """The newest of one's jobs of ``kind`` that is about these ids: ``job_about(user,
    "shootouts.inspect_di", di_track=track.uuid)``."""
    about = {f"payload__{name}": str(uuid) for name, uuid in payload.items()}
    return Job.objects.owned_by(user).filter(kind=kind, **about).order_by("-created_at").first()


def job_root(job: Job) -> Job:
    """The whole that ``job`` is a part of, or ``job`` itself. A query per level."""
    while job.parent is not None:
        job = job.parent
    return job


def job_tree(job: Job) -> list[Job]:
    """``job`` and everything below it that belongs to its present life, level by level."""
    tree = [job]
    level = [job]
    while level:
        attempts: Mapping[int, int] = {parent.pk: parent.attempt for parent in level}
        children = Job.objects.filter(parent__in=level).order_by("stage", "id")
        level = [
            child
            for child in children
            if child.parent_id is not None and child.parent_attempt == attempts[child.parent_id]
        ]
        tree += level
    return tree


def notification_list(user: User) -> NotificationQuerySet:
    """What became of the jobs of ``user``, newest first."""
    return Notification.objects.owned_by(user).select_related("job")


def notification_get(user: User, uuid: UUID) -> Notification:
    """Raises ``NotFoundError`` when there is none, or when it is another's."""
    notification = notification_list(user).filter(uuid=uuid).first()
    if notification is None:
        raise NotFoundError("There is no such notification.")
    return notification


def notification_count_unread(user: User) -> int:
    return Notification.objects.owned_by(user).unread().count()


def is_beat_alive() -> bool:
    """It says that it lives whenever it sends something: the sweep, most often."""
    within_s = max(ALIVE_WITHIN_S, 3.0 * settings.JOB_SWEEP_S)
    beats = Process.objects.filter(role=ProcessRole.BEAT, seen_at__gte=seconds_ago(within_s))
    return beats.exists()


def processes_with_wrong_clocks() -> list[Process]:
    """Those alive whose clock and that of the database are too far apart."""
    return [
        process
        for process in Process.objects.alive()
        if abs(process.clock_ahead_s) > MAX_CLOCK_DIFFERENCE_S
    ]


def queues_without_workers() -> list[Queue]:
    """Queues whose jobs no one takes at present."""
    workers = Process.objects.alive().filter(role=ProcessRole.WORKER)
    served = {name for queues in workers.values_list("queues", flat=True) for name in queues}
    return [queue for queue in get_args(Queue) if queue not in served]

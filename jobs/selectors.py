"""Reading jobs: those of one owner, and figures of all of them for operators.

A job is found through its owner; for everybody else it does not exist. The figures say how much
work there is, how long it waits, how long it took and what went wrong. They come from the rows, so
they are the same whichever process is asked, and in few queries whose cost does not grow with the
history.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, get_args
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Max, Min
from django.db.models.functions import Now

from gts.web.database import MAX_CLOCK_DIFFERENCE_S, Moment, seconds_ago
from gts.web.errors import NotFoundError
from jobs.models import (
    ALIVE_WITHIN_S,
    Job,
    JobQuerySet,
    JobState,
    Notification,
    NotificationQuerySet,
    Process,
    ProcessRole,
)
from jobs.registry import Queue, handler_for, known_kinds

if TYPE_CHECKING:
    from accounts.models import User

# A parent whose children do the work is running by its state, but holds no worker.
WAITING_FOR_CHILDREN: Final = "waiting_for_children"
QUEUE_STATES: Final = ("pending", "queued", "running", WAITING_FOR_CHILDREN, "retrying")

WINDOW: Final = timedelta(hours=1)
_MAX_ROWS: Final = 20_000  # of the newest, when more have ended within the window


def job_list(user: User) -> JobQuerySet:
    """The jobs of ``user``, newest first, parents and children alike."""
    return Job.objects.owned_by(user).select_related("parent")


def job_get(user: User | AnonymousUser, uuid: UUID) -> Job:
    """Raises ``NotFoundError`` when there is none, or when it is another's."""
    if not user.is_authenticated:
        raise NotFoundError("Job not found.")
    job = Job.objects.owned_by(user).select_related("parent").filter(uuid=uuid).first()
    if job is None:
        raise NotFoundError("Job not found.")
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
        raise NotFoundError("Notification not found.")
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


@dataclass(slots=True)
class QueueFigures:
    """``oldest_waiting_s``: age of the oldest job that waits for a worker; 0 when none does."""

    queue: Queue
    num_by_state: Counter[str] = field(default_factory=Counter)
    oldest_waiting_s: float = 0.0
    num_workers: int = 0


def queue_figures() -> list[QueueFigures]:
    """What has not ended, by queue. Two queries."""
    figures: dict[str, QueueFigures] = {queue: QueueFigures(queue) for queue in get_args(Queue)}
    queue_of = {kind: handler_for(kind).queue for kind in known_kinds()}
    rows = (
        Job.objects.active()
        .order_by()
        .values_list("kind", "state", "is_waiting")
        .annotate(Count("pk"), Min("queued_at"), now=Max(Now()))
    )
    for kind, state, is_waiting, num, oldest_queued_at, now in rows:
        if kind not in queue_of:  # of a feature that is gone: no one can do it
            continue
        queue = figures[queue_of[kind]]
        queue.num_by_state[WAITING_FOR_CHILDREN if is_waiting else state] += num
        if state == JobState.QUEUED and oldest_queued_at is not None:
            age_s = (now - oldest_queued_at).total_seconds()
            queue.oldest_waiting_s = max(queue.oldest_waiting_s, age_s)
    workers = Process.objects.alive().filter(role=ProcessRole.WORKER)
    for names in workers.values_list("queues", flat=True):
        for name in names:
            if name in figures:
                figures[name].num_workers += 1
    return list(figures.values())


@dataclass(slots=True)
class EndedFigures:
    """Jobs that ended lately, by kind. ``durations_s``: from the start of the last attempt."""

    num_by_state: Counter[tuple[str, str]] = field(default_factory=Counter)
    num_by_code: Counter[tuple[str, str]] = field(default_factory=Counter)
    durations_s: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def ended_figures(*, since: Moment) -> EndedFigures:
    """What has ended since then. One query, over at most so many rows."""
    ended = (
        Job.objects.filter(finished_at__gte=since)
        .order_by("-finished_at")
        .values_list("kind", "state", "error_code", "started_at", "finished_at")
    )
    figures = EndedFigures()
    for kind, state, code, started_at, finished_at in ended[:_MAX_ROWS]:
        figures.num_by_state[kind, state] += 1
        if state == JobState.FAILED:
            figures.num_by_code[kind, code] += 1
        if state == JobState.COMPLETED and started_at is not None and finished_at is not None:
            figures.durations_s[kind].append((finished_at - started_at).total_seconds())
    return figures

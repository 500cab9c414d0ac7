"""Whose turn it is: which of the queued jobs a free worker takes, and how many one may have.

Messages come in the order in which they were sent; this is what keeps one person's long list from
holding up everybody behind it. Nothing is remembered between two turns: it is all in the rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Max, Min, Q, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from gts.web.database import database_now
from gts.web.errors import LimitError
from jobs.models import ACTIVE, Job, JobQuerySet, JobState
from jobs.registry import OwnerLimit, Queue, is_awaited, kinds_of, limit_for


def next_job(queue: Queue) -> int | None:
    """The primary key of the job whose turn it is, locked until the transaction ends.

    The turn goes to the owner who has asked for least: to wait for a small render costs someone
    with a large one little, the other way round it costs a lot. Between equals it goes to who was
    served longest ago, and who was passed over for ``JOB_PATIENCE_S`` comes before all. Of one
    owner's jobs, those of the oldest tree come first. What someone waits for (``is_awaited``) is
    ahead of the whole queue: it is short, and of no use later.
    """
    kinds = kinds_of(queue)
    awaited = [kind for kind in kinds if is_awaited(kind)]
    found = _next_of(awaited) if awaited else None
    return _next_of(kinds) if found is None else found


def _next_of(kinds: Collection[str]) -> int | None:
    queued = _queued_within_limits(kinds)
    # What another worker is just taking is skipped, not waited for. (SQLite locks it all.)
    skip_locked = connection.features.has_select_for_update_skip_locked
    for owner_id in _owners_in_turn(queued, kinds):
        own = queued.filter(owner=owner_id).annotate(tree=Coalesce("parent_id", "pk"))
        free = own.order_by("tree", "stage", "pk").select_for_update(
            skip_locked=skip_locked, no_key=True
        )
        found = free.values_list("pk", "kind").first()
        if found is not None and _is_room_left(owner_id, found[1]):
            return found[0]
    return None


def _limits_of(kinds: Collection[str]) -> dict[str, OwnerLimit]:
    return {kind: limit for kind in kinds if (limit := limit_for(kind)) is not None}


def _queued_within_limits(kinds: Collection[str]) -> JobQuerySet:
    queued = Job.objects.filter(state=JobState.QUEUED, kind__in=kinds)
    for kind, limit in _limits_of(kinds).items():
        running = Job.objects.filter(kind=kind, state=JobState.RUNNING).order_by().values("owner")
        full = running.annotate(num=Count("pk")).filter(num__gte=limit.max_running)
        queued = queued.exclude(kind=kind, owner__in=list(full.values_list("owner", flat=True)))
    return queued


def _is_room_left(owner_id: int, kind: str) -> bool:
    """Asked again by anyone who is about to take a place: from now on no one else can take it."""
    limit = limit_for(kind)
    if limit is None:
        return True
    _lock(owner_id)
    running = Job.objects.filter(owner=owner_id, kind=kind, state=JobState.RUNNING)
    return running.count() < limit.max_running


def _owners_in_turn(queued: JobQuerySet, kinds: Collection[str]) -> list[int]:
    oldest: Mapping[int, datetime] = dict(
        queued.order_by().values_list("owner").annotate(Min("queued_at"))
    )
    if len(oldest) < 2:
        return list(oldest)
    unfinished = Job.objects.filter(owner__in=oldest, parent=None, state__in=ACTIVE).order_by()
    demand: Mapping[int, float] = dict(unfinished.values_list("owner").annotate(Sum("weight")))
    children = Job.objects.filter(
        parent__state=JobState.RUNNING,
        parent__is_waiting=True,
        parent_attempt=F("parent__attempt"),
        owner__in=oldest,
        kind__in=kinds,
    )
    served: Mapping[int, datetime | None] = dict(
        children.order_by().values_list("owner").annotate(Max("started_at"))
    )
    patience = timedelta(seconds=settings.JOB_PATIENCE_S)
    now = database_now()

    def place(owner_id: int) -> tuple[bool, float, datetime, int]:
        since = max(oldest[owner_id], served.get(owner_id) or oldest[owner_id])
        is_passed_over = now - since > patience
        size = 0.0 if is_passed_over else demand.get(owner_id, 0.0)
        return (not is_passed_over, size, since, owner_id)

    return sorted(oldest, key=place)


def num_claimable(queue: Queue) -> int:
    """How many queued jobs a worker could take now: all but those that wait for a limit."""
    kinds = kinds_of(queue)
    limits = _limits_of(kinds)
    free = [kind for kind in kinds if kind not in limits]
    num = Job.objects.filter(state=JobState.QUEUED, kind__in=free).count()
    for kind, limit in limits.items():
        owners = Job.objects.filter(kind=kind, state__in=[JobState.QUEUED, JobState.RUNNING])
        per_owner = (
            owners.order_by()
            .values("owner")
            .annotate(
                queued=Count("pk", filter=Q(state=JobState.QUEUED)),
                running=Count("pk", filter=Q(state=JobState.RUNNING)),
            )
        )
        num += sum(
            min(row["queued"], max(limit.max_running - row["running"], 0)) for row in per_owner
        )
    return num


def check_room(owner: User, kind: str) -> None:
    """Raises ``LimitError`` TOO_MANY_WAITING when ``owner`` may not queue another one now."""
    limit = limit_for(kind)
    if limit is None:
        return
    _lock(owner.pk)
    waiting = Job.objects.filter(owner=owner, kind=kind, state__in=ACTIVE - {JobState.RUNNING})
    if waiting.count() >= limit.max_waiting:
        raise LimitError(
            f"You have {limit.max_waiting} {limit.noun} waiting. "
            "Let one of them begin, or cancel one, then try again.",
            code="TOO_MANY_WAITING",
        )


def _lock(owner_id: int) -> None:
    """Two at once must not both find the last free place."""
    User.objects.select_for_update(no_key=True).values_list("pk").filter(pk=owner_id).first()

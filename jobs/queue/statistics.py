"""How much work there is, how long it waits, how long it took and what went wrong.

All of it comes from the rows of jobs, so it is the same whichever process is asked, and in few
queries whose cost does not grow with the history.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, get_args

from django.db.models import Count, Max, Min
from django.db.models.functions import Now

from gts.web.clock import Moment
from jobs.models import Job, Process, ProcessRole
from jobs.registry import Queue, handler_for, known_kinds
from jobs.states import JobState

# A parent whose children do the work is running by its state, but holds no worker.
WAITING_FOR_CHILDREN: Final = "waiting_for_children"
QUEUE_STATES: Final = ("pending", "queued", "running", WAITING_FOR_CHILDREN, "retrying")

WINDOW: Final = timedelta(hours=1)
_MAX_ROWS: Final = 20_000  # of the newest, when more have ended within the window


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

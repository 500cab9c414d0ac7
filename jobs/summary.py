"""A job with all below it in one headline, one bar and one estimate, whichever way one asks.

Parts of a whole (``Activity.part``) follow each other, and each has its own bar: what is being done
now, how much of that is done, and how long it still takes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from django.utils import timezone

from jobs.models import STATE_LABELS, Job, JobState
from jobs.registry import activity_of

# A job says something about the pace once it has run this long and come this far. One that took
# less than the last of these was found in the cache.
_MIN_ELAPSED_S: Final = 3.0
_MIN_PROGRESS: Final = 4.0
_MIN_WORK_S: Final = 3.0

# From one stage to the next a job is in the queue for a moment, which is not worth a word.
_SHORT_WAIT: Final = timedelta(seconds=2)


def summarize(root: Job, below: Sequence[Job], now: datetime | None = None) -> dict[str, Any]:
    """What people see first. ``remaining_s``: of this part; ``None`` while it is not known."""
    now = now or timezone.now()
    current = _current_stage(below)
    part = activity_of((current or [root])[0].kind).part
    jobs = [job for job in below if activity_of(job.kind).part == part] or [root]
    is_at_work = _is_under_way(root) and (not current or _is_at_work(current, below, now))
    seconds = remaining_s(jobs, now) if is_at_work else None
    return {
        "headline": _headline(root, below, current, now),
        "part": part,
        "progress": round(_progress(jobs), 1),
        "remaining_s": None if seconds is None else round(seconds),
        "time_left": time_left(seconds),
    }


def _current_stage(below: Sequence[Job]) -> list[Job]:
    """What runs, or comes next; after all of it, what came last."""
    ahead = [job for job in below if not job.is_finished]
    if not ahead:
        return list(below[-1:])
    stage = min(job.stage for job in ahead)
    return [job for job in ahead if job.stage == stage]


def _is_under_way(root: Job) -> bool:
    return root.state == JobState.RUNNING and root.cancel_requested_at is None


def _is_at_work(current: Sequence[Job], below: Sequence[Job], now: datetime) -> bool:
    """Whether a worker has this stage, is about to take it, or is through with it."""
    if any(job.state == JobState.RUNNING or job.is_finished for job in current):
        return True
    has_begun = any(job.started_at for job in below)
    queued_at = min((job.queued_at for job in current if job.queued_at), default=now)
    return has_begun and now - queued_at < _SHORT_WAIT


def _headline(root: Job, below: Sequence[Job], current: Sequence[Job], now: datetime) -> str:
    if not root.is_finished and root.cancel_requested_at is not None:
        return "Canceling…"
    if not _is_under_way(root):
        return STATE_LABELS[JobState(root.state)]
    if not current:
        return activity_of(root.kind).headline
    if all(job.state == JobState.RETRYING for job in current):
        return STATE_LABELS[JobState.RETRYING]
    activity = activity_of(current[0].kind)
    return activity.headline if _is_at_work(current, below, now) else activity.waiting_headline


def _progress(jobs: Sequence[Job]) -> float:
    """Percent. What was cancelled counts as far as it had come: the bar stays where it was."""
    done = sum(job.weight * _done_percent(job) for job in jobs)
    return done / (sum(job.weight for job in jobs) or 1.0)


def _done_percent(job: Job) -> float:
    return 100.0 if job.state in (JobState.COMPLETED, JobState.FAILED) else job.progress


def remaining_s(jobs: Sequence[Job], now: datetime) -> float | None:
    """How long until the last of ``jobs`` has ended, by what they have taken so far; ``None`` when
    that says too little. Stages follow each other; within one, as many run side by side as did.
    """
    pace = _seconds_per_weight(jobs, now)
    if pace is None:
        return None
    num_workers = _num_side_by_side(jobs, now)
    total_s = 0.0
    ahead = sorted((job for job in jobs if not job.is_finished), key=lambda job: job.stage)
    for _, group in groupby(ahead, key=lambda job: job.stage):
        each_s = [
            (_seconds_per_weight([job], now) or pace) * job.weight * (1 - job.progress / 100)
            for job in group
        ]
        total_s += max(max(each_s), sum(each_s) / num_workers)
    return total_s


def _seconds_per_weight(jobs: Sequence[Job], now: datetime) -> float | None:
    seconds, weight = 0.0, 0.0
    for job in jobs:
        took_s = _took_s(job, now)
        if job.state == JobState.COMPLETED and took_s >= _MIN_WORK_S:
            seconds += took_s
            weight += job.weight
        elif (
            job.state == JobState.RUNNING
            and took_s >= _MIN_ELAPSED_S
            and job.progress >= _MIN_PROGRESS
        ):
            seconds += took_s
            weight += job.weight * job.progress / 100
    return seconds / weight if weight else None


def _num_side_by_side(jobs: Sequence[Job], now: datetime) -> float:
    """How many of them were at work at a time, on average."""
    begun = [job for job in jobs if job.started_at is not None]
    first = min((job.started_at for job in begun if job.started_at), default=now)
    last = max((job.finished_at or now for job in begun), default=now)
    wall_s = (last - first).total_seconds()
    return max(1.0, sum(_took_s(job, now) for job in begun) / wall_s) if wall_s else 1.0


def _took_s(job: Job, now: datetime) -> float:
    if job.started_at is None:
        return 0.0
    return ((job.finished_at or now) - job.started_at).total_seconds()


def time_left(seconds: float | None) -> str:
    """For people, no finer than it is known."""
    if seconds is None:
        return ""
    if seconds < 10:
        return "a few seconds left"
    if seconds <= 50:
        return f"about {math.ceil(seconds / 10) * 10} s left"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {max(1, minutes)} min left"
    return f"about {minutes // 60} h {minutes % 60} min left"

"""The states of a job, and every move that is allowed. Nothing else moves a job."""

from __future__ import annotations

from django.db import models


class JobState(models.TextChoices):
    PENDING = "pending"  # waits for an earlier stage of its tree
    QUEUED = "queued"  # a message is, or is about to be, on its way to a worker
    RUNNING = "running"  # claimed by one attempt, or waiting for its children
    RETRYING = "retrying"  # failed for a passing reason; goes back to the queue at not_before
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


TERMINAL = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})
ACTIVE = frozenset(JobState) - TERMINAL

# For people.
STATE_LABELS: dict[JobState, str] = {
    JobState.PENDING: "Waiting",
    JobState.QUEUED: "In queue",
    JobState.RUNNING: "Running",
    JobState.RETRYING: "Waiting to try again",
    JobState.COMPLETED: "Done",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Canceled",
}

# From the state on the left, a job may move to the states on the right.
ALLOWED_MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.PENDING: frozenset({JobState.QUEUED, JobState.CANCELLED}),
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED}),
    JobState.RUNNING: frozenset(
        {JobState.COMPLETED, JobState.RETRYING, JobState.FAILED, JobState.CANCELLED}
    ),
    JobState.RETRYING: frozenset({JobState.QUEUED, JobState.CANCELLED}),
    JobState.COMPLETED: frozenset(),
    # Redriven by an operator, or retried by its owner.
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
}


def may_move(source: JobState, target: JobState) -> bool:
    return target in ALLOWED_MOVES[source]


def sources_of(target: JobState) -> tuple[JobState, ...]:
    """The states from which a job may come to ``target``: what a conditional UPDATE filters on."""
    return tuple(state for state in JobState if may_move(state, target))

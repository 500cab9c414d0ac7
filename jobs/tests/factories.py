"""Rows for tests. The cast: alice owns, charlie is a stranger."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from accounts.tests.factories import make_user
from jobs.models import Job
from jobs.services import job_enqueue


def make_job(owner: User | None = None, *, kind: str = "test.leaf", **changes: Any) -> Job:
    """A job as the service makes it, then as the test wants it."""
    job = job_enqueue(kind=kind, owner=owner or _alice(), payload={}, label="a riff")
    if changes:
        Job.objects.filter(pk=job.pk).update(**changes)
        job.refresh_from_db()
    return job


def _alice() -> User:
    return User.objects.filter(username="alice").first() or make_user("alice")

"""Questions about jobs, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from jobs.states import ACTIVE, JobState

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User
    from jobs.models import Job


class JobQuerySet(models.QuerySet["Job"]):
    def owned_by(self, user: User) -> JobQuerySet:
        return self.filter(owner=user)

    def roots(self) -> JobQuerySet:
        return self.filter(parent__isnull=True)

    def active(self) -> JobQuerySet:
        return self.filter(state__in=ACTIVE)

    def held_by(self, job: Job) -> JobQuerySet:
        """The row of ``job`` as long as this very attempt runs it: what every late write asks."""
        return self.filter(pk=job.pk, attempt=job.attempt, state=JobState.RUNNING)

    def waiting(self) -> JobQuerySet:
        """Parents whose children do the work."""
        return self.filter(state=JobState.RUNNING, is_waiting=True)

    def lost(self, *, heartbeat_before: datetime) -> JobQuerySet:
        """Claimed, but no worker has been heard of since ``heartbeat_before``."""
        return self.filter(
            state=JobState.RUNNING, is_waiting=False, heartbeat_at__lt=heartbeat_before
        )

    def due(self, *, now: datetime) -> JobQuerySet:
        """Failed for a passing reason, and may be tried again."""
        return self.filter(state=JobState.RETRYING, not_before__lte=now)

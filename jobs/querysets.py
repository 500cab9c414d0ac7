"""Questions about jobs, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import models
from django.db.models.functions import Now

from accounts.clock import Moment, seconds_ago
from jobs.states import ACTIVE, TERMINAL, JobState

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User
    from jobs.models import Job, Notification, Process


# Three beats of ``jobs.presence`` may get lost.
ALIVE_WITHIN_S: Final = 60.0
_REMEMBERED_S: Final = 24 * 3600.0


class JobQuerySet(models.QuerySet["Job"]):
    def owned_by(self, user: User) -> JobQuerySet:
        return self.filter(owner=user)

    def roots(self) -> JobQuerySet:
        return self.filter(parent__isnull=True)

    def active(self) -> JobQuerySet:
        return self.filter(state__in=ACTIVE)

    def ended(self, *, before: datetime) -> JobQuerySet:
        return self.filter(state__in=TERMINAL, finished_at__lt=before)

    def held_by(self, job: Job) -> JobQuerySet:
        """The row of ``job`` as long as this very attempt runs it: what every late write asks."""
        return self.filter(pk=job.pk, attempt=job.attempt, state=JobState.RUNNING)

    def waiting(self) -> JobQuerySet:
        """Parents whose children do the work."""
        return self.filter(state=JobState.RUNNING, is_waiting=True)

    def lost(self, *, heartbeat_before: Moment) -> JobQuerySet:
        """Claimed, but no worker has been heard of since ``heartbeat_before``."""
        return self.filter(
            state=JobState.RUNNING, is_waiting=False, heartbeat_at__lt=heartbeat_before
        )

    def due(self) -> JobQuerySet:
        """Failed for a passing reason, and may be tried again."""
        return self.filter(state=JobState.RETRYING, not_before__lte=Now())


class NotificationQuerySet(models.QuerySet["Notification"]):
    def owned_by(self, user: User) -> NotificationQuerySet:
        return self.filter(owner=user)

    def unread(self) -> NotificationQuerySet:
        return self.filter(read_at__isnull=True)


class ProcessQuerySet(models.QuerySet["Process"]):
    def alive(self) -> ProcessQuerySet:
        """Heard of within the last minute."""
        return self.filter(seen_at__gte=seconds_ago(ALIVE_WITHIN_S))

    def forgotten(self) -> ProcessQuerySet:
        """Gone for so long that nobody asks any more."""
        return self.filter(seen_at__lt=seconds_ago(_REMEMBERED_S))

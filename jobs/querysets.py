"""Questions about jobs, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from jobs.states import ACTIVE

if TYPE_CHECKING:
    from accounts.models import User
    from jobs.models import Job


class JobQuerySet(models.QuerySet["Job"]):
    def owned_by(self, user: User) -> JobQuerySet:
        return self.filter(owner=user)

    def roots(self) -> JobQuerySet:
        return self.filter(parent__isnull=True)

    def active(self) -> JobQuerySet:
        return self.filter(state__in=ACTIVE)

"""Old jobs go: whole trees that have ended, with their notifications. What they made stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from jobs.models import Job, JobQuerySet
from jobs.states import ACTIVE

_TREES_AT_ONCE: Final = 50  # a tree may have hundreds of jobs


@dataclass(frozen=True, slots=True)
class Pruned:
    num_trees: int
    num_jobs: int

    def __add__(self, other: Pruned) -> Pruned:
        return Pruned(self.num_trees + other.num_trees, self.num_jobs + other.num_jobs)


NOTHING: Final = Pruned(0, 0)


def prunable_count(*, ended_before: datetime) -> Pruned:
    """What ``jobs_prune`` would delete."""
    roots = Job.objects.roots().ended(before=ended_before)
    return Pruned(roots.count(), sum(level.count() for level in _levels(roots)))


def jobs_prune(*, ended_before: datetime) -> Pruned:
    """Delete trees whose root ended before then, some dozens at a time, the oldest first."""
    total = NOTHING
    kept: list[int] = []
    while True:
        with transaction.atomic():
            # One that is being redriven at this moment is locked, and stays.
            oldest = (
                Job.objects.roots()
                .ended(before=ended_before)
                .exclude(pk__in=kept)
                .order_by("finished_at", "pk")
                .select_for_update(skip_locked=True)
            )
            roots = list(oldest.values_list("pk", flat=True)[:_TREES_AT_ONCE])
            if not roots:
                return total
            done = _delete_trees(roots)
        if done.num_trees < len(roots):
            kept += Job.objects.filter(pk__in=roots).values_list("pk", flat=True)
        total += done


def _delete_trees(roots: list[int]) -> Pruned:
    """All but those in which something is still on the move."""
    parent_of: dict[int, int] = {}
    moving: set[int] = set()
    level = roots
    while level:
        children = Job.objects.filter(parent__in=level).values_list("pk", "parent_id", "state")
        level = []
        for pk, parent_id, state in children:
            if parent_id is not None:
                parent_of[pk] = parent_id
            if state in ACTIVE:
                moving.add(pk)
            level.append(pk)
    busy = {_root_of(pk, parent_of) for pk in moving}
    finished = [pk for pk in roots if pk not in busy]
    num_jobs = sum(_root_of(pk, parent_of) not in busy for pk in (*roots, *parent_of))
    Job.objects.filter(pk__in=finished).delete()  # and by cascade all that is below
    return Pruned(len(finished), num_jobs)


def _root_of(pk: int, parent_of: dict[int, int]) -> int:
    while pk in parent_of:
        pk = parent_of[pk]
    return pk


def _levels(roots: JobQuerySet) -> Iterator[JobQuerySet]:
    level = roots
    while level.exists():
        yield level
        level = Job.objects.filter(parent__in=level.order_by().values("pk"))

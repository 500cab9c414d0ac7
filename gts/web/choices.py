"""Rows to tick on a page: what is ticked already, then the newest, some at a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

NUM_CHOICES: Final = 24


@dataclass(frozen=True, slots=True)
class Choices:
    rows: list[Any]
    has_more: bool


def choose(
    rows: QuerySet[Any],
    found: QuerySet[Any],
    *,
    picked: Collection[UUID],
    after: UUID | None = None,
) -> Choices:
    """``picked`` of ``rows``, and the newest of ``found`` that are not among them. Two queries.

    ``found`` are those of ``rows`` that one looks for, newest first by ``(created_at, id)``.
    ``after``, the last row of the choices before: the following ones alone, where new rows that
    came in between shift nothing. If it is not one of ``rows`` any more, nothing follows.
    """
    ticked: list[Any] = []
    found = found.exclude(uuid__in=picked)
    if after is None:
        ticked = list(rows.filter(uuid__in=picked))
    elif last := rows.filter(uuid=after).first():
        same_time = Q(created_at=last.created_at, pk__lt=last.pk)
        found = found.filter(Q(created_at__lt=last.created_at) | same_time)
    else:
        found = found.none()
    following = list(found[: NUM_CHOICES + 1])
    return Choices([*ticked, *following[:NUM_CHOICES]], len(following) > NUM_CHOICES)

"""How much one person may keep, and how often they may render in a day.

What is kept lies in apps above this one: they register how to count it, as they do job handlers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.timesince import timeuntil

from accounts.models import User
from accounts.services import DEMO_USERNAME
from gts.web.errors import LimitError, TooLargeError

_DAY: Final = timedelta(days=1)

StorageUse = Callable[[User], int]
RenderTimes = Callable[[User, datetime], Sequence[datetime]]


@dataclass(slots=True)
class _Registry:
    storage: dict[str, StorageUse] = field(default_factory=dict)
    renders: dict[str, RenderTimes] = field(default_factory=dict)


_registry = _Registry()


def register_storage(name: str, use: StorageUse) -> None:
    """``use`` tells how many bytes of a kind a user keeps. Called from ``AppConfig.ready``."""
    _registry.storage[name] = use


def register_renders(name: str, times: RenderTimes) -> None:
    """``times`` tells when a user has queued renders since a moment, the oldest first."""
    _registry.renders[name] = times


@dataclass(frozen=True, slots=True)
class Quotas:
    """What one person uses. A limit of ``None``: there is none."""

    storage_used_bytes: int
    storage_limit_bytes: int | None
    renders_used_per_day: int
    renders_limit_per_day: int | None


def quotas_get(user: User) -> Quotas:
    return Quotas(
        storage_used_bytes=_storage_used(user),
        storage_limit_bytes=_limit(user, settings.GTS_QUOTA_STORAGE_BYTES),
        renders_used_per_day=len(_renders_of_a_day(user)),
        renders_limit_per_day=_limit(user, settings.GTS_QUOTA_RENDERS_PER_DAY),
    )


def storage_check(*, user: User, new_bytes: int) -> None:
    """Raises ``TooLargeError`` QUOTA_STORAGE when ``new_bytes`` more do not fit.

    In the transaction that writes the row, it holds a lock until that ends: uploads at once do
    not both find the last free place. Outside of one it is a first look, before files are moved.
    """
    limit = _limit(user, settings.GTS_QUOTA_STORAGE_BYTES)
    if limit is None:
        return
    with transaction.atomic():
        _lock(user)
        used = _storage_used(user)
    if used + max(new_bytes, 1) > limit:
        raise TooLargeError(
            f"You keep {_size(used)} of {_size(limit)} that you may, and this takes "
            f"{_size(new_bytes)}. Delete DI tracks, captures or shootouts to make room.",
            code="QUOTA_STORAGE",
        )


def renders_check(*, user: User) -> None:
    """Raises ``LimitError`` QUOTA_RENDERS, which says when there is room again.

    Call it in the transaction that queues the render, as ``storage_check``.
    """
    limit = _limit(user, settings.GTS_QUOTA_RENDERS_PER_DAY)
    if limit is None:
        return
    with transaction.atomic():
        _lock(user)
        times = _renders_of_a_day(user)
    if len(times) < limit:
        return
    free_at = times[len(times) - limit] + _DAY
    raise LimitError(
        f"You have rendered {len(times)} times within a day; {limit} is the limit. "
        f"The next one may start in {timeuntil(free_at)}.",
        code="QUOTA_RENDERS",
        wait=max((free_at - timezone.now()).total_seconds(), 1.0),
    )


def _limit(user: User, limit: int) -> int | None:
    # The demo pack is the server's own.
    return limit if limit and user.username != DEMO_USERNAME else None


def _storage_used(user: User) -> int:
    return sum(use(user) for use in _registry.storage.values())


def _renders_of_a_day(user: User) -> list[datetime]:
    since = timezone.now() - _DAY
    return sorted(at for times in _registry.renders.values() for at in times(user, since))


def _lock(user: User) -> None:
    User.objects.select_for_update(no_key=True).values_list("pk").filter(pk=user.pk).first()


def _size(num_bytes: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if num_bytes >= factor:
            return f"{num_bytes / factor:.1f} {unit}"
    return f"{num_bytes} bytes"

"""What every page may show."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from jobs.selectors import notification_count_unread

if TYPE_CHECKING:
    from accounts.models import User


def notifications(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """``num_unread``: counted only by templates that show it.

    Pages about errors may come before there is a user, and when no database answers.
    """
    user = getattr(request, "user", None)
    return {} if user is None else {"num_unread": partial(_count_unread, user)}


def _count_unread(user: User | AnonymousUser) -> int:
    return notification_count_unread(user) if user.is_authenticated else 0

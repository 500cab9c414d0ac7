"""What every page may show."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.http import HttpRequest

from jobs.selectors import notification_count_unread


def notifications(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """``num_unread``: counted only by templates that show it."""
    if not request.user.is_authenticated:
        return {}
    return {"num_unread": partial(notification_count_unread, request.user)}

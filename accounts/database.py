"""The database for code that is otherwise on the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

T = TypeVar("T")


async def in_database(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Do ``work`` in a thread, and leave no database connection open behind it.

    What comes next may be a slow call to somewhere else, and there are fewer connections than
    people who can wait.
    """

    def released() -> T:
        try:
            return work(*args, **kwargs)
        finally:
            _release_connections()

    return await sync_to_async(released)()


def _release_connections() -> None:
    """Those that are due, as at the end of a request. Not in the middle of a transaction."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()

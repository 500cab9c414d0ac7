"""The bell over a WebSocket: what is unread, then what is new, for as long as a window is open."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from channels.db import database_sync_to_async

from jobs.live.events import notifications_group
from jobs.live.notifications import describe
from jobs.live.subscription import Watcher
from jobs.selectors import notification_count_unread, notification_list

_NUM_IN_SNAPSHOT: Final = 10
_MAX_PENDING: Final = 20  # more than a client has read yet: it gets a snapshot instead
_MIN_INTERVAL_S: Final = 0.25


class NotificationConsumer(Watcher):
    """``/ws/notifications/``, for anyone who is logged in.

    The number of unread ones always comes from the database.
    """

    look_again_s = 60.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pending: list[dict[str, Any]] = []

    async def group(self) -> str:
        return notifications_group(self.scope["user"].uuid)

    async def notification_created(self, message: Mapping[str, Any]) -> None:
        if len(self._pending) < _MAX_PENDING:
            self._pending.append(message["event"])
        else:
            self.must_look = True
        self.has_news.set()

    async def notification_read(self, message: Mapping[str, Any]) -> None:
        self.must_look = True
        self.has_news.set()

    async def pause(self) -> None:
        await asyncio.sleep(_MIN_INTERVAL_S)

    async def tell_news(self) -> bool:
        pending, self._pending = self._pending, []
        if self.must_look:
            self.must_look = False
            num_unread, newest = await self._read()
            await self.send_event("snapshot", {"num_unread": num_unread, "notifications": newest})
        elif pending:
            num_unread = await self._count()
            for event in pending:
                await self.send_event("notification", {"num_unread": num_unread, **event})
        return False

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _read(self) -> tuple[int, list[dict[str, Any]]]:
        user = self.scope["user"]
        newest = notification_list(user).unread()[:_NUM_IN_SNAPSHOT]
        return notification_count_unread(user), [describe(notification) for notification in newest]

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _count(self) -> int:
        return notification_count_unread(self.scope["user"])

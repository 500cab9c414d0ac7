"""The WebSockets: of one job, and of the bell.

``/ws/jobs/<uuid>/`` is the live view of a job: a snapshot, then what changes, then goodbye.
``/ws/notifications/`` says what is unread, then what is new, for as long as a window is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.urls import path, re_path

from accounts.models import User
from jobs.live.events import (
    JobMessage,
    apply_event,
    describe,
    group_of,
    notifications_group,
    order_of,
)
from jobs.live.notifications import describe_notification
from jobs.live.open_sockets import CLOSE_NOT_FOUND
from jobs.live.subscription import Watcher
from jobs.models import Job
from jobs.selectors import job_get, job_tree, notification_count_unread, notification_list
from jobs.summary import summarize

# Between messages: ten per second and job, four per second of the bell.
_MIN_JOB_INTERVAL_S: Final = 0.1
_MIN_BELL_INTERVAL_S: Final = 0.25

_NUM_IN_SNAPSHOT: Final = 10
_MAX_PENDING: Final = 20  # more than a client has read yet: it gets a snapshot instead


class _Reader:
    """Reads jobs for all watchers of this process, one after the other in a thread of its own.

    It keeps its connection as long as someone waits: for hundreds who look at the same moment, a
    connection each would cost more than the look.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="watchers")
        self._num_waiting = 0

    async def read(self, user: User | AnonymousUser, uuid: UUID) -> list[Job]:
        """The job and all below it. Raises ``NotFoundError``, or what the database raises."""
        self._num_waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._read, user, uuid)
        finally:
            self._num_waiting -= 1
            if not self._num_waiting:
                self._thread.submit(self._hang_up)

    def _read(self, user: User | AnonymousUser, uuid: UUID) -> list[Job]:
        if connection.connection is not None and not connection.is_usable():
            connection.close()
        return job_tree(job_get(user, uuid))

    def _hang_up(self) -> None:
        if not self._num_waiting:
            connection.close()


_reader = _Reader()


class JobConsumer(Watcher):
    """``/ws/jobs/<uuid>/``, for the owner of the job: the newest states, to the end."""

    look_again_s = 15.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pending: dict[str, JobMessage] = {}
        self._orders: dict[str, list[float]] = {}
        # As last read and told of since: the job that is watched first, then all below it.
        self._jobs: dict[str, Job] = {}
        self._summary: dict[str, Any] = {}
        self._is_over = asyncio.Event()

    async def group(self) -> str:
        self.job_id = self._uuid = self.scope["url_route"]["kwargs"]["uuid"]
        self._job_id = str(self._uuid)
        await self._read()
        return group_of(self._uuid)

    async def job_progress(self, message: JobMessage) -> None:
        event = message["event"]
        # News travels on several ways: an older report may come after a newer one.
        if self._is_newer(event["job_id"], message["order"]):
            self._pending[event["job_id"]] = message
            self._apply(message)
            self.has_updates.set()

    def _apply(self, message: JobMessage) -> None:
        if (job := self._jobs.get(message["event"]["job_id"])) is not None:
            apply_event(message["event"], message["times"], job)

    async def job_finished(self, message: JobMessage) -> None:
        await self.job_progress(message)
        if message["event"]["job_id"] == self._job_id:
            self._is_over.set()

    async def job_tree(self, message: Mapping[str, object]) -> None:
        self.must_look = True
        self.has_updates.set()

    def _is_newer(self, job_id: str, order: list[float]) -> bool:
        if order < self._orders.get(job_id, [-1.0]):
            return False
        self._orders[job_id] = order
        return True

    async def pause(self) -> None:
        """But the end is told at once."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_MIN_JOB_INTERVAL_S):
                await self._is_over.wait()

    async def flush(self) -> bool:
        """True when the job is over and everything about it has been said."""
        if self.must_look:
            return await self._tell_everything()
        pending, self._pending = self._pending, {}
        has_own = pending.pop(self._job_id, None) is not None
        for message in pending.values():
            await self.send_event("progress", message["event"])
        own, *below = self._jobs.values()
        summary = summarize(own, below)
        if has_own or summary != self._summary:
            self._summary = summary
            await self.send_event("progress", {**describe(own), "summary": summary})
        return bool(own.is_finished)

    async def _tell_everything(self) -> bool:
        self.must_look = False
        self._pending.clear()  # was committed before it was news, so it will be in what is read
        own, *below = await self._read()
        for job in (own, *below):
            if self._is_newer(str(job.uuid), order_of(job)):
                self._pending.pop(str(job.uuid), None)
        self._jobs = {str(job.uuid): job for job in (own, *below)}
        for message in self._pending.values():  # came while the rows were read, and is newer
            self._apply(message)
        self._summary = summarize(own, below)
        children = [describe(job) for job in below]
        await self.send_event(
            "snapshot", {**describe(own), "summary": self._summary, "children": children}
        )
        return bool(own.is_finished)

    async def _read(self) -> list[Job]:
        return await _reader.read(self.scope["user"], self._uuid)


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
        self.has_updates.set()

    async def notification_read(self, message: Mapping[str, Any]) -> None:
        self.must_look = True
        self.has_updates.set()

    async def pause(self) -> None:
        await asyncio.sleep(_MIN_BELL_INTERVAL_S)

    async def flush(self) -> bool:
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
        return notification_count_unread(user), [
            describe_notification(notification) for notification in newest
        ]

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _count(self) -> int:
        return notification_count_unread(self.scope["user"])


class NotFoundConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """An address that does not exist: said with a close code, not with a refused handshake."""

    async def connect(self) -> None:
        await self.accept(subprotocol=self.scope.get("subprotocol"))
        await self.close(CLOSE_NOT_FOUND)


websocket_urlpatterns = [
    path("ws/jobs/<uuid:uuid>/", JobConsumer.as_asgi()),
    path("ws/notifications/", NotificationConsumer.as_asgi()),
    re_path(r"", NotFoundConsumer.as_asgi()),
]

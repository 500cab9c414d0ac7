"""The live view of one job over a WebSocket: a snapshot, then what changes, then goodbye."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db import DatabaseError
from django.utils import timezone

from accounts.errors import NotFoundError
from jobs.events import describe, group_of, order_of
from jobs.models import Job
from jobs.selectors import job_get, job_tree
from jobs.states import TERMINAL, JobState

logger = logging.getLogger(__name__)

CLOSE_DONE: Final = 1000
CLOSE_INTERNAL_ERROR: Final = 1011
CLOSE_NOT_AUTHENTICATED: Final = 4001
CLOSE_NOT_FOUND: Final = 4004

_MIN_INTERVAL_S: Final = 0.1  # ten messages per second and job
# News can get lost on the way (Redis restarted, a channel overflowed): look for oneself.
_LOOK_AGAIN_S: Final = 15.0


class JobConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """``/ws/jobs/<uuid>/``, for the owner of the job.

    What arrives from the channel layer is only noted, the newest state per job; one task of its
    own sends. So a client that reads slowly misses intermediate progress and nothing else, and
    nobody waits for it.
    """

    async def connect(self) -> None:
        self._sequence = 0
        self._pending: dict[str, dict[str, Any]] = {}
        self._orders: dict[str, list[float]] = {}
        self._must_look = True
        self._has_news = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self._group: str | None = None
        # Accept first: a browser shows the close code only of a connection that was open.
        await self.accept(subprotocol=self.scope.get("subprotocol"))
        user = self.scope["user"]
        if not user.is_authenticated:
            await self.close(CLOSE_NOT_AUTHENTICATED)
            return
        self._uuid: UUID = self.scope["url_route"]["kwargs"]["uuid"]
        self._job_id = str(self._uuid)
        try:
            await self._read()
        except NotFoundError:
            await self.close(CLOSE_NOT_FOUND)
            return
        # First join, then look: what changes in between comes as news.
        self._group = group_of(self._uuid)
        await self.channel_layer.group_add(self._group, self.channel_name)
        self._sender = asyncio.create_task(self._send_news())

    async def disconnect(self, code: int) -> None:
        if self._sender is not None:
            self._sender.cancel()
        if self._group is not None:
            await self.channel_layer.group_discard(self._group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing a client says matters."""

    # News from the channel layer: noted, never waited for.

    async def job_progress(self, message: Mapping[str, Any]) -> None:
        event = message["event"]
        # News travels on several ways: an older report may come after a newer one.
        if self._is_newer(event["job_id"], message["order"]):
            self._pending[event["job_id"]] = event
            self._has_news.set()

    job_finished = job_progress

    async def job_tree(self, message: Mapping[str, Any]) -> None:
        self._must_look = True
        self._has_news.set()

    def _is_newer(self, job_id: str, order: list[float]) -> bool:
        if order < self._orders.get(job_id, [-1.0]):
            return False
        self._orders[job_id] = order
        return True

    # The one task that writes to the socket.

    async def _send_news(self) -> None:
        try:
            while not await self._send_what_is_new():
                await asyncio.sleep(_MIN_INTERVAL_S)
                try:
                    await asyncio.wait_for(self._has_news.wait(), _LOOK_AGAIN_S)
                except TimeoutError:
                    self._must_look = True
            await self.close(CLOSE_DONE)
        except OSError:
            logger.debug("a watcher of job %s is gone", self._job_id)
        except Exception:
            logger.exception("a watcher of job %s had to be sent away", self._job_id)
            await self.close(CLOSE_INTERNAL_ERROR)

    async def _send_what_is_new(self) -> bool:
        """True when the job is over and everything about it has been said."""
        self._has_news.clear()
        if self._must_look:
            return await self._send_snapshot()
        pending, self._pending = self._pending, {}
        own = pending.pop(self._job_id, None)
        for event in pending.values():
            await self._send("progress", event)
        if own is None:
            return False
        await self._send("progress", own)
        return JobState(own["status"]) in TERMINAL

    async def _send_snapshot(self) -> bool:
        self._must_look = False
        self._pending.clear()  # was committed before it was news, so it will be in what is read
        try:
            own, *below = await self._read()
        except NotFoundError:  # deleted meanwhile, as with its owner
            return True
        except DatabaseError as error:
            logger.warning("job %s cannot be read for a watcher: %s", self._job_id, error)
            return False
        for job in (own, *below):
            if self._is_newer(str(job.uuid), order_of(job)):
                self._pending.pop(str(job.uuid), None)
        await self._send("status", {**describe(own), "children": [describe(job) for job in below]})
        return bool(own.is_finished)

    async def _send(self, kind: str, event: Mapping[str, Any]) -> None:
        self._sequence += 1
        stamp = {"sequence": self._sequence, "timestamp": timezone.now().isoformat()}
        await self.send_json({"type": kind, **event, **stamp})

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _read(self) -> list[Job]:
        return job_tree(job_get(self.scope["user"], self._uuid))


class NowhereConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """An address that does not exist: said with a close code, not with a refused handshake."""

    async def connect(self) -> None:
        await self.accept(subprotocol=self.scope.get("subprotocol"))
        await self.close(CLOSE_NOT_FOUND)

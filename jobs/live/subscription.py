"""Sockets that tell what is new: who may listen, what is noted, and the one task that sends."""

from __future__ import annotations

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Final
from uuid import UUID

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db import DatabaseError
from django.utils import timezone

from accounts.sessions.logins import Credential
from gts.web.errors import NotFoundError
from jobs.live import open_sockets
from jobs.live.open_sockets import CLOSE_NOT_AUTHENTICATED, CLOSE_NOT_FOUND, guard

logger = logging.getLogger(__name__)

CLOSE_DONE: Final = 1000
CLOSE_INTERNAL_ERROR: Final = 1011
CLOSE_TOO_MANY: Final = 4029


class Watcher(AsyncJsonWebsocketConsumer, ABC):  # type: ignore[misc]  # channels has no types
    """What arrives from the channel layer is only noted; one task of its own sends.

    So a client that reads slowly misses what is old by then and nothing else, and no one waits for
    it. News can get lost on the way (Redis restarted, a channel overflowed): every
    ``look_again_s`` it looks for itself.

    Handlers of the channel layer note their news and set ``has_updates``, or ``must_look`` too.

    As long as it is open ``jobs.live.open_sockets`` sees to it that its user may still listen.
    """

    look_again_s: ClassVar[float]
    channel_name = ""
    credential: Credential
    job_id: UUID | None = None
    _is_closed = False

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:  # however it ends, a server that goes down included
            guard.leave(self)
            await open_sockets.release_place(self.channel_name)

    async def connect(self) -> None:
        self.must_look = True
        self.has_updates = asyncio.Event()
        self._sequence = 0
        self._sender: asyncio.Task[None] | None = None
        self._group = ""
        # Accept first: a browser shows the close code only of a connection that was open.
        await self.accept(subprotocol=self.scope.get("subprotocol"))
        if not self.scope["user"].is_authenticated:
            await self.close(CLOSE_NOT_AUTHENTICATED)
            return
        try:
            self._group = await self.group()
        except NotFoundError:
            await self.close(CLOSE_NOT_FOUND)
            return
        if not await open_sockets.take_place(self.scope["user"].pk, self.channel_name):
            await self.close(CLOSE_TOO_MANY)
            return
        self.credential = self.scope["credential"]
        guard.enter(self)
        # First join, then look: what changes in between comes as news.
        await self.channel_layer.group_add(self._group, self.channel_name)
        self._sender = asyncio.create_task(self._tell())

    async def disconnect(self, code: int) -> None:
        if self._sender is not None:
            self._sender.cancel()
        if self._group:
            await self.channel_layer.group_discard(self._group, self.channel_name)

    async def end(self, code: int) -> None:
        """Nothing more is told, and the socket is closed."""
        if self._sender is not None:
            self._sender.cancel()
        await self.close(code)

    async def close(self, code: int | bool | None = None, reason: str | None = None) -> None:
        """Once: the guard and the task that sends may both find that it is over."""
        guard.leave(self)
        if not self._is_closed:
            self._is_closed = True
            await super().close(code, reason)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing a client says matters."""

    @abstractmethod
    async def group(self) -> str:
        """Whose news it is. Raises ``NotFoundError`` for what this user may not watch."""

    @abstractmethod
    async def flush(self) -> bool:
        """Send what was noted, or everything if ``must_look``. True: there will be no more.

        May raise what the database raises: then it looks again later. Raises ``NotFoundError`` for
        what is gone, or not this user's any more.
        """

    @abstractmethod
    async def pause(self) -> None:
        """Between one sending and the next: not too much at a time."""

    async def send_event(self, kind: str, content: Mapping[str, Any]) -> None:
        self._sequence += 1
        stamp = {"sequence": self._sequence, "timestamp": timezone.now().isoformat()}
        await self.send_json({"type": kind, **content, **stamp})

    async def _tell(self) -> None:
        try:
            while not await self._has_told_all():
                await self.pause()
                try:
                    # Not all at the same moment, though they may have come together.
                    patience_s = self.look_again_s * random.uniform(0.7, 1.0)
                    await asyncio.wait_for(self.has_updates.wait(), patience_s)
                except TimeoutError:
                    self.must_look = True
            await self.close(CLOSE_DONE)
        except NotFoundError:
            await self.close(CLOSE_NOT_FOUND)
        except OSError:
            logger.debug("a watcher of %s is gone", self._group)
        except Exception:
            logger.exception("a watcher of %s had to be sent away", self._group)
            await self.close(CLOSE_INTERNAL_ERROR)

    async def _has_told_all(self) -> bool:
        self.has_updates.clear()
        try:
            return await self.flush()
        except DatabaseError as error:
            logger.warning("%s cannot be read for a watcher: %s", self._group, error)
            self.must_look = True
            return False

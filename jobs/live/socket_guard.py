"""Closes open WebSockets whose user may not listen any more: one look for all of a process.

Every ``CHECK_EVERY_S`` the database is asked what became of all their credentials and jobs
together, in at most five queries. While no socket is open nothing is asked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import Final, Protocol
from uuid import UUID

from channels.db import database_sync_to_async
from django.db import DatabaseError

from accounts.sessions.credentials import Credential, credentials_ended
from jobs.live import socket_counts
from jobs.selectors import job_owners

logger = logging.getLogger(__name__)

# With the look itself, and a machine that is busy, well below five seconds.
CHECK_EVERY_S: Final = 2.0
_CLOSE_WITHIN_S: Final = 5.0

CLOSE_NOT_AUTHENTICATED: Final = 4001
CLOSE_NOT_FOUND: Final = 4004


class GuardedSocket(Protocol):
    """``job_id``: of the job that is watched, which may go or become another's."""

    credential: Credential
    job_id: UUID | None

    async def end(self, code: int) -> None: ...


class SocketGuard:
    def __init__(self, check_every_s: float = CHECK_EVERY_S) -> None:
        self.check_every_s = check_every_s
        self._sockets: set[GuardedSocket] = set()
        self._task: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def enter(self, socket: GuardedSocket) -> None:
        self._sockets.add(socket)
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._task = loop.create_task(self._guard())

    def leave(self, socket: GuardedSocket) -> None:
        self._sockets.discard(socket)

    async def check(self) -> None:
        """One look. What the database does not tell now is asked the next time."""
        sockets = set(self._sockets)
        try:
            codes = await database_sync_to_async(_codes)(sockets)
        except DatabaseError as error:
            logger.warning("whether open sockets may stay cannot be read: %s", error)
            return
        self._sockets -= codes.keys()
        for socket, code in codes.items():
            # Each by itself: one whose client does not read must not hold up others, nor the next
            # look.
            task = asyncio.create_task(_end(socket, code))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _guard(self) -> None:
        """Ends when there is nothing left to look after; the next that opens starts another."""
        while self._sockets:
            try:
                await asyncio.sleep(self.check_every_s)
                if self._sockets:
                    await self.check()
                    await socket_counts.renew()
            except Exception:
                logger.exception("a look at the open sockets went wrong")


def _codes(sockets: Collection[GuardedSocket]) -> dict[GuardedSocket, int]:
    """The close codes of those that have to go. At most five queries."""
    ended = credentials_ended({socket.credential for socket in sockets})
    owners = job_owners({socket.job_id for socket in sockets if socket.job_id is not None})
    codes = {}
    for socket in sockets:
        if socket.credential in ended:
            codes[socket] = CLOSE_NOT_AUTHENTICATED
        elif socket.job_id is not None and owners.get(socket.job_id) != socket.credential.user_id:
            codes[socket] = CLOSE_NOT_FOUND
    return codes


async def _end(socket: GuardedSocket, code: int) -> None:
    try:
        async with asyncio.timeout(_CLOSE_WITHIN_S):
            await socket.end(code)
    except (OSError, TimeoutError):
        logger.debug("a socket that was closed with %d had gone", code)


guard: Final = SocketGuard()

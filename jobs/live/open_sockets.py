"""The open WebSockets: how many a user may have, and which of them must close.

A user has at most ``GTS_MAX_SOCKETS_PER_USER``, in all processes. In production each is a lease in
Redis, a member of a sorted set per user, by Redis's clock. It is given back when the socket closes
and renewed as long as it is open, so those of a process that was killed are gone after a minute.
While Redis is away each process counts its own, as it does in embedded mode, which has but one.

``SocketGuard`` closes those whose user may not listen any more, with one look for all of a process:
every ``CHECK_EVERY_S`` the database is asked what became of all their credentials and jobs
together, in at most five queries. While no socket is open nothing is asked.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Collection
from functools import cache, partial
from typing import Any, Final, Protocol
from uuid import UUID

import redis
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError

from accounts.sessions.logins import Credential, credentials_ended
from gts.web.redis_away import TIMEOUT_S, ask
from jobs.selectors import job_owners

logger = logging.getLogger(__name__)

# With the look itself, and a machine that is busy, well below five seconds.
CHECK_EVERY_S: Final = 2.0
_CLOSE_WITHIN_S: Final = 5.0

CLOSE_NOT_AUTHENTICATED: Final = 4001
CLOSE_NOT_FOUND: Final = 4004

_LEASE_S: Final = 60
_RENEWED_EVERY_S: Final = 20.0

# KEYS: the user's set. ARGV: a name for the socket, the limit, the length of a lease in seconds.
_TAKE: Final = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""

# Of this process: whose each open socket is, by its name.
_held: dict[str, int] = {}
_num_by_user: Counter[int] = Counter()
_renewed_at_s = 0.0


async def take_place(user_id: int, name: str) -> bool:
    """Whether this user may have one more. If so, give it back with
    ``release_place``."""
    limit: int = settings.GTS_MAX_SOCKETS_PER_USER
    if limit and _num_by_user[user_id] >= limit:
        return False
    _held[name] = user_id
    _num_by_user[user_id] += 1
    if not limit or settings.IS_EMBEDDED:
        return True
    is_taken = await _ask(partial(_take, user_id, name, limit), otherwise=True)
    if not is_taken:
        _forget(name)
    return is_taken


async def release_place(name: str) -> None:
    """Harmless for one that was not taken."""
    user_id = _forget(name)
    if user_id is None or settings.IS_EMBEDDED:
        return
    await _ask(lambda: bool(_client().zrem(_key(user_id), name)), otherwise=False)


async def renew_places() -> None:
    """Often enough is every few seconds; it asks Redis when it is time."""
    global _renewed_at_s
    if settings.IS_EMBEDDED or time.monotonic() - _renewed_at_s < _RENEWED_EVERY_S:
        return
    _renewed_at_s = time.monotonic()
    await _ask(partial(_renew, dict(_held)), otherwise=False)


async def _ask(question: Callable[[], bool], *, otherwise: bool) -> bool:
    """In a thread; ``otherwise``, if Redis is away."""
    return await asyncio.to_thread(ask, question, otherwise=otherwise)


def _forget(name: str) -> int | None:
    user_id = _held.pop(name, None)
    if user_id is not None:
        _num_by_user[user_id] -= 1
        if not _num_by_user[user_id]:
            del _num_by_user[user_id]
    return user_id


def _take(user_id: int, name: str, limit: int) -> bool:
    return bool(_client().eval(_TAKE, 1, _key(user_id), name, limit, _LEASE_S))


def _renew(held: dict[str, int]) -> bool:
    now_s = int(_client().time()[0])
    with _client().pipeline(transaction=False) as pipe:
        for name, user_id in held.items():
            pipe.zadd(_key(user_id), {name: now_s + _LEASE_S})
            pipe.expire(_key(user_id), _LEASE_S)
        pipe.execute()
    return True


def _key(user_id: int) -> str:
    """As names of the cache have it: another for each test."""
    return f"gts:sockets:{settings.CACHES['default'].get('KEY_PREFIX', '')}:{user_id}"


@cache
def _client() -> Any:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
    )


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
                    await renew_places()
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

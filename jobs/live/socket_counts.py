"""How many WebSockets a user has open: at most ``GTS_MAX_SOCKETS_PER_USER``, in all processes.

In production each is a lease in Redis, a member of a sorted set per user, by Redis's clock. It is
given back when the socket closes and renewed as long as it is open, so those of a process that was
killed are gone after a minute. While Redis is away each process counts its own, as it does in
embedded mode, which has but one.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from typing import Any, Final

import redis
from django.conf import settings

from gts.web.redis_away import TIMEOUT_S, ask

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


async def take(user_id: int, name: str) -> bool:
    """Whether this user may have one more. If so, give it back with ``release``."""
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


async def release(name: str) -> None:
    """Harmless for one that was not taken."""
    user_id = _forget(name)
    if user_id is None or settings.IS_EMBEDDED:
        return
    await _ask(lambda: bool(_client().zrem(_key(user_id), name)), otherwise=False)


async def renew() -> None:
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

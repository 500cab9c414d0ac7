"""The connections to Tone 3000: pooled, bounded in time, followed nowhere by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakKeyDictionary

import httpx
from django.conf import settings

from accounts.tone3000.calls import certificates
from gts.web.request_slot import give_back_slot

# Of each step; a request as a whole has a deadline of its own.
TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0, pool=10.0)
# More than the slow calls that must be possible at once.
_LIMITS: Final = httpx.Limits(max_connections=100, max_keepalive_connections=20)

_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = WeakKeyDictionary()


def shared_pool() -> httpx.AsyncClient:
    """The pool of this event loop: for the server, whose loop lives as long as the process."""
    loop = asyncio.get_running_loop()
    pool = _pools.get(loop)
    if pool is None or pool.is_closed:
        pool = _pools[loop] = _new_pool()
    return pool


async def close_shared_pool() -> None:
    pool = _pools.pop(asyncio.get_running_loop(), None)
    if pool is not None:
        await pool.aclose()


@asynccontextmanager
async def own_pool() -> AsyncIterator[httpx.AsyncClient]:
    """A pool for as long as a job takes, whose event loop ends with it."""
    async with _new_pool() as pool:
        yield pool


async def _leave_turn(request: httpx.Request) -> None:
    give_back_slot()


def _new_pool() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        timeout=TIMEOUT,
        limits=_LIMITS,
        follow_redirects=False,
        verify=certificates(),
        headers={"User-Agent": settings.GTS_USER_AGENT},
        event_hooks={"request": [_leave_turn]},
    )

"""The connections to Tone 3000, how much may be asked over them, and when to be quiet.

Connections are pooled, bounded in time, and follow nothing by themselves. Counts are kept in the
cache, so they hold across processes (Redis in production; the embedded mode is one process).

Three reasons to be quiet: an account has used up its requests per minute; Tone 3000 has said "too
many" (to one account, or by its firewall to all of us); or it has failed several times in a row.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.cache import cache

from accounts.tone3000.calls import certificates
from gear.tone3000.access import BACKING_OFF, UNAVAILABLE, BackingOffError, Tone3000Error
from gts.web.slots import give_back_slot

if TYPE_CHECKING:
    import httpx


# Of each step; a request as a whole has a deadline of its own.
_TIMEOUT_S: Final = 10.0
_CONNECT_TIMEOUT_S: Final = 5.0
# More than the slow calls that must be possible at once.
_MAX_CONNECTIONS: Final = 100
_MAX_IDLE_CONNECTIONS: Final = 20

# Their limit per token and minute. It is counted here per account, because a refresh makes a new
# token every hour, and refused here before it is refused there.
REQUESTS_PER_MINUTE: Final = 100
_WINDOW_S: Final = 60
_BUCKET_S: Final = 5

# Without a Retry-After the pauses double.
_FIRST_PAUSE_S: Final = 4.0
_LONGEST_PAUSE_S: Final = 300.0
_FORGET_PAUSES_S: Final = 600

# So many failures in a row, of whomever, open the circuit: no one asks until a trial succeeds.
FAILURES_TO_OPEN: Final = 8
OPEN_S: Final = 20.0
_TRIAL_S: Final = 30
_FORGET_FAILURES_S: Final = 120

EVERYBODY: Final = "everybody"

_OPEN_UNTIL: Final = "tone3000:open_until"
_FAILURES: Final = "tone3000:failures"
_TRIAL: Final = "tone3000:trial"

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
    import httpx  # when it is first asked: see ``api_url``

    return httpx.AsyncClient(
        timeout=httpx.Timeout(_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S),
        limits=httpx.Limits(
            max_connections=_MAX_CONNECTIONS, max_keepalive_connections=_MAX_IDLE_CONNECTIONS
        ),
        follow_redirects=False,
        verify=certificates(),
        headers={"User-Agent": settings.GTS_USER_AGENT},
        event_hooks={"request": [_leave_turn]},
    )


class RateLimit:
    """The traffic of one account, whatever token it has at the moment."""

    def __init__(self, account: str) -> None:
        # Whatever an account is called, its keys are short and hold nothing a cache refuses.
        self._account = hashlib.sha256(account.encode()).hexdigest()[:32]

    async def enter(self) -> None:
        """Before each request. Raises ``BackingOffError``, or ``Tone3000Error`` while they fail."""
        await sync_to_async(self._enter)()

    async def failed(self) -> None:
        """No answer, or a 5xx."""
        await sync_to_async(_count_failure)()

    async def answered(self) -> None:
        """Any answer that shows them at work: the circuit closes."""
        await sync_to_async(_forget_failures)()

    async def told_to_wait(self, wait_s: float | None, *, is_everybody: bool) -> BackingOffError:
        """They said "too many". What to raise: nothing is asked until the wait is over."""
        who = EVERYBODY if is_everybody else self._account
        return _backing_off(await sync_to_async(_pause)(who, wait_s))

    def _enter(self) -> None:
        now = time.time()
        first = int(now // _BUCKET_S) - _WINDOW_S // _BUCKET_S
        buckets = [self._bucket(first + number) for number in range(_WINDOW_S // _BUCKET_S + 1)]
        pauses = [_pause_key(self._account), _pause_key(EVERYBODY)]
        known = cache.get_many([*pauses, _OPEN_UNTIL, _FAILURES])
        paused_until = max((known.get(key, 0.0) for key in pauses), default=0.0)
        if paused_until > now:
            raise _backing_off(paused_until - now)
        if known.get(_FAILURES, 0) >= FAILURES_TO_OPEN:
            _pass_circuit(known.get(_OPEN_UNTIL, 0.0), now)
        # Counted first and looked at afterwards: of two at once both see both.
        _increment(buckets[-1], timeout_s=2 * _WINDOW_S)
        counts = cache.get_many(buckets)
        if sum(counts.values()) > REQUESTS_PER_MINUTE:
            _decrement(buckets[-1])
            oldest = next(number for number, key in enumerate(buckets) if counts.get(key))
            raise _backing_off((first + oldest + len(buckets)) * _BUCKET_S - now)

    def _bucket(self, number: int) -> str:
        return f"tone3000:requests:{self._account}:{number}"


def _pass_circuit(open_until: float, now: float) -> None:
    """While the circuit is open no one passes; after that one at a time tries."""
    if open_until > now:
        raise Tone3000Error(UNAVAILABLE, detail="circuit open", wait=open_until - now)
    if not cache.add(_TRIAL, 1, timeout=_TRIAL_S):
        raise Tone3000Error(UNAVAILABLE, detail="someone else is trying", wait=_BUCKET_S)


def _count_failure() -> None:
    failures = _increment(_FAILURES, timeout_s=_FORGET_FAILURES_S)
    if failures >= FAILURES_TO_OPEN:
        cache.set(_OPEN_UNTIL, time.time() + OPEN_S, timeout=_FORGET_FAILURES_S)
    cache.delete(_TRIAL)


def _forget_failures() -> None:
    if cache.get(_FAILURES) is not None:
        cache.delete_many([_FAILURES, _OPEN_UNTIL, _TRIAL])


def _pause(who: str, wait_s: float | None) -> float:
    """Be quiet for as long as they say, or twice as long as last time. Returns the seconds.

    Several answers to requests that were on their way together are one reason, not several.
    """
    left_s: float = cache.get(_pause_key(who), 0.0) - time.time()
    if left_s > 0:
        return left_s
    times = _increment(f"tone3000:pauses:{who}", timeout_s=_FORGET_PAUSES_S)
    if wait_s is None:
        wait_s = _FIRST_PAUSE_S * 2 ** min(times - 1, 10)
    wait_s = min(wait_s, _LONGEST_PAUSE_S)
    cache.set(_pause_key(who), time.time() + wait_s, timeout=wait_s + 1)
    return wait_s


def _pause_key(who: str) -> str:
    return f"tone3000:paused_until:{who}"


def _backing_off(wait_s: float) -> BackingOffError:
    return BackingOffError(BACKING_OFF, wait=max(wait_s, 1.0))


def _increment(key: str, *, timeout_s: int) -> int:
    if cache.add(key, 1, timeout=timeout_s):
        return 1
    try:
        return cache.incr(key)
    except ValueError:  # it has expired between the two
        cache.set(key, 1, timeout=timeout_s)
        return 1


def _decrement(key: str) -> None:
    try:
        cache.decr(key)
    except ValueError:
        return

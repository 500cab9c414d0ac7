"""How often something may be asked for: the one way in which requests are counted.

Counters of fixed windows, of which the one before still counts as far as it overlaps the last
full length: two small numbers in the cache for each who asks. Adding one is atomic, so requests at
once on many hosts are all counted. Without its Redis nothing is counted (``gts.web.redis_away``).
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest

from gts.web.client_ip import client_address, network_of


@dataclass(frozen=True, slots=True)
class Allowance:
    """How it stands after one more request. ``wait_s``: 0, or when there is room again, in seconds;
    then it does not count. ``remaining``: as many more may come before ``reset_s`` have passed."""

    limit: int
    window_s: int
    remaining: int
    reset_s: float
    wait_s: float = 0.0


def wait_after_one_more(*, what: str, who: str, limit: int, window_s: int = 60) -> float:
    """``wait_s`` of ``allowance_after_one_more``; without a limit 0."""
    if not limit:
        return 0.0
    return allowance_after_one_more(what=what, who=who, limit=limit, window_s=window_s).wait_s


def allowance_after_one_more(*, what: str, who: str, limit: int, window_s: int) -> Allowance:
    """Count one more request for ``what`` by ``who``, of whom ``limit`` may come in
    ``window_s``."""
    now_s = time.time()
    index, passed = int(now_s // window_s), (now_s % window_s) / window_s
    key = f"throttle:{what}:{hashlib.sha256(who.encode()).hexdigest()[:32]}"
    num, before = _add_one(f"{key}:{index}", beside=f"{key}:{index - 1}", timeout_s=2 * window_s)
    reset_s = window_s * (1 - passed)
    used = before * (1 - passed) + num
    if used <= limit:
        return Allowance(limit, window_s, int(limit - used), reset_s)
    num = _increment(f"{key}:{index}", -1)
    # Of this window or, when it is full by itself, of the next: the share of it that must
    # have passed until what overlaps from the one before is small enough.
    at = 1 - (limit - num - 1) / before if num < limit else 2 - (limit - 1) / num
    wait_s = max(at - passed, 0.001) * window_s
    return Allowance(limit, window_s, 0, max(reset_s, wait_s), wait_s)


def _add_one(key: str, *, beside: str, timeout_s: int) -> tuple[int, int]:
    """How many there are by ``key`` with this one, and by ``beside``."""
    if hasattr(cache, "add_one"):  # in one round trip to Redis
        counted: tuple[int, int] = cache.add_one(key, beside=beside, timeout=timeout_s)
        return counted
    cache.add(key, 0, timeout_s)
    return _increment(key, 1), cache.get(beside, 0)


def _increment(key: str, delta: int) -> int:
    try:
        return cache.incr(key, delta)
    except ValueError:  # thrown away, or Redis came back between the two
        return max(delta, 0)


def network_of_request(request: HttpRequest) -> str:
    """Who is counted where no user is known."""
    address = client_address(request)
    return network_of(address) if address is not None else "unknown"

"""How often something may be asked for: the one way in which requests are counted.

Counters of fixed windows, of which the one before still counts as far as it overlaps the last
full length: two small numbers in the cache for each who asks. Adding one is atomic, so requests at
once on many hosts are all counted. Without its Redis nothing is counted (``accounts.redis_away``).
"""

from __future__ import annotations

import hashlib
import time

from django.core.cache import cache
from django.http import HttpRequest

from accounts.addresses import client_address, network_of


def wait_after_one_more(*, what: str, who: str, limit: int, window_s: int = 60) -> float:
    """Count one more request for ``what`` by ``who``, of whom ``limit`` may come in ``window_s``;
    0: any number. Returns 0, or when there is room again, in seconds (then it does not count)."""
    if not limit:
        return 0.0
    now_s = time.time()
    index, passed = int(now_s // window_s), (now_s % window_s) / window_s
    key = f"throttle:{what}:{hashlib.sha256(who.encode()).hexdigest()[:32]}"
    before: int = cache.get(f"{key}:{index - 1}", 0)
    cache.add(f"{key}:{index}", 0, 2 * window_s)
    num = _increment(f"{key}:{index}", 1)
    if before * (1 - passed) + num <= limit:
        return 0.0
    num = _increment(f"{key}:{index}", -1)
    # Of this window or, when it is full by itself, of the next: the share of it that must
    # have passed until what overlaps from the one before is small enough.
    at = 1 - (limit - num - 1) / before if num < limit else 2 - (limit - 1) / num
    return max(at - passed, 0.001) * window_s


def _increment(key: str, delta: int) -> int:
    try:
        return cache.incr(key, delta)
    except ValueError:  # thrown away, or Redis came back between the two
        return max(delta, 0)


def network_of_request(request: HttpRequest) -> str:
    """Who is counted where no user is known."""
    address = client_address(request)
    return network_of(address) if address is not None else "unknown"

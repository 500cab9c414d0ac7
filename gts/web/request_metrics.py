"""What this process counts: requests and open WebSockets. ``/metrics`` adds nothing up itself.

Every web process counts for itself and writes it down with its sign of life, so a scrape sees
all of them, whichever answers.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from typing import Any, Final

from gts.web.scopes import ASGIApplication, Receive, Scope, Send

DURATION_BUCKETS_S: Final = (0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Figures:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: Counter[str] = Counter()
        self._logins: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._num_uncounted = 0
        self._durations = [0] * (len(DURATION_BUCKETS_S) + 1)
        self._duration_sum_s = 0.0
        self._num_sockets = 0

    def answered(self, method: str, status: int, duration_s: float) -> None:
        known = method if method in _METHODS else "OTHER"
        with self._lock:
            self._answers[f"{known} {status}"] += 1
            self._durations[bisect_left(DURATION_BUCKETS_S, duration_s)] += 1
            self._duration_sum_s += duration_s

    def login_ended(self, outcome: str) -> None:
        """``outcome``: succeeded, failed, or slowed."""
        with self._lock:
            self._logins[outcome] += 1

    def refused(self, code: str) -> None:
        """Before Django had it, because it was too much or came too slowly."""
        with self._lock:
            self._refusals[code] += 1

    def redis_was_unanswered(self) -> None:
        with self._lock:
            self._num_uncounted += 1

    def socket_opened(self) -> None:
        with self._lock:
            self._num_sockets += 1

    def socket_closed(self) -> None:
        with self._lock:
            self._num_sockets -= 1

    def as_json(self) -> dict[str, Any]:
        """``durations`` is cumulative, as Prometheus wants it; its last number counts all."""
        with self._lock:
            return {
                "answers": dict(self._answers),
                "logins": dict(self._logins),
                "refusals": dict(self._refusals),
                "num_uncounted": self._num_uncounted,
                "durations": list(accumulate(self._durations)),
                "duration_sum_s": round(self._duration_sum_s, 6),
                "num_sockets": self._num_sockets,
            }


figures = Figures()


def counting_sockets(inner: ASGIApplication) -> ASGIApplication:
    """``inner`` with its connections counted, from the handshake to the end."""

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        figures.socket_opened()
        try:
            await inner(scope, receive, send)
        finally:
            figures.socket_closed()

    return counted

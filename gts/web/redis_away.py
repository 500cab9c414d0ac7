"""Redis that cannot be asked: what is kept there only counts and remembers, so work goes on.

The one place for it. What asks Redis for a page or the API asks by ``ask`` and says what holds
without an answer. That it is away is logged once a minute, counted for ``/metrics``, and for a
moment not tried again: one that hangs must not cost each request its patience. What has a way of
its own to Redis, as messages for workers and news for sockets, keeps to the same by ``is_away`` or
``is_hanging`` and ``note``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from gts.web.request_metrics import figures

logger = logging.getLogger(__name__)

T = TypeVar("T")

# How long it is waited for, each time; and how long it is left alone after that failed.
TIMEOUT_S: Final = 1.0
PAUSE_S: Final = 5.0
_LOGGED_EVERY_S: Final = 60.0


class _Reach:
    """What this process knows of it. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._away_until_s = self._hangs_until_s = self._log_again_at_s = 0.0

    def is_away(self) -> bool:
        return time.monotonic() < self._away_until_s

    def is_hanging(self) -> bool:
        return time.monotonic() < self._hangs_until_s

    def note(self, error: Exception) -> None:
        now_s = time.monotonic()
        with self._lock:
            self._away_until_s = now_s + PAUSE_S
            if _is_timeout(error):
                self._hangs_until_s = self._away_until_s
            is_told = now_s < self._log_again_at_s
            if not is_told:
                self._log_again_at_s = now_s + _LOGGED_EVERY_S
        if not is_told:
            logger.warning("Redis is away, nothing is counted: %s", type(error).__name__)


_reach = _Reach()


def ask(question: Callable[[], T], *, otherwise: T) -> T:
    """The answer of ``question``; ``otherwise``, if Redis is away."""
    if not _reach.is_away():
        try:
            return question()
        except _redis_error() as error:
            _reach.note(error)
    figures.redis_was_unanswered()
    return otherwise


def is_away() -> bool:
    """Redis gave no answer within the last ``PAUSE_S``."""
    return _reach.is_away()


def is_hanging() -> bool:
    """A request timed out within the last ``PAUSE_S``. (A refused connection costs no time.)"""
    return _reach.is_hanging()


def note(error: Exception) -> None:
    """A request failed with ``error``. Errors that did not come from Redis are ignored."""
    if any(isinstance(one, _redis_error()) for one in _with_causes(error)):
        _reach.note(error)
        figures.redis_was_unanswered()


def _is_timeout(error: Exception) -> bool:
    import redis

    return any(isinstance(one, redis.TimeoutError) for one in _with_causes(error))


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _redis_error() -> type[Exception]:
    """Looked at when something was raised: most processes do not load the library before."""
    import redis

    return redis.RedisError


def forget() -> None:
    """It is tried again at once. For tests, whose Redis goes and comes back."""
    _reach.forget()

"""Whether the job that is being run here is still wanted, for work that reports no progress.

Copying a long file to a storage knows nothing of the job that it belongs to, and still has to stop
when its owner cancels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


def _never() -> None:
    """Outside of a job there is no one who could cancel."""


_check: ContextVar[Callable[[], None]] = ContextVar("cancellation_check", default=_never)


def cancellation_check() -> Callable[[], None]:
    """Raises ``CancelledError`` when the job is to stop. May be called from any thread."""
    return _check.get()


@contextmanager
def checked_by(check: Callable[[], None]) -> Iterator[None]:
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)

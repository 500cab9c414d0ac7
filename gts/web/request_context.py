"""To which request the work going on here belongs: what every line of the log says.

A request gets its id where it comes in; what works for it later, elsewhere, says so again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """The id of the request this work was asked for by; empty where none did."""
    return _request_id.get()


@contextmanager
def within_request(request_id: str) -> Iterator[None]:
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)

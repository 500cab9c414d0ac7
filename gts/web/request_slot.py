"""The turn that a request has taken of its process, left to the next one while it waits outside.

A process works on so many requests at once (``gts.web.slots``). One that waits for another server
does no work meanwhile, however slow that is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar


def _has_none() -> None:
    """Of what is no request, or one that is not counted."""


_give_back: ContextVar[Callable[[], object]] = ContextVar("give_back_slot", default=_has_none)


def slot_is_given_back_by(give_back: Callable[[], object]) -> None:
    """For the rest of this request. ``give_back`` may be called by any thread, and again."""
    _give_back.set(give_back)


def give_back_slot() -> None:
    """Before waiting for another server. What is left to do after that needs no turn."""
    _give_back.get()()

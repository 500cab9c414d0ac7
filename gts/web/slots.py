"""How many requests a process works on at once, and how long others wait for their turn.

A request that waits for another server does no work meanwhile, however slow that is: it gives its
turn back (``give_back_slot``), to the next one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

from gts.web.errors import BusyError

# When to come again: by then those who wait now have had their turn, or have been sent away.
RETRY_AFTER_S: Final = 2.0


def _has_none() -> None:
    """Of what is no request, or one that is not counted."""


_give_back: ContextVar[Callable[[], object]] = ContextVar("give_back_slot", default=_has_none)


class Slots:
    """So many may be at work; who comes later waits in order, and not longer than is said."""

    def __init__(self, num_slots: int) -> None:
        self._num_free = num_slots
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self, patience_s: float) -> None:
        """Raises ``BusyError`` BUSY when none gets free in time."""
        if self._num_free:
            self._num_free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(patience_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.give_back()  # it was given in the same moment
            elif turn in self._waiting:
                self._waiting.remove(turn)
            if isinstance(error, TimeoutError):
                raise busy() from None
            raise

    def give_back(self) -> None:
        """To who has waited longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._num_free += 1


def busy(*, wait_s: float = RETRY_AFTER_S) -> BusyError:
    return BusyError("The server is busy. Try again in a few seconds.", wait=wait_s)


def slot_is_given_back_by(give_back: Callable[[], object]) -> None:
    """For the rest of this request. ``give_back`` may be called by any thread, and again."""
    _give_back.set(give_back)


def give_back_slot() -> None:
    """Before waiting for another server. What is left to do after that needs no turn."""
    _give_back.get()()

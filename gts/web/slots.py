"""How many requests a process works on at once, and how long others wait for their turn."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from gts.web.errors import BusyError

# When to come again: by then those who wait now have had their turn, or have been sent away.
RETRY_AFTER_S: Final = 2.0


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

"""The wish that this process stops: seen by all its threads, and by the processes it has forked.

No Django here: Celery needs it before the apps are loaded.
"""

from __future__ import annotations

import mmap
import struct
import time
from typing import Final

_TIME: Final = struct.Struct("d")


class Shutdown:
    """Make it before the process forks: what is forked later shares the memory of the wish."""

    def __init__(self) -> None:
        self._since = mmap.mmap(-1, _TIME.size)  # unlike a threading.Event

    def announce(self) -> None:
        """From now on running jobs hand back at their next report, and none is claimed."""
        if not self.is_set():
            _TIME.pack_into(self._since, 0, time.monotonic())

    def revoke(self) -> None:
        _TIME.pack_into(self._since, 0, 0.0)

    def is_set(self) -> bool:
        return self._since_s() != 0.0

    def has_lasted(self, seconds: float) -> bool:
        since_s = self._since_s()
        return since_s != 0.0 and time.monotonic() - since_s >= seconds

    def _since_s(self) -> float:
        since_s: float = _TIME.unpack_from(self._since, 0)[0]
        return since_s


shutdown: Final = Shutdown()

"""How a process stops: the wish that it does, and work that goes on although its job is over.

The wish is seen by all threads of the process, and by the processes it has forked. Nothing can end
a thread that is in a function which does not return, say; a process of Celery's pool can be ended:
its supervisor starts another.

No Django here: Celery needs this before the apps are loaded.
"""

from __future__ import annotations

import logging
import mmap
import os
import struct
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

logger = logging.getLogger(__name__)

_TIME: Final = struct.Struct("d")
_MAX_STACK_CHARS: Final = 8000
_EXIT_CODE: Final = 70  # EX_SOFTWARE


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


@dataclass(slots=True)
class StuckWork:
    """The jobs whose work does not stop in this process. ``may_end_process``: its supervisor starts
    another."""

    may_end_process: bool = False
    _jobs: set[UUID] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, job_id: UUID) -> None:
        with self._lock:
            self._jobs.add(job_id)

    def remove(self, job_id: UUID) -> None:
        with self._lock:
            self._jobs.discard(job_id)

    def as_json(self) -> Mapping[str, int]:
        """For operators, with the sign of life of the process."""
        return {"num_stuck": len(self._jobs)}

    def give_up(self, job_id: UUID) -> None:
        """It has had time enough. Where that helps, the process ends and does not return."""
        if self.may_end_process:
            logger.error("job %s still does not stop: this process ends", job_id)
            os._exit(_EXIT_CODE)
        logger.error("job %s still does not stop: its thread is lost until a restart", job_id)


stuck_work: Final = StuckWork()


def stack_of(thread: threading.Thread) -> str:
    """Where it is, for operators."""
    frame = sys._current_frames().get(thread.ident or 0)
    stack = "" if frame is None else "".join(traceback.format_stack(frame))
    return stack[-_MAX_STACK_CHARS:]

"""Work that does not stop although its job is over: in a function that does not return, say.

Nothing can end a thread. A process of Celery's pool can be ended: its supervisor starts another.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

logger = logging.getLogger(__name__)

_MAX_STACK_CHARS: Final = 8000
_EXIT_CODE: Final = 70  # EX_SOFTWARE


@dataclass(slots=True)
class StuckWork:
    """What of it there is in this process. ``may_end_process``: its supervisor starts another."""

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

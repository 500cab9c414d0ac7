"""The sign of life of a running job, its progress on the way to the row, and its ear for a cancel.

It is also where a job ends whose work does not stop when it is told to.

All of it happens in a thread beside the work, so that a slow database never slows a render: what
the work calls between two blocks only looks at a few attributes.
"""

from __future__ import annotations

import contextvars
import copy
import logging
import math
import threading
import time
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Final

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from jobs.models import Job, JobState
from jobs.pipeline.errors import CancelledError, PipelineError
from jobs.queue import lifecycle
from jobs.queue.failures import failure_from
from jobs.queue.stopping import Shutdown, stack_of, stuck_work
from jobs.registry import time_limit_s_for

logger = logging.getLogger(__name__)

_TICK_S: Final = 0.25  # progress is written at most this often
_POLL_S: Final = 0.5  # a wish to cancel is seen within this
_REACT_WITHIN_S: Final = 5.0  # then the job ends without the work
_STUCK_AFTER_S: Final = 30.0  # and then it is taken for work that never stops


class Heartbeat:
    """Keeps one attempt alive while the ``with`` block runs, in the thread that does the work.

    ``closing``: the process shuts down, and the work is to stop at its next report. Work that does
    not report in time is handed back from here, before the process ends over its head. A job that
    is cancelled, or has taken longer than its kind may, ends from here in the same way.
    """

    def __init__(self, job: Job, closing: Shutdown) -> None:
        self._job = copy.copy(job)  # this thread's own
        self._closing = closing
        self._over = threading.Event()
        # With the ids of the job, for the log.
        live = partial(contextvars.copy_context().run, self._live)
        self._thread = threading.Thread(target=live, name=f"heartbeat-{job.uuid}", daemon=True)
        self._lock = threading.Lock()
        self._progress = job.progress
        self._message = job.message
        self._has_news = False
        self._is_muted = False
        self._last_beat_s = self._last_poll_s = time.monotonic()
        self._time_limit_s = time_limit_s_for(job.kind)
        self._deadline_s = self._last_beat_s + (self._time_limit_s or math.inf)
        self._told_to_stop_s: float | None = None
        self._has_given_up = False
        self._worker = threading.current_thread()
        self.is_cancelled = False
        self.is_lost = False

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        stuck_work.remove(self._job.uuid)

    def check(self) -> None:
        """Raises ``CancelledError`` when the work is to stop, and ``PipelineError``
        JOB_TOOK_TOO_LONG. Any thread."""
        if self.is_cancelled or self.is_lost or self._closing.is_set():
            raise CancelledError
        if self._is_late():
            raise self._took_too_long()

    def report(self, fraction: float, message: str = "") -> None:
        """Note how far the work is. Raises as ``check``. Any thread."""
        self.check()
        progress = min(max(fraction, 0.0), 1.0) * 100.0
        with self._lock:
            self._progress = max(self._progress, progress)
            self._message = message or self._message
            self._has_news = True

    def mute(self) -> None:
        """From now on the children report."""
        self._is_muted = True

    def _live(self) -> None:
        try:
            while not self._over.wait(_TICK_S):
                self._tick()
            self._tick(is_last=True)
        finally:
            connection.close()

    def _tick(self, *, is_last: bool = False) -> None:
        now_s = time.monotonic()
        try:
            if self._write_news():
                self._last_beat_s = now_s
            if is_last or self.is_lost:
                self._look_whether_stuck(now_s)
                return
            if self._closing.has_lasted(settings.GTS_STOP_GRACE_S / 2):
                # No warning: who stops the server is told that what runs goes on at the next start.
                logger.info("job %s does not report: handed back", self._job.uuid)
                lifecycle.hand_back(self._job)
                self.is_lost = True
                return
            if now_s - self._last_poll_s >= _POLL_S:
                self._last_poll_s = now_s
                self._listen()
            if now_s - self._last_beat_s >= settings.JOB_HEARTBEAT_S:
                self._last_beat_s = now_s
                self.is_lost = not lifecycle.beat(self._job)
            self._end_if_it_does_not_stop(now_s)
        except DatabaseError as error:
            # The work goes on. Without a sign of life for long, the sweep requeues it.
            logger.warning("job %s has no database: %s", self._job.uuid, error)
            connection.close()
        except Exception:
            logger.exception("the heartbeat of job %s failed", self._job.uuid)

    def _write_news(self) -> bool:
        with self._lock:
            if not self._has_news or self._is_muted or self.is_lost:
                return False
            self._has_news = False
            progress, message = self._progress, self._message
        if not lifecycle.write_progress(self._job, progress=progress, message=message):
            self._listen()
        return True

    def _listen(self) -> None:
        row = (
            Job.objects.filter(pk=self._job.pk)
            .values_list("attempt", "state", "cancel_requested_at")
            .first()
        )
        if row is None:
            self.is_lost = True
            return
        attempt, state, cancel_requested_at = row
        # A muted parent may have ended with its last child already.
        is_held = attempt == self._job.attempt and (state == JobState.RUNNING or self._is_muted)
        self.is_lost = not is_held
        self.is_cancelled = cancel_requested_at is not None

    # Work that does not stop

    def _is_late(self) -> bool:
        return time.monotonic() >= self._deadline_s and not self._is_muted

    def _took_too_long(self) -> PipelineError:
        minutes = (self._time_limit_s or 0.0) / 60.0
        return PipelineError(
            "JOB_TOOK_TOO_LONG",
            f"This took more than {minutes:.3g} minutes and was stopped. Try it with less at once.",
        )

    def _end_if_it_does_not_stop(self, now_s: float) -> None:
        """The job ends for those who wait; what the work still brings is not taken any more."""
        if not (self.is_cancelled or self._is_late()):
            return
        if self._told_to_stop_s is None:
            self._told_to_stop_s = now_s
        if now_s - self._told_to_stop_s < _REACT_WITHIN_S:
            return
        stack = stack_of(self._worker)
        if self.is_cancelled:
            has_ended = lifecycle.cancel(self._job, detail=stack)
        else:
            failure = failure_from(self._took_too_long())
            has_ended = lifecycle.fail(self._job, replace(failure, detail=stack))
        self.is_lost = True
        if has_ended:
            stuck_work.add(self._job.uuid)
            logger.error("job %s does not stop: it ends without it\n%s", self._job.uuid, stack)

    def _look_whether_stuck(self, now_s: float) -> None:
        since_s = self._told_to_stop_s
        if self._has_given_up or since_s is None or self._over.is_set():
            return
        if now_s - since_s >= _STUCK_AFTER_S:
            self._has_given_up = True
            stuck_work.give_up(self._job.uuid)

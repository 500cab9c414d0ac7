"""The gate: readers that wait for work, and what to do when one of them breaks.

A reader is a Python of its own, started afresh and not forked, because a process with threads (the
embedded server) must not fork. To start one takes a second or two of the processor, so one waits
for some minutes in each process that has needed it, and reads many files before it is replaced.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Any, Final

from jobs.pipeline.errors import Progress, no_progress
from jobs.pipeline.gate.process import Reader, ReaderBrokenError, Reading
from jobs.pipeline.gate.tasks import ReadTask
from jobs.pipeline.json_values import JSONObject

logger = logging.getLogger(__name__)

FILES_PER_READER: Final = 200
_IDLE_S: Final = 600.0  # then the memory of one that waits is of more use elsewhere
_MAX_WAITING: Final = 2  # as many as short jobs run at once in an embedded server


def _no_check() -> None:
    """For those who cannot be asked to stop."""


class Gate:
    """Any number of threads may read at once, each with a reader of its own.

    ``is_prepared``: readers load while they wait what their first files will need, and for one
    that had to be ended another is started at once.
    """

    def __init__(self, *, is_prepared: bool = True) -> None:
        self._is_prepared = is_prepared
        self._lock = threading.Lock()
        self._waiting: list[Reader] = []
        self._idle_timer: threading.Timer | None = None
        self._is_closed = False
        self._has_told = False

    def read(
        self,
        task: ReadTask,
        arguments: JSONObject,
        *,
        progress: Progress = no_progress,
        check: Callable[[], None] = _no_check,
    ) -> Any:
        """What the task's function returns. ``check`` is called ten times a second, and like
        ``progress`` may raise to stop it all: the reader is gone then, whatever it was doing.

        Raises ``PipelineError``: what reading the file raises, and FILE_TOO_DEMANDING (more time
        or memory than the task may have), FILE_READER_CRASHED, FILE_UNREADABLE, all permanent;
        FILE_READER_LOST (temporary). ``OSError`` for files that cannot be opened or written.
        """
        reading = self.measure(task, arguments, progress=progress, check=check)
        if reading.error is not None:
            raise reading.error
        return reading.result

    def measure(
        self,
        task: ReadTask,
        arguments: JSONObject,
        *,
        progress: Progress = no_progress,
        check: Callable[[], None] = _no_check,
    ) -> Reading:
        """The same with what it took, and with what is wrong with the file as a value."""
        while True:
            reader = self._take()
            is_fresh = reader.num_files == 0
            try:
                reading = reader.ask(task, arguments, progress, check)
            except ReaderBrokenError as broken:
                self._end(reader, str(broken))
                if is_fresh or broken.is_certain:
                    raise broken.error from None
            except BaseException as error:
                self._end(reader, type(error).__name__)
                raise
            else:
                self._put_back(reader)
                return reading

    def warm_up(self) -> None:
        """Start a reader for the next file, if none waits."""
        with self._lock:
            if not self._waiting and not self._is_closed:
                self._let_wait(Reader(is_prepared=self._is_prepared))

    def open(self) -> None:
        self._is_closed = False

    def close(self) -> None:
        """End those that wait; those that read end with what they do. It may be opened again."""
        self._is_closed = True
        self._end_waiting()

    def waiting_pids(self) -> list[int]:
        with self._lock:
            return [reader.pid for reader in self._waiting]

    def _let_wait(self, reader: Reader) -> None:
        """With the lock held."""
        self._waiting.append(reader)
        self._stop_timer()
        self._idle_timer = threading.Timer(_IDLE_S, self._end_waiting)
        self._idle_timer.daemon = True
        self._idle_timer.start()

    def _stop_timer(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()

    def _end_waiting(self) -> None:
        with self._lock:
            self._stop_timer()
            waiting, self._waiting = self._waiting, []
        for reader in waiting:
            reader.end()

    def _take(self) -> Reader:
        with self._lock:
            self._stop_timer()
            while self._waiting:
                reader = self._waiting.pop()
                if not reader.has_ended:
                    return reader
                reader.end()
        return Reader(is_prepared=self._is_prepared)

    def _put_back(self, reader: Reader) -> None:
        self._tell_lacking(reader)
        with self._lock:
            is_wanted = (
                not self._is_closed
                and len(self._waiting) < _MAX_WAITING
                and reader.num_files < FILES_PER_READER
            )
            if is_wanted:
                self._let_wait(reader)
        if not is_wanted:
            self._replace(reader)

    def _end(self, reader: Reader, why: str) -> None:
        logger.info("reader %d of files is ended: %s", reader.pid, why)
        self._replace(reader)

    def _replace(self, reader: Reader) -> None:
        reader.end()
        if self._is_prepared:
            self.warm_up()

    def _tell_lacking(self, reader: Reader) -> None:
        if reader.lacking and not self._has_told:
            self._has_told = True
            logger.warning("readers of files have no %s on this system", ", ".join(reader.lacking))

    def forget(self) -> None:
        """In a process that was forked: the readers are the other's."""
        self._lock = threading.Lock()
        self._idle_timer = None
        for reader in self._waiting:
            reader.forget()
        self._waiting = []


gate: Final = Gate()
os.register_at_fork(after_in_child=gate.forget)

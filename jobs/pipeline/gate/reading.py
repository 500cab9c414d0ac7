"""The gate: readers of files that wait for work, and what to do when one of them breaks.

A ``Reader`` is a Python of its own, started afresh and not forked, because a process with threads
(the embedded server) must not fork. Here it is seen from the one who asks it: started, asked,
watched, ended.

To start one takes a second or two of the processor, so the ``Gate`` lets one wait for some minutes
in each process that has needed it, and has it read many files before it is replaced.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.formats.records import JSONObject
from jobs.pipeline.gate import messages
from jobs.pipeline.gate.messages import ReadTask

logger = logging.getLogger(__name__)

_ROOT: Final = Path(__file__).resolve().parents[3]
_COMMAND: Final = (sys.executable, "-m", "jobs.pipeline.gate.child")
# What a reader has of the environment: no passwords or keys.
_ENVIRONMENT: Final = frozenset(
    {"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "VIRTUAL_ENV"}
    | {
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONDONTWRITEBYTECODE",
    }
    | {"OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OPENBLAS_CORETYPE"}
)

FILES_PER_READER: Final = 200
_IDLE_S: Final = 600.0  # then the memory of one that waits is of more use elsewhere
_MAX_WAITING: Final = 2  # as many as short jobs run at once in an embedded server

_START_WITHIN_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.1  # whether what is read is still wanted
_READ_BYTES: Final = 256 * 1024

# Signals by which a process ends that has broken something, and those of a limit.
_CRASHES: Final = frozenset(
    {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP}
)
_LIMITS: Final = frozenset({signal.SIGXCPU, signal.SIGALRM})
_ADVICE: Final = "Save it once more with the program that it comes from."


@dataclass(frozen=True, slots=True)
class Reading:
    """``error``: what is wrong with the file, and then there is no ``result``. ``cpu_s``,
    ``peak_bytes``: what it took; ``None`` where the system does not tell."""

    result: Any
    error: PipelineError | OSError | None
    cpu_s: float
    peak_bytes: int | None


class ReaderBrokenError(Exception):
    """The reader has ended, or is of no more use. ``error``: the reason, typed.

    Where it had read other files before, one of those may be to blame, unless ``is_certain``.
    """

    def __init__(self, error: PipelineError, *, is_certain: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.is_certain = is_certain


class Reader:
    """Is being started when it is made, and may be asked at once. For one thread at a time.

    ``is_prepared``: while it waits it loads what its first files would have to wait for.
    """

    def __init__(self, *, is_prepared: bool = True) -> None:
        self.num_files = 0
        self.lacking: tuple[str, ...] = ()
        self._is_ready = False
        self._received = b""
        self._process = subprocess.Popen(
            [*_COMMAND, messages.PREPARE] if is_prepared else _COMMAND,
            cwd=_ROOT,
            env={name: value for name, value in os.environ.items() if name in _ENVIRONMENT},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,  # Ctrl+C is for the one who asks
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._poll = select.poll()
        self._poll.register(self._answers, select.POLLIN)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def end(self) -> None:
        """At once, whatever it does. Any number of times."""
        self._process.kill()
        self._process.wait()
        self.forget()

    def forget(self) -> None:
        """Close what leads to it: then it ends by itself."""
        self._requests.close()
        self._answers.close()

    def ask(
        self,
        task: ReadTask,
        arguments: JSONObject,
        progress: Progress,
        check: Callable[[], None],
    ) -> Reading:
        """Raises ``ReaderBrokenError``, and what ``progress`` and ``check`` raise. It has to be
        ended then."""
        self.num_files += 1
        request = {
            "function": task.function,
            "arguments": dict(arguments),
            "limits": asdict(task.limits),
        }
        try:
            self._requests.write(messages.encode(request))
        except BrokenPipeError:
            raise self._reason(task) from None
        if not self._is_ready:
            ready = self._next(task, time.monotonic() + _START_WITHIN_S, check)
            self.lacking, self._is_ready = tuple(ready[messages.READY]), True
        deadline_s = time.monotonic() + task.limits.wall_s
        while True:
            message = self._next(task, deadline_s, check)
            if messages.PROGRESS not in message:
                return _outcome(task, message)
            progress(message[messages.PROGRESS])

    def _next(self, task: ReadTask, deadline_s: float, check: Callable[[], None]) -> dict[str, Any]:
        while b"\n" not in self._received:
            check()
            if time.monotonic() >= deadline_s:
                if not self._is_ready:
                    raise _lost("it does not start")
                raise _too_demanding(task, f"more than {task.limits.wall_s:g} s", is_certain=True)
            if not self._poll.poll(_LOOK_EVERY_S * 1000):
                continue
            chunk = os.read(self._answers.fileno(), _READ_BYTES)
            if not chunk:
                raise self._reason(task)
            self._received += chunk
            if len(self._received) > messages.MAX_MESSAGE_BYTES:
                raise _too_demanding(task, "the answer is too long", is_certain=True)
        line, _, self._received = self._received.partition(b"\n")
        return messages.decode(line)

    def _reason(self, task: ReadTask) -> ReaderBrokenError:
        """Why it has ended."""
        try:
            status = self._process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            return _lost("it says nothing more")
        number = -status
        if number in _LIMITS:
            return _too_demanding(task, signal.Signals(number).name, is_certain=True)
        if number in _CRASHES:
            message = f"The program that reads this {task.subject} crashed over it. {_ADVICE}"
            detail = signal.Signals(number).name
            return ReaderBrokenError(PipelineError("FILE_READER_CRASHED", message, detail=detail))
        return _lost(f"it has ended with status {status}")


def _too_demanding(task: ReadTask, detail: str, *, is_certain: bool = False) -> ReaderBrokenError:
    message = f"To read this {task.subject} takes more time or memory than any real one. {_ADVICE}"
    error = PipelineError("FILE_TOO_DEMANDING", message, detail=detail)
    return ReaderBrokenError(error, is_certain=is_certain)


def _lost(detail: str) -> ReaderBrokenError:
    message = "What was reading the file was stopped from outside. Try again."
    error = PipelineError("FILE_READER_LOST", message, detail=detail, is_permanent=False)
    return ReaderBrokenError(error)


def _outcome(task: ReadTask, message: dict[str, Any]) -> Reading:
    """Raises ``ReaderBrokenError`` for what was not foreseen: the reader may be in any state."""
    if messages.TOO_DEMANDING in message:
        raise _too_demanding(task, message[messages.TOO_DEMANDING])
    if messages.UNFORESEEN in message:
        text = f"GTS cannot read this {task.subject}. {_ADVICE}"
        detail = message[messages.UNFORESEEN]
        raise ReaderBrokenError(PipelineError("FILE_UNREADABLE", text, detail=detail))
    error: PipelineError | OSError | None = None
    if messages.PIPELINE_ERROR in message:
        code, text, detail, is_permanent = message[messages.PIPELINE_ERROR]
        error = PipelineError(code, text, detail=detail, is_permanent=is_permanent)
    elif messages.OS_ERROR in message:
        error = OSError(*message[messages.OS_ERROR])
    cost = message[messages.COST]
    return Reading(message.get(messages.RESULT), error, cost["cpu_s"], cost.get("peak_bytes"))


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

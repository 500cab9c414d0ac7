"""One reader, seen from the one who asks it: started, asked, watched, ended."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from jobs.pipeline.errors import PipelineError, Progress
from jobs.pipeline.gate import messages
from jobs.pipeline.gate.tasks import ReadTask
from jobs.pipeline.json_values import JSONObject

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

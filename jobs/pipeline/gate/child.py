"""A reader: the process that reads files of strangers, one after the other, each within limits.

``python -m jobs.pipeline.gate.child``. It talks over its standard input and output, and ends when
the process that started it is gone.
"""

from __future__ import annotations

import errno
import fcntl
import importlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NoReturn

from jobs.pipeline.blas import prepare_environment
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.gate import messages
from jobs.pipeline.gate.messages import Limits, lift_limits, limit_file, limit_process

_PROGRESS_EVERY_S: Final = 0.1
_MAX_DETAIL_CHARS: Final = 8000
_CLEAR_PEAK: Final = Path("/proc/self/clear_refs")  # Linux; see proc(5)
_STATUS: Final = Path("/proc/self/status")


def main() -> None:
    requests, answers = _take_pipes()
    _take_default_signals()
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, waiting), daemon=True).start()
    lacking = limit_process()
    prepare_environment()  # before NumPy is imported
    idle_work: Iterator[Callable[[], object]] = iter(())
    if messages.PREPARE in sys.argv:
        readers = importlib.import_module("jobs.pipeline.gate.readers")
        idle_work = iter(readers.WARM_UP_STEPS)
    fcntl.fcntl(requests, fcntl.F_SETOWN, os.getpid())
    _write(answers, messages.encode({messages.READY: lacking}))
    while True:
        while waiting.empty() and (step := next(idle_work, None)):
            step()
        request = messages.decode(waiting.get())
        with _ending_with_owner(requests):
            answer = _answer(request, answers)
        _write(answers, answer)


def _take_pipes() -> tuple[int, int]:
    """The two pipes under other numbers: what a library prints is not an answer."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return requests, answers


def _take_default_signals() -> None:
    """The process that started this may ignore or block some; limits end a process by signals."""
    for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU, signal.SIGIO):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _listen(requests: int, waiting: queue.SimpleQueue[bytes]) -> NoReturn:
    """Ends the process, whatever it reads, when the other end of the pipe is closed."""
    with os.fdopen(requests, "rb") as lines:
        for line in lines:
            waiting.put(line)
    os._exit(0)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


@contextmanager
def _ending_with_owner(requests: int) -> Iterator[None]:
    """Linux sends SIGIO, which ends a process, when nothing has the other end of the pipe any more:
    even inside of a function that lets no other thread have its turn. Elsewhere such a function is
    ended by the limits."""
    flags = fcntl.fcntl(requests, fcntl.F_GETFL)
    fcntl.fcntl(requests, fcntl.F_SETFL, flags | os.O_ASYNC)
    try:
        yield
    finally:
        fcntl.fcntl(requests, fcntl.F_SETFL, flags)


def _answer(request: dict[str, Any], answers: int) -> bytes:
    last_s = time.monotonic()

    def progress(fraction: float) -> None:
        nonlocal last_s
        if time.monotonic() - last_s >= _PROGRESS_EVERY_S:
            last_s = time.monotonic()
            _write(answers, messages.encode({messages.PROGRESS: fraction}))

    module, _, name = request["function"].partition(":")
    function = getattr(importlib.import_module(module), name)
    began_cpu_s = time.process_time()
    with suppress(OSError):
        _CLEAR_PEAK.write_text("5")
    limit_file(Limits(**request["limits"]))
    try:
        found = {messages.RESULT: function(request["arguments"], progress)}
        return messages.encode({**found, messages.COST: _cost(began_cpu_s)})
    except Exception as error:
        return messages.encode({**_failure(error), messages.COST: _cost(began_cpu_s)})
    finally:
        lift_limits()


def _cost(began_cpu_s: float) -> dict[str, float]:
    """``cpu_s``, and where the system tells it the peak of resident memory."""
    cost: dict[str, float] = {"cpu_s": round(time.process_time() - began_cpu_s, 4)}
    with suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                cost["peak_bytes"] = int(line.split()[1]) * 1024
    return cost


def _failure(error: Exception) -> dict[str, Any]:
    if isinstance(error, PipelineError):
        fields = (error.code, error.message, error.detail, error.is_permanent)
        return {messages.PIPELINE_ERROR: fields}
    is_full = isinstance(error, OSError) and error.errno == errno.EFBIG
    if is_full or isinstance(error, MemoryError | RecursionError):
        return {messages.TOO_DEMANDING: f"{type(error).__name__}: {error}"[:200]}
    if isinstance(error, OSError) and error.errno is not None:
        return {messages.OS_ERROR: (error.errno, error.strerror, error.filename)}
    told = "".join(traceback.format_exception(error))
    return {messages.UNFORESEEN: told[-_MAX_DETAIL_CHARS:]}


if __name__ == "__main__":
    main()

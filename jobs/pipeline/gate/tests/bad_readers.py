"""What no reader of ours does: for the gate to get along with."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobs.pipeline.errors import PipelineError, Progress
from jobs.pipeline.gate.messages import MEBIBYTE, Limits, ReadTask

LIMITS = Limits(cpu_s=20, wall_s=30.0, file_bytes=4096)

Arguments = Mapping[str, Any]


def task(name: str, limits: Limits = LIMITS) -> ReadTask:
    return ReadTask(f"{__name__}:{name}", "recording", limits)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _note_pid(arguments: Arguments) -> None:
    Path(arguments["note"]).write_text(str(os.getpid()))


def echo(arguments: Arguments, progress: Progress) -> Any:
    progress(0.5)
    return {"pid": os.getpid(), **arguments}


def environment(arguments: Arguments, progress: Progress) -> Any:
    return dict(os.environ)


def sleep(arguments: Arguments, progress: Progress) -> Any:
    _note_pid(arguments)
    time.sleep(3600)


def hang_in_python(arguments: Arguments, progress: Progress) -> Any:
    _note_pid(arguments)
    while True:
        progress(0.5)


def hang_in_c(arguments: Arguments, progress: Progress) -> Any:
    """A function that neither returns nor lets another thread have its turn."""
    _note_pid(arguments)
    return max(itertools.repeat(1))


def die(arguments: Arguments, progress: Progress) -> Any:
    os.kill(os.getpid(), signal.Signals[arguments["by"]])
    time.sleep(3600)


def die_unless_fresh(arguments: Arguments, progress: Progress) -> Any:
    """As one whose memory an earlier file has spoilt."""
    if arguments["pid"] == os.getpid():
        os.kill(os.getpid(), signal.SIGSEGV)
    return "alive"


def leave(arguments: Arguments, progress: Progress) -> Any:
    os._exit(3)


def eat_memory(arguments: Arguments, progress: Progress) -> Any:
    return len(bytes(1024 * MEBIBYTE))


def recurse(arguments: Arguments, progress: Progress) -> Any:
    return recurse(arguments, progress)


def write_much(arguments: Arguments, progress: Progress) -> Any:
    Path(arguments["path"]).write_bytes(bytes(2 * MEBIBYTE))


def open_what_is_not_there(arguments: Arguments, progress: Progress) -> Any:
    return Path(arguments["path"]).read_text()


def refuse(arguments: Arguments, progress: Progress) -> Any:
    raise PipelineError("DI_SILENT", "There is nothing to hear.", detail="-inf")


def stumble(arguments: Arguments, progress: Progress) -> Any:
    return [][1]


def answer_without_end(arguments: Arguments, progress: Progress) -> Any:
    return "x" * (9 * MEBIBYTE)


def print_much(arguments: Arguments, progress: Progress) -> Any:
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        stream.write('{"result": "printed"}\n' * 10_000)
        stream.flush()
        os.write(number, b'{"result": "printed"}\n')
    return "returned"

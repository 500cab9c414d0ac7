"""Whatever a reader does, the one who asks goes on, and hears in words what was the matter."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accounts.tests import needs
from jobs.pipeline.errors import CancelledError, PipelineError, no_progress
from jobs.pipeline.gate import Gate, reading
from jobs.pipeline.gate.messages import MEBIBYTE, Limits
from jobs.pipeline.gate.tests.bad_readers import LIMITS, is_alive, task

ROOT = Path(__file__).resolve().parents[4]
PATIENCE_S = 30.0
GONE_WITHIN_S = 2.0

needs_limits = pytest.mark.skipif(sys.platform != "linux", reason=needs.PROC)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate(is_prepared=False)
    yield gate
    gate.close()


def wait_for(is_true: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    deadline_s = time.monotonic() + patience_s
    while not is_true():
        assert time.monotonic() < deadline_s, "waited without success"
        time.sleep(0.01)


def refusal(gate: Gate, name: str, limits: Limits | None = None, **arguments: Any) -> PipelineError:
    what = task(name) if limits is None else task(name, limits)
    with pytest.raises(PipelineError) as caught:
        gate.read(what, arguments)
    assert caught.value.message.endswith(".")
    assert "/" not in caught.value.message
    return caught.value


def test_a_reader_is_another_process_and_reads_many_files(gate: Gate) -> None:
    told: list[float] = []
    pids = set()
    for number in range(5):
        found = gate.read(task("echo"), {"number": number}, progress=told.append)
        assert found["number"] == number
        pids.add(found["pid"])
    assert os.getpid() not in pids
    assert len(pids) == 1
    assert gate.waiting_pids() == list(pids)


def test_after_some_files_another_one_takes_its_place(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "FILES_PER_READER", 3)
    pids = [gate.read(task("echo"), {})["pid"] for _ in range(4)]
    assert len(set(pids)) == 2
    assert not is_alive(pids[0])


def test_a_reader_knows_no_passwords(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GTS_SECRET_KEY", "DATABASE_URL", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "secret")
    found = gate.read(task("environment"), {})
    assert "PATH" in found
    assert "secret" not in found.values()


def test_what_it_prints_is_no_answer(gate: Gate) -> None:
    assert gate.read(task("print_much"), {}) == "returned"


@pytest.mark.parametrize("name", ["sleep", "hang_in_python", "hang_in_c"])
def test_one_that_hangs_is_gone_soon_after_a_cancel(gate: Gate, tmp_path: Path, name: str) -> None:
    note = tmp_path / "pid"
    is_cancelled = threading.Event()

    def check() -> None:
        if is_cancelled.is_set():
            raise CancelledError

    errors: list[BaseException] = []

    def work() -> None:
        try:
            gate.read(task(name), {"note": str(note)}, check=check)
        except CancelledError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_for(lambda: note.exists() and note.read_text() != "")
    pid = int(note.read_text())
    is_cancelled.set()
    wait_for(lambda: not is_alive(pid), GONE_WITHIN_S)
    thread.join(PATIENCE_S)
    assert len(errors) == 1


def test_what_progress_raises_ends_it(gate: Gate, tmp_path: Path) -> None:
    note = tmp_path / "pid"

    def stop(fraction: float) -> None:
        raise PipelineError("JOB_TOOK_TOO_LONG", "Too long.")

    with pytest.raises(PipelineError, match="JOB_TOOK_TOO_LONG"):
        gate.read(task("hang_in_python"), {"note": str(note)}, progress=stop)
    assert not is_alive(int(note.read_text()))


@pytest.mark.parametrize("name", ["sleep", "hang_in_c"])
def test_time_is_limited(gate: Gate, tmp_path: Path, name: str) -> None:
    note = tmp_path / "pid"
    error = refusal(gate, name, replace(LIMITS, wall_s=0.5), note=str(note))
    assert (error.code, error.is_permanent) == ("FILE_TOO_DEMANDING", True)
    assert "recording" in error.message
    assert not is_alive(int(note.read_text()))


@needs_limits
def test_processor_time_is_limited(gate: Gate, tmp_path: Path) -> None:
    limits = replace(LIMITS, cpu_s=1)
    error = refusal(gate, "hang_in_c", limits, note=str(tmp_path / "pid"))
    assert (error.code, error.detail) == ("FILE_TOO_DEMANDING", "SIGXCPU")


@needs_limits
def test_memory_is_limited(gate: Gate) -> None:
    error = refusal(gate, "eat_memory")
    assert (error.code, error.is_permanent) == ("FILE_TOO_DEMANDING", True)
    assert "MemoryError" in error.detail


def test_depth_is_limited(gate: Gate) -> None:
    assert refusal(gate, "recurse").code == "FILE_TOO_DEMANDING"


@needs_limits
def test_files_that_it_writes_are_limited(gate: Gate, tmp_path: Path) -> None:
    path = str(tmp_path / "large")
    assert refusal(gate, "write_much", path=path).code == "FILE_TOO_DEMANDING"
    gate.read(task("write_much").writing(3 * MEBIBYTE), {"path": path})


@pytest.mark.parametrize("by", ["SIGSEGV", "SIGBUS", "SIGABRT", "SIGFPE"])
def test_a_crash_is_told_as_a_fault_of_the_file(gate: Gate, by: str) -> None:
    error = refusal(gate, "die", by=by)
    assert (error.code, error.detail, error.is_permanent) == ("FILE_READER_CRASHED", by, True)


@pytest.mark.parametrize(("name", "by"), [("die", "SIGKILL"), ("die", "SIGTERM"), ("leave", "")])
def test_one_that_was_ended_from_outside_may_be_tried_again(gate: Gate, name: str, by: str) -> None:
    error = refusal(gate, name, by=by)
    assert (error.code, error.is_permanent) == ("FILE_READER_LOST", False)


def test_a_file_is_not_blamed_for_what_an_earlier_one_has_broken(gate: Gate) -> None:
    pid = gate.read(task("echo"), {})["pid"]
    assert gate.read(task("die_unless_fresh"), {"pid": pid}) == "alive"


def test_errors_come_back_as_they_were(gate: Gate, tmp_path: Path) -> None:
    error = refusal(gate, "refuse")
    assert (error.code, error.message, error.detail) == (
        "DI_SILENT",
        "There is nothing to hear.",
        "-inf",
    )
    with pytest.raises(FileNotFoundError):
        gate.read(task("open_what_is_not_there"), {"path": str(tmp_path / "gone")})
    assert len(gate.waiting_pids()) == 1


def test_what_was_not_foreseen_is_typed_too(gate: Gate) -> None:
    error = refusal(gate, "stumble")
    assert (error.code, error.is_permanent) == ("FILE_UNREADABLE", True)
    assert "IndexError" in error.detail
    assert refusal(gate, "answer_without_end").code == "FILE_TOO_DEMANDING"


def test_one_that_died_while_it_waited_is_replaced(gate: Gate) -> None:
    pid = gate.read(task("echo"), {})["pid"]
    os.kill(pid, signal.SIGKILL)
    assert gate.read(task("echo"), {})["pid"] != pid


def test_one_waits_before_it_is_needed_and_none_after_the_end(gate: Gate) -> None:
    gate.warm_up()
    [pid] = gate.waiting_pids()
    gate.warm_up()
    assert gate.read(task("echo"), {})["pid"] == pid
    gate.close()
    assert not is_alive(pid)
    gate.warm_up()
    assert gate.waiting_pids() == []


def test_one_that_waits_for_long_gives_its_memory_back(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_IDLE_S", 0.2)
    pid = gate.read(task("echo"), {})["pid"]
    wait_for(lambda: not is_alive(pid))
    assert gate.waiting_pids() == []
    assert gate.read(task("echo"), {})["pid"] != pid


# A process that is killed while its reader waits for a file, or is inside of a function that does
# not return.
ORPHAN = """
import sys
from jobs.pipeline.gate import gate
from jobs.pipeline.gate.tests.bad_readers import LIMITS, is_alive, task
print(gate.read(task("echo"), {})["pid"], flush=True)
if sys.argv[1] != "echo":
    gate.read(task(sys.argv[1]), {"note": sys.argv[2]})
sys.stdin.read()
"""


@pytest.mark.parametrize("name", ["echo", "sleep", pytest.param("hang_in_c", marks=needs_limits)])
def test_no_reader_outlives_the_one_who_asks(tmp_path: Path, name: str) -> None:
    note = tmp_path / "note"
    asking = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, name, str(note)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert asking.stdout is not None
    pid = int(asking.stdout.readline())
    if name != "echo":
        wait_for(note.exists)
    asking.kill()
    asking.wait()
    wait_for(lambda: not is_alive(pid), GONE_WITHIN_S)


def test_a_forked_process_has_readers_of_its_own(gate: Gate) -> None:
    pid = gate.read(task("echo"), {}, progress=no_progress)["pid"]
    gate.forget()
    assert gate.waiting_pids() == []
    wait_for(lambda: has_ended(pid))  # nothing leads to it any more


def has_ended(pid: int) -> bool:
    """Of a child of this process."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # and the subprocess module has looked already
        return True

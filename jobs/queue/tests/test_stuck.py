"""Work that neither reports nor stops: its job ends all the same, and its result is not taken."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from jobs.models import Job, JobState
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.gate import Gate
from jobs.pipeline.gate.tests.bad_readers import task
from jobs.queue import heartbeat, stopping
from jobs.queue.current_job import cancellation_check
from jobs.queue.runner import run_job
from jobs.queue.stopping import stuck_work
from jobs.registry import JobContext, handler_for, known_kinds, time_limit_s_for
from jobs.services import job_cancel
from jobs.tests.factories import make_job
from jobs.tests.handlers import LEAF

pytestmark = pytest.mark.django_db(transaction=True)

NEVER = threading.Event()


def wait_until(is_true: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_true():
            return
        NEVER.wait(0.05)
    raise AssertionError("waited without success")


def is_over(job: Job) -> bool:
    return Job.objects.get(pk=job.pk).is_finished


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "_REACT_WITHIN_S", 0.3)
    monkeypatch.setattr(heartbeat, "_STUCK_AFTER_S", 0.6)


def limit_time(monkeypatch: pytest.MonkeyPatch, time_limit_s: float) -> None:
    monkeypatch.setattr(heartbeat, "time_limit_s_for", lambda kind: time_limit_s)


@pytest.mark.parametrize("raises", [False, True])
def test_a_cancelled_job_ends_without_work_that_does_not_stop(
    short_patience: None, caplog: pytest.LogCaptureFixture, raises: bool
) -> None:
    num_stuck: list[int] = []

    def work(context: JobContext) -> Mapping[str, Any]:
        job_cancel(job=context.job)
        wait_until(lambda: is_over(job))
        wait_until(lambda: stuck_work.as_json()["num_stuck"] == 1)
        num_stuck.append(stuck_work.as_json()["num_stuck"])
        if raises:
            raise RuntimeError("at last")
        return {"who": "too late"}

    LEAF.work = work
    job = make_job()
    run_job(job.uuid)
    job.refresh_from_db()
    assert (job.state, job.result, job.error_code) == (JobState.CANCELLED, {}, "")
    assert LEAF.ends == [("a riff", "cancelled")]
    # Where it was is told to operators, and only to them.
    assert "wait_until" in job.error_detail
    assert "does not stop" in caplog.text
    assert num_stuck == [1]
    assert stuck_work.as_json()["num_stuck"] == 0


def test_work_that_stops_in_time_is_not_called_stuck(short_patience: None) -> None:
    def work(context: JobContext) -> Mapping[str, Any]:
        job_cancel(job=context.job)
        while True:
            context.report(0.5)
            NEVER.wait(0.01)

    LEAF.work = work
    job = make_job()
    run_job(job.uuid)
    job.refresh_from_db()
    assert (job.state, job.error_detail) == (JobState.CANCELLED, "")


@pytest.mark.parametrize("may_end_process", [False, True])
def test_a_process_of_a_pool_ends_with_work_that_never_stops(
    short_patience: None, monkeypatch: pytest.MonkeyPatch, may_end_process: bool
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    monkeypatch.setattr(stuck_work, "may_end_process", may_end_process)
    given_up = threading.Event()
    give_up = stopping.StuckWork.give_up

    def note(*arguments: Any) -> None:
        give_up(*arguments)
        given_up.set()

    monkeypatch.setattr(stopping.StuckWork, "give_up", note)

    def work(context: JobContext) -> Mapping[str, Any]:
        job_cancel(job=context.job)
        assert given_up.wait(30)
        return {}

    LEAF.work = work
    run_job(make_job().uuid)
    assert codes == ([70] if may_end_process else [])


# Time limits --------------------------------------------------------------------------------------


def test_work_that_takes_longer_than_its_kind_may_fails_for_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit_time(monkeypatch, 0.3)

    def work(context: JobContext) -> Mapping[str, Any]:
        while True:
            context.report(0.5)
            NEVER.wait(0.01)

    LEAF.work = work
    job = make_job()
    run_job(job.uuid)
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "JOB_TOOK_TOO_LONG")
    assert "minutes" in job.error_message


def test_so_does_work_that_says_nothing(
    short_patience: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_time(monkeypatch, 0.3)

    def work(context: JobContext) -> Mapping[str, Any]:
        wait_until(lambda: is_over(job))
        return {"who": "too late"}

    LEAF.work = work
    job = make_job()
    run_job(job.uuid)
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "JOB_TOOK_TOO_LONG")
    assert job.result == {}
    assert "wait_until" in job.error_detail


def test_every_short_kind_has_a_time_limit() -> None:
    for kind in known_kinds():
        limit_s = time_limit_s_for(kind)
        if handler_for(kind).queue == "short":
            assert limit_s is not None
            assert 60.0 <= limit_s <= 3600.0


# Readers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sleep", "hang_in_c"])
def test_a_reader_that_hangs_is_gone_within_two_seconds_of_a_cancel(
    tmp_path: Path, name: str
) -> None:
    note, gate = tmp_path / "pid", Gate(is_prepared=False)
    cancelled = threading.Thread(target=cancel_once_it_reads, args=(note,))

    def work(context: JobContext) -> Mapping[str, Any]:
        cancelled.start()
        return dict(gate.read(task(name), {"note": str(note)}, check=cancellation_check()))

    LEAF.work = work
    job = make_job()
    run_job(job.uuid)
    cancelled.join()
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert job.cancel_requested_at is not None
    assert job.finished_at is not None
    assert (job.finished_at - job.cancel_requested_at).total_seconds() < 2.0
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)
    gate.close()


def cancel_once_it_reads(note: Path) -> None:
    from django.db import connection

    wait_until(lambda: note.exists() and note.read_text() != "")
    job_cancel(job=Job.objects.get())
    connection.close()


def test_a_job_whose_reader_was_killed_is_tried_again() -> None:
    gate = Gate(is_prepared=False)
    LEAF.work = lambda context: gate.read(task("die"), {"by": "SIGKILL"})
    job = make_job()
    run_job(job.uuid)
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.RETRYING, "FILE_READER_LOST")
    LEAF.work = lambda context: gate.read(task("die"), {"by": "SIGSEGV"})
    job = make_job()
    run_job(job.uuid)
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "FILE_READER_CRASHED")
    gate.close()


def test_a_time_limit_ends_a_reader_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    note, gate = tmp_path / "pid", Gate(is_prepared=False)
    monkeypatch.setattr(
        heartbeat.Heartbeat, "_is_late", lambda _: note.exists() and note.read_text()
    )

    def work(context: JobContext) -> Mapping[str, Any]:
        with pytest.raises(PipelineError, match="JOB_TOOK_TOO_LONG"):
            gate.read(task("hang_in_c"), {"note": str(note)}, check=cancellation_check())
        return {}

    LEAF.work = work
    run_job(make_job().uuid)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)
    gate.close()

"""One job, from its claim to its end, through the database."""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from jobs.models import Job, JobState
from jobs.pipeline.errors import PipelineError
from jobs.queue import lifecycle
from jobs.queue.runner import run_job
from jobs.registry import JobContext
from jobs.tests.factories import make_job
from jobs.tests.handlers import LEAF

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_runs_to_the_end_and_keeps_the_result() -> None:
    job = make_job()

    assert run_job(job.uuid)

    job.refresh_from_db()
    assert job.state == JobState.COMPLETED
    assert job.result == {"ok": True}
    assert (job.progress, job.attempt, job.num_failures) == (100.0, 1, 0)
    assert job.started_at is not None
    assert job.finished_at is not None
    assert LEAF.ends == [("a riff", "completed")]


@pytest.mark.parametrize(
    "state", [state for state in JobState if state != JobState.QUEUED], ids=str
)
def test_it_takes_nothing_but_queued_jobs(state: JobState) -> None:
    job = make_job(state=state)

    assert not run_job(job.uuid)

    job.refresh_from_db()
    assert (job.state, job.attempt) == (state, 0)


def test_an_unknown_id_is_harmless() -> None:
    assert not run_job(uuid4())


def test_it_refuses_to_run_inside_a_transaction() -> None:
    job = make_job()
    with transaction.atomic(), pytest.raises(transaction.TransactionManagementError):
        run_job(job.uuid)


def test_of_many_messages_for_one_job_one_runs_it() -> None:
    job = make_job()
    num_runs: list[int] = []
    barrier = threading.Barrier(6)

    def work(context: JobContext) -> Mapping[str, Any]:
        num_runs.append(1)
        return {}

    def deliver() -> bool:
        barrier.wait(timeout=10)
        try:
            return run_job(job.uuid)
        finally:
            connection.close()

    LEAF.work = work
    with ThreadPoolExecutor(max_workers=6) as pool:
        outcomes = [future.result() for future in [pool.submit(deliver) for _ in range(6)]]

    job.refresh_from_db()
    assert sorted(outcomes) == [False] * 5 + [True]
    assert len(num_runs) == 1
    assert (job.state, job.attempt) == (JobState.COMPLETED, 1)


# Errors -------------------------------------------------------------------------------------------


def fail_with(error: Exception) -> None:
    def work(context: JobContext) -> Mapping[str, Any]:
        raise error

    LEAF.work = work


def test_a_permanent_error_fails_at_once() -> None:
    fail_with(PipelineError("DI_SILENT", "There is nothing to hear.", detail="peak -inf dBFS"))
    job = make_job()
    run_job(job.uuid)

    job.refresh_from_db()
    assert (job.state, job.num_failures) == (JobState.FAILED, 1)
    assert job.error_code == "DI_SILENT"
    assert job.error_message == "There is nothing to hear."
    assert job.error_detail == "peak -inf dBFS"
    assert LEAF.ends == [("a riff", "failed")]


def test_a_temporary_error_is_tried_again_later_and_at_last_fails(settings: Any) -> None:
    fail_with(PipelineError("BUSY", "Come back later.", is_permanent=False))
    job = make_job()

    for num_failures in (1, 2):
        before = timezone.now()
        run_job(job.uuid)
        job.refresh_from_db()
        assert (job.state, job.num_failures) == (JobState.RETRYING, num_failures)
        assert job.not_before is not None
        longest = timedelta(seconds=settings.JOB_RETRY_DELAYS_S[num_failures - 1] + 5)
        assert before <= job.not_before <= before + longest
        assert LEAF.ends == []
        assert lifecycle.requeue(job)

    run_job(job.uuid)
    job.refresh_from_db()
    assert (job.state, job.num_failures, job.attempt) == (JobState.FAILED, 3, 3)
    assert LEAF.ends == [("a riff", "failed")]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ZeroDivisionError("/srv/secret"), "INTERNAL"),
        (OSError(errno.ENOSPC, "No space left on device"), "DISK_FULL"),
        (OSError(errno.EIO, "Input/output error"), "STORAGE_UNAVAILABLE"),
    ],
)
def test_people_never_read_what_is_for_operators(error: Exception, code: str) -> None:
    fail_with(error)
    job = make_job()
    run_job(job.uuid)

    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.RETRYING, code)
    assert str(error) not in job.error_message
    assert "Traceback" in job.error_detail
    assert str(error) in job.error_detail


def test_the_error_of_an_earlier_attempt_is_gone_after_success() -> None:
    fail_with(OSError(errno.EIO, "Input/output error"))
    job = make_job()
    run_job(job.uuid)
    LEAF.reset()
    job.refresh_from_db()
    lifecycle.requeue(job)
    run_job(job.uuid)

    job.refresh_from_db()
    assert (job.state, job.error_code, job.error_detail) == (JobState.COMPLETED, "", "")


def test_a_handler_that_refuses_its_own_result_counts_as_a_failure() -> None:
    def refuse(job: Job) -> None:
        raise RuntimeError("no")

    LEAF.on_finished = refuse
    job = make_job(num_failures=2)
    run_job(job.uuid)

    job.refresh_from_db()  # and it refused the bad news as well: the job has ended all the same
    assert (job.state, job.error_code, job.result) == (JobState.FAILED, "INTERNAL", {})


def test_a_kind_no_one_knows_does_not_loop(caplog: pytest.LogCaptureFixture) -> None:
    job = make_job(kind="test.leaf", num_failures=2)
    Job.objects.filter(pk=job.pk).update(kind="test.forgotten")
    with caplog.at_level(logging.CRITICAL):
        run_job(job.uuid)

    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "INTERNAL")


# Fencing ------------------------------------------------------------------------------------------


def test_a_worker_that_wakes_up_too_late_changes_nothing() -> None:
    """Its job was given to another attempt meanwhile, which is still at work."""
    job = make_job()

    def sleep_through_the_sweep(context: JobContext) -> Mapping[str, Any]:
        in_the_past = timezone.now() - timedelta(hours=1)
        Job.objects.filter(pk=job.pk).update(heartbeat_at=in_the_past)
        assert lifecycle.declare_lost(context.job, heartbeat_before=timezone.now())
        assert lifecycle.claim(job.uuid, worker="another") is not None
        return {"who": "the old attempt"}

    LEAF.work = sleep_through_the_sweep
    run_job(job.uuid)

    job.refresh_from_db()
    assert (job.state, job.attempt, job.worker) == (JobState.RUNNING, 2, "another")
    assert (job.result, job.num_lost) == ({}, 1)
    assert LEAF.ends == []


def test_a_fenced_off_worker_stops_at_its_next_report() -> None:
    job = make_job()
    is_released = threading.Event()

    def work(context: JobContext) -> Mapping[str, Any]:
        Job.objects.filter(pk=job.pk).update(attempt=9)
        for _ in range(400):
            context.report(0.5)
            is_released.wait(0.05)
        raise AssertionError("was never told to stop")

    LEAF.work = work
    run_job(job.uuid)

    job.refresh_from_db()
    assert (job.state, job.attempt) == (JobState.RUNNING, 9)


def test_a_worker_that_wakes_up_too_late_writes_no_rows_of_its_own() -> None:
    job = make_job()
    written: list[str] = []

    def work(context: JobContext) -> Mapping[str, Any]:
        with context.holding():
            written.append("while it holds the job")
        Job.objects.filter(pk=job.pk).update(attempt=9)
        with context.holding():
            written.append("too late")
        return {}

    LEAF.work = work
    run_job(job.uuid)
    job.refresh_from_db()
    assert written == ["while it holds the job"]
    assert (job.state, job.attempt) == (JobState.RUNNING, 9)

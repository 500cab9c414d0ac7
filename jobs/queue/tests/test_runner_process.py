"""A job and the process that runs it: it stops, gives signs of life, loses its database."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from jobs.models import Job, JobState
from jobs.queue import lifecycle, runner
from jobs.queue.runner import run_job
from jobs.queue.stopping import Shutdown, shutdown
from jobs.registry import JobContext
from jobs.tests.factories import make_job
from jobs.tests.handlers import LEAF

pytestmark = pytest.mark.django_db(transaction=True)


# Stopping -----------------------------------------------------------------------------------------


def test_a_process_that_closes_hands_its_jobs_back_without_blame() -> None:
    job = make_job()

    def work(context: JobContext) -> Mapping[str, Any]:
        shutdown.announce()
        context.report(0.5)
        raise AssertionError("was not told to stop")

    LEAF.work = work
    try:
        run_job(job.uuid)
        assert not run_job(job.uuid)  # and takes no new ones
    finally:
        shutdown.revoke()

    job.refresh_from_db()
    assert (job.state, job.num_failures, job.num_lost) == (JobState.QUEUED, 0, 0)
    LEAF.reset()
    assert run_job(job.uuid)
    job.refresh_from_db()
    assert (job.state, job.attempt) == (JobState.COMPLETED, 2)


def test_a_job_that_does_not_report_is_handed_back_over_its_head(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.GTS_STOP_GRACE_S = 0.6
    job = make_job()

    def work(context: JobContext) -> Mapping[str, Any]:
        shutdown.announce()
        never = threading.Event()
        for _ in range(400):
            if Job.objects.get(pk=job.pk).state == JobState.QUEUED:
                return {"who": "too late"}
            never.wait(0.05)
        raise AssertionError("was not handed back")

    LEAF.work = work
    try:
        run_job(job.uuid)
    finally:
        shutdown.revoke()
    job.refresh_from_db()
    assert (job.state, job.num_failures, job.num_lost) == (JobState.QUEUED, 0, 0)
    assert (job.result, LEAF.ends) == ({}, [])
    # In the log, not on the console: stopping a server is nothing to be warned of.
    handed_back = f"job {job.uuid} does not report: handed back"
    assert [(one.levelname, one.message) for one in caplog.records if "report" in one.message] == [
        ("INFO", handed_back)
    ]


def test_forked_processes_learn_that_the_process_closes() -> None:
    closing = Shutdown()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        for _ in range(400):
            if closing.is_set():
                os.write(writer, b"seen")
                break
            time.sleep(0.05)
        os._exit(0)
    closing.announce()
    os.waitpid(child, 0)
    assert os.read(reader, 4) == b"seen"
    assert closing.has_lasted(0.0)
    assert not closing.has_lasted(60.0)


# The heartbeat ------------------------------------------------------------------------------------


def test_a_job_that_says_nothing_still_gives_signs_of_life(settings: Any) -> None:
    settings.JOB_HEARTBEAT_S = 0.3
    long_ago = timezone.now() - timedelta(hours=1)
    job = make_job()

    def work(context: JobContext) -> Mapping[str, Any]:
        Job.objects.filter(pk=job.pk).update(heartbeat_at=long_ago)
        never = threading.Event()
        for _ in range(200):
            if Job.objects.get(pk=job.pk).heartbeat_at != long_ago:
                return {"is_alive": True}
            never.wait(0.05)
        return {"is_alive": False}

    LEAF.work = work
    run_job(job.uuid)
    job.refresh_from_db()
    assert job.result == {"is_alive": True}


def test_progress_reaches_the_row_while_the_work_goes_on() -> None:
    job = make_job()

    def work(context: JobContext) -> Mapping[str, Any]:
        context.report(0.4, "Rendering A")
        context.report(0.3)  # another thread of the work was slower
        never = threading.Event()
        for _ in range(200):
            row = Job.objects.get(pk=job.pk)
            if row.progress:
                return {"progress": row.progress, "message": row.message}
            never.wait(0.05)
        return {}

    LEAF.work = work
    run_job(job.uuid)
    job.refresh_from_db()
    assert job.result == {"progress": 40.0, "message": "Rendering A"}


def test_a_database_that_is_away_for_a_moment_does_not_disturb_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_progress, complete = lifecycle.write_progress, lifecycle.complete
    num_failures = {"progress": 2, "complete": 2}
    has_written = threading.Event()

    def flaky_progress(job: Job, **values: Any) -> bool:
        if num_failures["progress"]:
            num_failures["progress"] -= 1
            raise OperationalError("server closed the connection")
        has_written.set()
        return write_progress(job, **values)

    def flaky_complete(job: Job, result: Mapping[str, Any]) -> bool:
        if num_failures["complete"]:
            num_failures["complete"] -= 1
            raise OperationalError("server closed the connection")
        return complete(job, result)

    def work(context: JobContext) -> Mapping[str, Any]:
        for step in range(400):
            context.report(step / 400)
            if has_written.wait(0.05):
                return {"ok": True}
        return {}

    monkeypatch.setattr(lifecycle, "write_progress", flaky_progress)
    monkeypatch.setattr(lifecycle, "complete", flaky_complete)
    monkeypatch.setattr(runner, "_SETTLE_PAUSES_S", (0.0, 0.0))
    LEAF.work = work
    job = make_job()
    run_job(job.uuid)
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.COMPLETED, {"ok": True})


def test_a_database_that_stays_away_leaves_the_job_to_the_sweep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(job: Job, result: Mapping[str, Any]) -> bool:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(lifecycle, "complete", refuse)
    monkeypatch.setattr(runner, "_SETTLE_PAUSES_S", (0.0,))
    job = make_job()
    run_job(job.uuid)
    job.refresh_from_db()
    assert (job.state, job.attempt) == (JobState.RUNNING, 1)

    monkeypatch.undo()
    assert lifecycle.declare_lost(job, heartbeat_before=timezone.now())
    assert run_job(job.uuid)
    job.refresh_from_db()
    assert (job.state, job.attempt) == (JobState.COMPLETED, 2)

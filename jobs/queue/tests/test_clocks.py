"""Processes whose clocks differ: what one writes and another compares is by the database's."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from gts.web.database import database_now
from jobs.models import Job, JobState, Process
from jobs.queue import lifecycle
from jobs.queue.cleanup import SweepReport, sweep
from jobs.queue.process_heartbeat import ProcessHeartbeat
from jobs.queue.runner import _after
from jobs.selectors import processes_with_wrong_clocks, queues_without_workers
from jobs.tests.factories import make_job

pytestmark = pytest.mark.django_db(transaction=True)

SKEWS_S = [600.0, -600.0]
NOTHING = SweepReport(0, 0, 0, 0)


class Skewed:
    """In the ``with`` block the clock of this machine is wrong by so much."""

    def __init__(self, ahead_s: float) -> None:
        self._ahead_s = ahead_s

    def __enter__(self) -> None:
        now = timezone.now
        self._patch = pytest.MonkeyPatch()

        def shown() -> datetime:
            return now() + timedelta(seconds=self._ahead_s)

        self._patch.setattr(timezone, "now", shown)

    def __exit__(self, *_: object) -> None:
        self._patch.undo()


@pytest.fixture(params=SKEWS_S)
def skewed(request: pytest.FixtureRequest) -> Skewed:
    return Skewed(request.param)


def claimed(job: Job) -> Job:
    found = lifecycle.claim(job.uuid, worker="test")
    assert found is not None
    return found


def age_s(moment: datetime | None) -> float:
    assert moment is not None
    return abs((database_now() - moment).total_seconds())


def test_a_worker_with_a_wrong_clock_keeps_its_jobs(skewed: Skewed) -> None:
    job = make_job()
    with skewed:
        held = claimed(job)
    assert sweep().num_lost == 0
    with skewed:
        assert lifecycle.beat(held)
    assert sweep().num_lost == 0
    with skewed:
        assert lifecycle.write_progress(held, progress=10.0, message="half")
    assert sweep().num_lost == 0
    job.refresh_from_db()
    assert job.state == JobState.RUNNING
    assert age_s(job.heartbeat_at) < 60
    assert age_s(job.started_at) < 60


def test_a_sweep_with_a_wrong_clock_takes_no_jobs(skewed: Skewed) -> None:
    claimed(make_job())
    with skewed:
        assert sweep() == NOTHING


def test_a_job_that_is_queued_by_a_wrong_clock_is_not_stranded(skewed: Skewed) -> None:
    with skewed:
        job = make_job()
        back = claimed(make_job())
        assert lifecycle.hand_back(back)
    for one in (job, back):
        one.refresh_from_db()
        assert age_s(one.queued_at) < 60


def test_a_retry_waits_as_long_as_it_is_to(skewed: Skewed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.queue.runner._retry_delay_s", lambda _: 100.0)
    job = claimed(make_job())
    with skewed:
        _after(ConnectionError("away"), job)()
    job.refresh_from_db()
    assert job.state == JobState.RETRYING
    assert job.not_before is not None
    assert 40 < (job.not_before - database_now()).total_seconds() <= 100
    with skewed:
        assert sweep().num_retried == 0


def test_times_of_a_job_follow_each_other(skewed: Skewed) -> None:
    job = make_job()
    with skewed:
        held = claimed(job)
    assert lifecycle.complete(held, {})
    job.refresh_from_db()
    assert job.queued_at is not None
    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.queued_at <= job.started_at <= job.finished_at
    assert 0 <= (job.duration_s or 0) < 60


def test_a_process_with_a_wrong_clock_is_alive_and_named(skewed: Skewed) -> None:
    ProcessHeartbeat("web").beat()
    with skewed:
        ProcessHeartbeat("worker", queues=["short", "render"]).beat()
        assert queues_without_workers() == []
    assert queues_without_workers() == []
    assert Process.objects.alive().count() == 2
    [wrong] = processes_with_wrong_clocks()
    assert wrong.role == "worker"
    assert abs(abs(wrong.clock_ahead_s) - 600) < 5
    assert age_s(wrong.started_at) < 60

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from accounts.tests.factories import make_user
from gts.web.errors import ConflictError
from jobs import services
from jobs.models import Job, JobState
from jobs.queue.runner import run_job
from jobs.registry import ChildJob, JobContext
from jobs.services import job_cancel, job_enqueue, job_retry
from jobs.tests.factories import make_job
from jobs.tests.handlers import LEAF, PARENT
from jobs.tests.running import run_until_idle

pytestmark = pytest.mark.django_db(transaction=True)


def test_job_enqueue_sends_the_id_alone_and_only_after_the_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[str, Any, str]] = []

    def send_task(name: str, *, args: Any, queue: str, **options: Any) -> None:
        assert not connection.in_atomic_block
        sent.append((name, args, queue))

    monkeypatch.setattr("celery.current_app.send_task", send_task)
    job = job_enqueue(kind="test.render", owner=make_user(), payload={"shootout": "x"})

    assert (job.state, job.payload) == (JobState.QUEUED, {"shootout": "x"})
    assert sent == [("jobs.run", [str(job.uuid)], "render")]


def test_job_enqueue_survives_a_broker_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def send_task(*args: Any, **options: Any) -> None:
        raise ConnectionError("refused")

    monkeypatch.setattr("celery.current_app.send_task", send_task)
    job = make_job()
    assert Job.objects.get(pk=job.pk).state == JobState.QUEUED


def test_job_enqueue_refuses_a_kind_no_one_registered() -> None:
    with pytest.raises(KeyError):
        job_enqueue(kind="test.unheard", owner=make_user(), payload={})
    assert not Job.objects.exists()


@pytest.mark.parametrize("state", ["queued", "retrying", "pending"])
def test_job_cancel_ends_at_once_what_does_not_run(state: str) -> None:
    job = job_cancel(job=make_job(state=state))
    assert job.state == JobState.CANCELLED
    assert LEAF.ends == [("a riff", "cancelled")]
    assert not run_job(job.uuid)


def test_job_cancel_stops_a_running_job_at_its_next_report() -> None:
    job = make_job()
    is_running = threading.Event()
    never = threading.Event()

    def work(context: JobContext) -> Mapping[str, Any]:
        is_running.set()
        for _ in range(400):
            context.report(0.1, "at work")
            never.wait(0.05)
        raise AssertionError("was never told to stop")

    def worker() -> None:
        try:
            run_job(job.uuid)
        finally:
            connection.close()

    LEAF.work = work
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(worker)
        assert is_running.wait(timeout=20)
        assert job_cancel(job=job).state == JobState.RUNNING
        running.result(timeout=20)

    job.refresh_from_db()
    assert (job.state, job.num_failures, job.error_code) == (JobState.CANCELLED, 0, "")
    assert LEAF.ends == [("a riff", "cancelled")]


def test_job_cancel_between_two_attempts_wins_over_the_next_try() -> None:
    job = make_job()

    def work(context: JobContext) -> Mapping[str, Any]:
        job_cancel(job=Job.objects.get(pk=job.pk))
        raise OSError("and then it broke")

    LEAF.work = work
    run_job(job.uuid)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


def spawn_three(context: JobContext) -> Mapping[str, Any]:
    first = [ChildJob("test.leaf", {}, label=label) for label in ("one", "two")]
    context.spawn([*first, ChildJob("test.leaf", {}, label="last", stage=1)])
    return {}


def test_job_cancel_of_a_tree_stops_what_has_not_started_and_keeps_what_is_done() -> None:
    PARENT.work = spawn_three
    job = make_job(kind="test.parent")
    run_job(job.uuid)
    job.refresh_from_db()
    run_job(job.current_children().get(label="one").uuid)
    job_cancel(job=job)

    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert {child.label: child.state for child in job.current_children()} == {
        "one": "completed", "two": "cancelled", "last": "cancelled",
    }  # fmt: skip
    assert PARENT.ends == [("a riff", "cancelled")]
    assert run_until_idle() == 0


def test_job_cancel_of_a_tree_waits_for_the_child_that_runs() -> None:
    PARENT.work = spawn_three
    job = make_job(kind="test.parent")
    run_job(job.uuid)
    job.refresh_from_db()

    def work(context: JobContext) -> Mapping[str, Any]:
        cancelled = job_cancel(job=Job.objects.get(pk=job.pk))
        assert cancelled.state == JobState.RUNNING
        never = threading.Event()
        for _ in range(400):
            context.report(0.5)
            never.wait(0.05)
        raise AssertionError("was never told to stop")

    LEAF.work = work
    run_job(job.current_children().get(label="one").uuid)

    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert {child.state for child in job.current_children()} == {"cancelled"}
    assert PARENT.ends == [("a riff", "cancelled")]


def test_job_cancel_before_the_children_are_made_prevents_them() -> None:
    def work(context: JobContext) -> Mapping[str, Any]:
        job_cancel(job=Job.objects.get(pk=context.job.pk))
        return spawn_three(context)

    PARENT.work = work
    job = make_job(kind="test.parent")
    run_job(job.uuid)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert not job.current_children().exists()


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
def test_job_cancel_refuses_what_has_ended(state: str) -> None:
    with pytest.raises(ConflictError) as refusal:
        job_cancel(job=make_job(state=state))
    assert refusal.value.code == "JOB_FINISHED"


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_job_retry_gives_a_clean_slate(state: str) -> None:
    job = make_job(state=state, num_failures=3, num_lost=2, error_code="X", progress=40.0)
    job = job_retry(job=job)
    assert (job.state, job.num_failures, job.num_lost) == (JobState.QUEUED, 0, 0)
    assert (job.error_code, job.progress, job.finished_at) == ("", 0.0, None)
    run_until_idle()
    job.refresh_from_db()
    assert job.state == JobState.COMPLETED


@pytest.mark.parametrize("state", ["pending", "queued", "running", "retrying", "completed"])
def test_job_retry_refuses_everything_else(state: str) -> None:
    with pytest.raises(ConflictError) as refusal:
        job_retry(job=make_job(state=state))
    assert refusal.value.code == "JOB_NOT_RETRYABLE"


def test_job_retry_refuses_a_part_of_a_larger_job() -> None:
    part = make_job(parent=make_job(kind="test.parent"), state="failed")
    with pytest.raises(ConflictError) as refusal:
        services.job_retry(job=part)
    assert refusal.value.code == "JOB_HAS_PARENT"

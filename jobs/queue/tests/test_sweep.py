"""What was dropped is found: lost workers, lost messages, retries that are due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import Job, JobState
from jobs.queue import dispatch as dispatch_module
from jobs.queue import lifecycle
from jobs.queue.cleanup import SweepReport, sweep
from jobs.registry import handler_for, known_kinds
from jobs.tests.factories import make_job
from jobs.tests.handlers import LEAF, PARENT
from jobs.tests.running import run_until_idle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The broker as two lists of ids: what is sent is added, a test takes away what gets lost."""
    queues: dict[str, list[str]] = {"short": [], "render": []}

    def send_task(name: str, *, args: Any, queue: str, **options: Any) -> None:
        queues[queue].append(args[0])

    monkeypatch.setattr("celery.current_app.send_task", send_task)
    monkeypatch.setattr("jobs.queue.cleanup.num_messages", lambda queue: len(queues[queue]))
    return queues


def ago(seconds: float) -> Any:
    return timezone.now() - timedelta(seconds=seconds)


def test_a_job_without_a_heartbeat_goes_back_to_the_queue(
    messages: dict[str, list[str]],
) -> None:
    lost = make_job(state="running", attempt=1, heartbeat_at=ago(121))
    alive = make_job(state="running", attempt=1, heartbeat_at=ago(119))
    messages["short"].clear()

    assert sweep().num_lost == 1
    lost.refresh_from_db()
    alive.refresh_from_db()
    assert (lost.state, lost.num_lost, lost.num_failures) == (JobState.QUEUED, 1, 0)
    assert (alive.state, alive.num_lost) == (JobState.RUNNING, 0)
    assert messages["short"] == [str(lost.uuid)]
    assert LEAF.ends == []


def test_a_job_that_loses_worker_after_worker_fails() -> None:
    job = make_job(state="running", attempt=5, num_lost=4, heartbeat_at=ago(121))
    sweep()
    job.refresh_from_db()
    assert (job.state, job.error_code, job.num_lost) == (JobState.FAILED, "WORKER_LOST", 5)
    assert LEAF.ends == [("a riff", "failed")]


def test_a_lost_job_that_was_to_be_cancelled_is_cancelled() -> None:
    job = make_job(state="running", attempt=1, heartbeat_at=ago(121), cancel_requested_at=ago(60))
    sweep()
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


def test_a_parent_that_waits_needs_no_heartbeat() -> None:
    parent = make_job(kind="test.parent", state="running", is_waiting=True, attempt=1)
    make_job(parent=parent, parent_attempt=1)
    assert sweep().num_lost == 0
    parent.refresh_from_db()
    assert parent.state == JobState.RUNNING


def test_a_retry_is_queued_when_it_is_due(messages: dict[str, list[str]]) -> None:
    due = make_job(state="retrying", not_before=ago(1))
    early = make_job(state="retrying", not_before=ago(-60))
    messages["short"].clear()

    assert sweep().num_retried == 1
    due.refresh_from_db()
    early.refresh_from_db()
    assert (due.state, early.state) == (JobState.QUEUED, JobState.RETRYING)
    assert messages["short"] == [str(due.uuid)]


def test_a_job_whose_message_was_lost_is_sent_again(messages: dict[str, list[str]]) -> None:
    lost = make_job(queued_at=ago(21))
    render = make_job(kind="test.render", queued_at=ago(21))
    messages["short"].clear()

    assert sweep().num_dispatched == 1
    assert messages == {"short": [str(lost.uuid)], "render": [str(render.uuid)]}


def test_a_job_that_was_queued_just_now_is_given_time(messages: dict[str, list[str]]) -> None:
    make_job()
    messages["short"].clear()
    assert sweep().num_dispatched == 0


def test_a_long_queue_is_left_alone(messages: dict[str, list[str]]) -> None:
    for _ in range(5):
        make_job(queued_at=ago(3600))
    assert sweep().num_dispatched == 0
    messages["short"].pop()  # whichever it was: the oldest is sent, and no more than are missing
    assert sweep().num_dispatched == 1
    assert sweep().num_dispatched == 0


def test_a_broker_that_does_not_answer_stops_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(queue: str) -> int:
        raise ConnectionError("refused")

    monkeypatch.setattr("jobs.queue.cleanup.num_messages", refuse)
    make_job(queued_at=ago(21))
    make_job(state="running", attempt=1, heartbeat_at=ago(121))
    assert sweep() == SweepReport(num_lost=1, num_retried=0, num_resolved=0, num_dispatched=0)


def test_a_parent_whose_children_have_all_ended_ends_too() -> None:
    parent = make_job(kind="test.parent", state="running", is_waiting=True, attempt=1)
    make_job(parent=parent, parent_attempt=1, state="completed")
    assert sweep().num_resolved == 1
    parent.refresh_from_db()
    assert parent.state == JobState.COMPLETED
    assert PARENT.ends == [("a riff", "completed")]


def test_a_stage_that_was_never_started_is_started() -> None:
    parent = make_job(kind="test.parent", state="running", is_waiting=True, attempt=1)
    make_job(parent=parent, parent_attempt=1, state="completed")
    make_job(parent=parent, parent_attempt=1, state="pending", stage=1)
    sweep()
    run_until_idle()
    parent.refresh_from_db()
    assert parent.state == JobState.COMPLETED


def test_one_job_that_cannot_be_helped_does_not_keep_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cursed = make_job(state="retrying", not_before=ago(2))
    fine = make_job(state="retrying", not_before=ago(1))
    requeue = lifecycle.requeue

    def stumble(job: Job) -> bool:
        if job.pk == cursed.pk:
            raise RuntimeError("cursed")
        return requeue(job)

    monkeypatch.setattr(lifecycle, "requeue", stumble)
    assert sweep().num_retried == 1
    fine.refresh_from_db()
    assert fine.state == JobState.QUEUED


def test_a_quiet_house_stays_quiet() -> None:
    make_job(state="completed")
    make_job(state="failed")
    assert sweep() == SweepReport(0, 0, 0, 0)


def test_the_broker_is_asked_how_much_waits() -> None:
    """On the real in-memory transport, or Redis in the service tests."""
    before = dispatch_module.num_messages("render")
    make_job(kind="test.render")
    assert dispatch_module.num_messages("render") == before + 1


def test_every_registered_kind_names_a_queue() -> None:
    assert {handler_for(kind).queue for kind in known_kinds()} <= {"short", "render"}

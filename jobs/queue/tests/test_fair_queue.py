"""Whose turn it is, and how many one may have: through tickets, as workers draw them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import make_user
from gts.web.errors import LimitError
from jobs.models import Job, JobState
from jobs.queue import lifecycle
from jobs.queue.fair_queue import num_claimable
from jobs.queue.runner import run_job, run_next
from jobs.registry import ChildJob, JobContext, OwnerLimit, register
from jobs.services import job_cancel, job_enqueue, job_retry
from jobs.tests.factories import make_job
from jobs.tests.handlers import LEAF, PARENT

pytestmark = pytest.mark.django_db(transaction=True)


def tree(owner: User, name: str, num_parts: int) -> Job:
    """A parent that has spawned ``num_parts`` long jobs and one behind them; the first of these."""

    def work(context: JobContext) -> Mapping[str, Any]:
        parts = [ChildJob("test.render", {}, label=f"{name}{n}") for n in range(1, num_parts + 1)]
        context.spawn([*parts, ChildJob("test.render", {}, label=f"{name}.", stage=1)])
        return {}

    PARENT.work = work
    job = job_enqueue(
        kind="test.parent", owner=owner, payload={}, label=name, weight=float(num_parts)
    )
    assert run_job(job.uuid)
    job.refresh_from_db()
    return job.current_children()[0]


def take(ticket: Job) -> Job | None:
    return lifecycle.claim_next(ticket.uuid, worker="w")


def serve(ticket: Job, num_turns: int) -> list[str]:
    """The labels of the jobs that one worker does in so many turns, one after the other."""
    labels = []
    for _ in range(num_turns):
        job = take(ticket)
        if job is None:
            break
        labels.append(job.label)
        lifecycle.complete(job, {})
    return labels


def test_a_small_render_waits_for_no_more_than_what_runs(alice: User, charlie: User) -> None:
    large = tree(alice, "a", 27)
    assert serve(large, 3) == ["a1", "a2", "a3"]
    running = take(large)  # a4 is at work when the small one comes
    assert running is not None
    small = tree(charlie, "c", 2)
    lifecycle.complete(running, {})
    # Whichever message is drawn.
    assert serve(large, 2) == ["c1", "c2"]
    assert serve(small, 3) == ["c.", "a5", "a6"]


def test_a_second_worker_takes_from_the_small_one_too(alice: User, charlie: User) -> None:
    large = tree(alice, "a", 27)
    tree(charlie, "c", 2)
    jobs = [take(large) for _ in range(3)]
    assert [job.label for job in jobs if job] == ["c1", "c2", "a1"]


def test_between_equals_the_turn_goes_round(alice: User, charlie: User) -> None:
    ticket = tree(alice, "a", 3)
    tree(charlie, "c", 3)
    assert serve(ticket, 6) == ["a1", "c1", "a2", "c2", "a3", "c3"]


def test_of_one_owner_the_oldest_tree_goes_first(alice: User) -> None:
    first = tree(alice, "a", 2)
    tree(alice, "b", 2)
    assert serve(first, 6) == ["a1", "a2", "a.", "b1", "b2", "b."]


def test_what_someone_asks_for_in_all_counts(alice: User, charlie: User) -> None:
    ticket = tree(alice, "a", 5)
    for name in "cde":
        tree(charlie, name, 2)
    assert serve(ticket, 2) == ["a1", "a2"]


def test_no_one_is_passed_over_for_ever(alice: User, charlie: User, settings: Any) -> None:
    ticket = tree(alice, "a", 9)
    tree(charlie, "c", 2)
    long_ago = timezone.now() - timedelta(seconds=settings.JOB_PATIENCE_S + 1)
    Job.objects.filter(owner=alice, label__startswith="a").update(queued_at=long_ago)
    # Served just now, alice is patient again.
    assert serve(ticket, 4) == ["a1", "c1", "c2", "c."]


def test_a_turn_is_one_in_the_queue_of_its_ticket(alice: User) -> None:
    short, long = make_job(alice), make_job(alice, kind="test.render")
    job = take(long)
    assert job == long
    assert take(long) is None
    assert take(short) == short


def test_a_ticket_of_a_job_that_is_gone_is_void(alice: User) -> None:
    job = make_job(alice)
    gone = make_job(alice)
    gone.delete()
    assert not run_next(gone.uuid)
    assert not run_next(uuid4())
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_many_tickets_for_one_job_run_it_once(alice: User) -> None:
    job = make_job(alice)

    def draw(_: int) -> bool:
        try:
            return run_next(job.uuid)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=6) as pool:
        outcomes = list(pool.map(draw, range(6)))
    assert sorted(outcomes) == [False] * 5 + [True]
    assert len(LEAF.ends) == 1


def test_many_tickets_for_many_jobs_run_each_once(alice: User, charlie: User) -> None:
    jobs = [make_job(owner) for owner in (alice, charlie) for _ in range(4)]

    def draw(job: Job) -> bool:
        try:
            return run_next(job.uuid)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        assert list(pool.map(draw, jobs)) == [True] * 8
    assert set(Job.objects.values_list("state", "attempt")) == {("completed", 1)}


# Limits -------------------------------------------------------------------------------------------


@pytest.fixture
def limit() -> OwnerLimit:
    limit = OwnerLimit("trees", max_running=2, max_waiting=3)
    register(PARENT, limit=limit)
    return limit


def wait_for_children(context: JobContext) -> Mapping[str, Any]:
    context.spawn([ChildJob("test.render", {})])
    return {}


def test_what_is_more_than_may_run_waits_for_a_place(
    limit: OwnerLimit, alice: User, charlie: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    PARENT.work = wait_for_children
    first, second, third = (make_job(alice, kind="test.parent") for _ in range(3))
    assert run_next(third.uuid)
    assert run_next(third.uuid)
    assert not run_next(third.uuid)
    other = make_job(charlie, kind="test.parent")
    assert run_next(third.uuid)  # the place of another is not hers
    assert [job.state for job in refreshed(first, second, third, other)] == [
        "running", "running", "queued", "running",
    ]  # fmt: skip
    assert num_claimable("short") == 0

    sent: list[str] = []
    monkeypatch.setattr(
        "celery.current_app.send_task", lambda name, *, args, **options: sent.append(args[0])
    )
    run_job(first.current_children().get().uuid)
    assert str(third.uuid) in sent  # its own message has come without success
    assert num_claimable("short") == 1
    assert run_next(third.uuid)
    assert refreshed(third)[0].state == "running"


def test_two_workers_do_not_both_take_the_last_place(limit: OwnerLimit, alice: User) -> None:
    PARENT.work = wait_for_children
    jobs = [make_job(alice, kind="test.parent") for _ in range(3)]

    def draw(job: Job) -> bool:
        try:
            return run_next(job.uuid)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=3) as pool:
        assert sorted(pool.map(draw, jobs)) == [False, True, True]


def test_what_is_more_than_may_wait_is_refused(
    limit: OwnerLimit, alice: User, charlie: User
) -> None:
    jobs = [make_job(alice, kind="test.parent") for _ in range(3)]
    with pytest.raises(LimitError, match="3 trees waiting") as refusal:
        make_job(alice, kind="test.parent")
    assert (refusal.value.status, refusal.value.code) == (429, "TOO_MANY_WAITING")
    make_job(charlie, kind="test.parent")
    make_job(alice)  # another kind

    job_cancel(job=jobs[0])
    make_job(alice, kind="test.parent")
    with pytest.raises(LimitError):
        job_retry(job=jobs[0])
    assert refreshed(jobs[0])[0].state == "cancelled"


def test_two_requests_do_not_both_get_the_last_place(limit: OwnerLimit) -> None:
    alice = make_user("alice")
    for _ in range(2):
        make_job(alice, kind="test.parent")

    def enqueue(_: int) -> bool:
        try:
            make_job(alice, kind="test.parent")
        except LimitError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(max_workers=4) as pool:
        assert sorted(pool.map(enqueue, range(4))) == [False, False, False, True]


def refreshed(*jobs: Job) -> list[Job]:
    for job in jobs:
        job.refresh_from_db()
    return list(jobs)

"""The commands of operators: put back to work, forget, run in the foreground."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from jobs.models import Job, Notification
from jobs.pipeline.errors import CancelledError, PipelineError
from jobs.queue.cleanup import Pruned, jobs_prune, prunable_count
from jobs.queue.runner import run_job
from jobs.registry import ChildJob, JobContext
from jobs.tests.factories import make_job
from jobs.tests.handlers import LEAF, PARENT, RENDER
from jobs.tests.running import run_until_idle

pytestmark = pytest.mark.django_db(transaction=True)


def call(command: str, *words: object, **options: Any) -> str:
    out = StringIO()
    call_command(command, *map(str, words), stdout=out, stderr=out, **options)
    return " ".join(out.getvalue().split())


def days_ago(days: float) -> Any:
    return timezone.now() - timedelta(days=days)


def fail(context: JobContext) -> Mapping[str, Any]:
    raise PipelineError("DI_SILENT", "There is nothing to hear.", detail="peak -inf dBFS")


# prune_jobs ---------------------------------------------------------------------------------------


def make_tree(ended_days_ago: float, *, state: str = "completed", num_parts: int = 2) -> Job:
    ended = {"state": state, "finished_at": days_ago(ended_days_ago), "attempt": 1}
    root = make_job(kind="test.parent", **ended)
    for _ in range(num_parts):
        make_job(parent=root, parent_attempt=1, **ended)
    make_job(parent=Job.objects.filter(parent=root).first(), parent_attempt=1, **ended)
    return root


def test_a_dry_run_says_what_would_go_and_changes_nothing() -> None:
    make_tree(91)
    make_tree(89)
    said = call("prune_jobs")
    assert said.startswith("Would delete 4 jobs in 1 trees that ended before ")
    assert "Nothing was changed" in said
    assert Job.objects.count() == 8


def test_old_trees_go_whole_with_their_notifications() -> None:
    old, new = make_tree(91), make_tree(89)
    for job in (old, new):
        Notification.objects.create(owner=job.owner, job=job, state="completed")
    assert call("prune_jobs", "--delete") == "Deleted 4 jobs in 1 trees."
    assert set(Job.objects.roots()) == {new}
    assert Job.objects.count() == 4
    assert [note.job for note in Notification.objects.all()] == [new]
    assert call("prune_jobs", "--delete") == "Deleted 0 jobs in 0 trees."


def test_days_can_be_chosen_but_not_none() -> None:
    make_tree(5)
    assert "4 jobs in 1 trees" in call("prune_jobs", days=3)
    with pytest.raises(CommandError, match="at least 1"):
        call("prune_jobs", days=0)


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
def test_every_end_is_an_end(state: str) -> None:
    make_tree(91, state=state)
    assert jobs_prune(ended_before=days_ago(90)) == Pruned(1, 4)


@pytest.mark.parametrize("state", ["pending", "queued", "running", "retrying"])
def test_what_has_not_ended_stays_however_old(state: str) -> None:
    make_job(state=state, created_at=days_ago(400))
    busy = make_tree(91)
    Job.objects.filter(parent__parent=busy).update(state=state)
    make_tree(91)
    assert jobs_prune(ended_before=days_ago(90)) == Pruned(1, 4)
    assert set(Job.objects.roots()) >= {busy}
    assert Job.objects.count() == 5


def test_a_tree_whose_root_ended_late_is_young() -> None:
    root = make_tree(91)
    Job.objects.filter(pk=root.pk).update(finished_at=days_ago(1))
    assert prunable_count(ended_before=days_ago(90)) == Pruned(0, 0)


def test_many_trees_go_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.queue.cleanup._TREES_AT_ONCE", 2)
    busy = make_tree(120)  # the oldest: it comes first in every batch
    Job.objects.filter(parent=busy).update(state="running")
    for number in range(5):
        make_tree(91 + number)
    assert jobs_prune(ended_before=days_ago(90)) == Pruned(5, 20)
    assert set(Job.objects.roots()) == {busy}


# requeue_jobs -------------------------------------------------------------------------------------


def test_without_arguments_it_sweeps() -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    lost = make_job(state="running", attempt=1, heartbeat_at=long_ago)
    due = make_job(state="retrying", not_before=long_ago)
    said = call("requeue_jobs")
    assert said.startswith("lost: 1, retried: 1, resolved: 0, dispatched: ")
    assert {job.state for job in Job.objects.filter(pk__in=[lost.pk, due.pk])} == {"queued"}


def test_by_id_the_whole_tree_is_queued_again() -> None:
    root = make_tree(1, state="failed")
    part = root.current_children().first()
    assert part is not None
    other = make_job(state="failed")
    assert call("requeue_jobs", part.uuid, root.uuid) == "1 jobs queued again, 0 refused."
    root.refresh_from_db()
    other.refresh_from_db()
    assert (root.state, other.state) == ("queued", "failed")


def test_what_cannot_be_retried_is_named_and_the_rest_done() -> None:
    failed, completed = make_job(state="failed"), make_job(state="completed")
    said = call("requeue_jobs", completed.uuid, failed.uuid)
    assert f"{completed.uuid}: Only a failed or cancelled job can be retried." in said
    assert "1 jobs queued again, 1 refused." in said


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--failed"], {"leaf", "full", "render"}),
        (["--failed", "--kind", "test.leaf"], {"leaf", "full"}),
        (["--failed", "--code", "DISK_FULL"], {"full"}),
        (["--failed", "--kind", "test.render", "--code", "DISK_FULL"], set()),
    ],
)
def test_all_that_failed_for_a_reason(words: list[str], expected: set[str]) -> None:
    jobs = {
        "leaf": make_job(state="failed"),
        "full": make_job(state="failed", error_code="DISK_FULL"),
        "render": make_job(kind="test.render", state="failed"),
        "cancelled": make_job(state="cancelled"),
    }
    assert f"{len(expected)} jobs queued again" in call("requeue_jobs", *words)
    queued = set(Job.objects.filter(state="queued"))
    assert {name for name, job in jobs.items() if job in queued} == expected


def test_contradictions_are_refused() -> None:
    with pytest.raises(CommandError, match="either"):
        call("requeue_jobs", uuid4(), "--failed")
    with pytest.raises(CommandError, match="go with --failed"):
        call("requeue_jobs", "--code", "X")
    with pytest.raises(CommandError, match="There is no job"):
        call("requeue_jobs", uuid4())


# run_job ------------------------------------------------------------------------------------------


def test_a_whole_tree_runs_in_the_foreground() -> None:
    def grow(context: JobContext) -> Mapping[str, Any]:
        context.spawn(
            [ChildJob("test.render", {}, label="part"), ChildJob("test.leaf", {}, stage=1)]
        )
        return {}

    PARENT.work = grow
    root, other = make_job(kind="test.parent"), make_job()
    said = call("run_job", root.uuid)
    assert said.startswith("test.parent “a riff” …")
    assert "test.render “part” … completed" in said
    assert said.endswith(f"test.parent {root.uuid}: completed")
    other.refresh_from_db()
    assert other.state == "queued"


def test_a_part_is_run_with_its_whole() -> None:
    def grow(context: JobContext) -> Mapping[str, Any]:
        context.spawn([ChildJob("test.leaf", {})])
        return {}

    PARENT.work = grow
    root = make_job(kind="test.parent")
    run_job(root.uuid)
    part = Job.objects.get(parent=root)
    call("run_job", part.uuid)
    root.refresh_from_db()
    assert root.state == "completed"


def test_a_failure_shows_operators_why() -> None:
    LEAF.work = fail
    job = make_job()
    with pytest.raises(CommandError, match="DI_SILENT There is nothing to hear\\.\npeak"):
        call("run_job", job.uuid)


def test_what_has_ended_runs_again_only_when_asked() -> None:
    job = make_job(state="failed", error_code="X")
    with pytest.raises(CommandError, match="ended already"):
        call("run_job", job.uuid)
    assert "completed" in call("run_job", job.uuid, "--retry")
    with pytest.raises(CommandError, match="Only a failed or cancelled job"):
        call("run_job", job.uuid, "--retry")
    with pytest.raises(CommandError, match="There is no job"):
        call("run_job", uuid4())


def test_a_passing_error_is_tried_again_here(settings: Any) -> None:
    settings.JOB_RETRY_DELAYS_S = (0, 0)
    tries: list[int] = []

    def stumble(context: JobContext) -> Mapping[str, Any]:
        tries.append(1)
        if len(tries) < 3:
            raise PipelineError("BUSY", "Later.", is_permanent=False)
        return {}

    LEAF.work = stumble
    assert "completed" in call("run_job", make_job().uuid)
    assert len(tries) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_hands_the_job_back(number: signal.Signals) -> None:
    def work(context: JobContext) -> Mapping[str, Any]:
        os.kill(os.getpid(), number)
        for _ in range(1000):
            context.report(0.1)
        raise AssertionError("no one stopped it")

    RENDER.work = work
    job = make_job(kind="test.render")
    before = signal.getsignal(number)
    assert "Stopped." in call("run_job", job.uuid)
    job.refresh_from_db()
    assert (job.state, job.num_failures, job.num_lost) == ("queued", 0, 0)
    assert signal.getsignal(number) == before
    RENDER.reset()
    run_until_idle()  # this process may work again
    job.refresh_from_db()
    assert job.state == "completed"


def test_one_that_is_cancelled_meanwhile_ends(alice: User) -> None:
    def work(context: JobContext) -> Mapping[str, Any]:
        raise CancelledError

    LEAF.work = work
    with pytest.raises(CommandError):
        call("run_job", make_job(alice).uuid)
    assert Job.objects.get().state == "cancelled"

"""Parents and children: stages, progress, failures, through real runs."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from jobs.models import Job, JobState
from jobs.pipeline.errors import PipelineError
from jobs.queue import lifecycle
from jobs.queue.runner import run_job
from jobs.registry import ChildJob, JobContext
from jobs.tests.factories import make_job
from jobs.tests.handlers import LEAF, PARENT
from jobs.tests.running import run_until_idle

pytestmark = pytest.mark.django_db(transaction=True)


def parent_with(children: Sequence[ChildJob]) -> Job:
    """A parent that has run and now waits for these."""

    def work(context: JobContext) -> Mapping[str, Any]:
        context.spawn(children)
        return {"num_children": len(children)}

    PARENT.work = work
    job = make_job(kind="test.parent")
    run_job(job.uuid)
    job.refresh_from_db()
    return job


def leaf(label: str, **changes: Any) -> ChildJob:
    return ChildJob("test.leaf", {}, label=label, **changes)


def states_of(job: Job) -> dict[str, str]:
    return {child.label: child.state for child in job.current_children()}


def fail_when(labels: set[str]) -> None:
    def work(context: JobContext) -> Mapping[str, Any]:
        if context.job.label in labels:
            raise PipelineError("DI_SILENT", "There is nothing to hear.")
        return {}

    LEAF.work = work


def run_child(job: Job, label: str) -> None:
    run_job(job.current_children().get(label=label).uuid)


STAGES = [
    leaf("one", is_required=False),
    leaf("two", is_required=False),
    leaf("level", stage=1),
    leaf("video", stage=2, is_required=False),
]


def test_the_stages_run_one_after_the_other() -> None:
    job = parent_with(STAGES)
    assert (job.state, job.is_waiting) == (JobState.RUNNING, True)
    assert states_of(job) == {
        "one": "queued", "two": "queued", "level": "pending", "video": "pending",
    }  # fmt: skip

    run_child(job, "two")
    assert states_of(job)["level"] == "pending"
    run_child(job, "one")
    assert states_of(job)["level"] == "queued"
    assert states_of(job)["video"] == "pending"
    run_until_idle()

    job.refresh_from_db()
    assert (job.state, job.is_waiting, job.progress) == (JobState.COMPLETED, False, 100.0)
    assert job.result == {"num_children": 4}
    assert [label for label, _ in LEAF.ends] == ["two", "one", "level", "video"]
    assert PARENT.ends == [("a riff", "completed")]


def test_progress_is_weighted_and_never_goes_backwards() -> None:
    job = parent_with([leaf("heavy", weight=3.0), leaf("light")])
    heavy = job.current_children().get(label="heavy")

    claimed = lifecycle.claim(heavy.uuid, worker="w")
    assert claimed is not None
    lifecycle.write_progress(claimed, progress=40.0, message="40 of 100")
    job.refresh_from_db()
    assert job.progress == pytest.approx(30.0)

    lifecycle.write_progress(claimed, progress=20.0, message="again")
    job.refresh_from_db()
    assert job.progress == pytest.approx(30.0)

    run_child(job, "light")
    job.refresh_from_db()
    assert job.progress == pytest.approx(55.0)


def test_cancelling_leaves_the_progress_where_it_was() -> None:
    job = parent_with([leaf("one"), leaf("two"), leaf("level", stage=1)])
    claimed = lifecycle.claim(job.current_children().get(label="one").uuid, worker="w")
    assert claimed is not None
    lifecycle.write_progress(claimed, progress=60.0, message="")
    job.refresh_from_db()
    before = job.progress
    assert before == pytest.approx(20.0)

    lifecycle.request_cancel(job)
    job.refresh_from_db()
    assert (job.state, job.progress, job.message) == (JobState.RUNNING, before, "Canceling…")
    # What still runs may report once more before it notices.
    lifecycle.write_progress(claimed, progress=80.0, message="")
    lifecycle.cancel(claimed)
    job.refresh_from_db()
    assert (job.state, job.progress) == (JobState.CANCELLED, before)


def test_a_failed_sibling_does_not_stop_the_others() -> None:
    fail_when({"one"})
    job = parent_with(STAGES)
    run_until_idle()

    job.refresh_from_db()
    assert job.state == JobState.COMPLETED
    assert states_of(job) == {
        "one": "failed", "two": "completed", "level": "completed", "video": "completed",
    }  # fmt: skip


def test_a_required_child_that_fails_ends_the_parent_with_its_error() -> None:
    fail_when({"level"})
    job = parent_with(STAGES)
    run_until_idle()

    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert (job.error_code, job.error_message) == ("DI_SILENT", "There is nothing to hear.")
    assert states_of(job)["video"] == "cancelled"
    assert ("video", "cancelled") in LEAF.ends
    assert PARENT.ends == [("a riff", "failed")]


def test_the_siblings_of_a_failed_required_child_finish_before_the_parent_ends() -> None:
    fail_when({"one"})
    job = parent_with([leaf("one"), leaf("two"), leaf("later", stage=1)])
    run_child(job, "one")

    job.refresh_from_db()
    assert (job.state, states_of(job)["later"]) == (JobState.RUNNING, "cancelled")
    run_child(job, "two")
    job.refresh_from_db()
    assert (job.state, states_of(job)["two"]) == (JobState.FAILED, "completed")


def test_a_child_that_is_tried_again_holds_its_stage() -> None:
    def work(context: JobContext) -> Mapping[str, Any]:
        raise PipelineError("BUSY", "Come back later.", is_permanent=False)

    LEAF.work = work
    job = parent_with([leaf("one", is_required=False), leaf("later", stage=1)])
    run_child(job, "one")
    assert states_of(job) == {"one": "retrying", "later": "pending"}


def test_children_may_have_children() -> None:
    def nested(context: JobContext) -> Mapping[str, Any]:
        if context.job.parent is None:
            context.spawn([ChildJob("test.parent", {}, label="inner"), leaf("after", stage=1)])
        else:
            context.spawn([leaf("deep one"), leaf("deep two")])
        return {}

    PARENT.work = nested
    job = make_job(kind="test.parent")
    run_until_idle()

    job.refresh_from_db()
    assert (job.state, job.progress) == (JobState.COMPLETED, 100.0)
    assert [label for label, _ in LEAF.ends] == ["deep one", "deep two", "after"]


def test_children_that_end_at_the_same_moment_start_the_next_stage_once() -> None:
    children = [leaf(f"part {number}") for number in range(6)]
    job = parent_with([*children, leaf("level", stage=1)])
    barrier = threading.Barrier(len(children))

    def work(context: JobContext) -> Mapping[str, Any]:
        if context.job.stage == 0:
            barrier.wait(timeout=20)
        return {}

    def deliver(child: Job) -> None:
        try:
            run_job(child.uuid)
        finally:
            connection.close()

    LEAF.work = work
    with ThreadPoolExecutor(max_workers=len(children)) as pool:
        list(pool.map(deliver, job.current_children().filter(stage=0)))
    level = job.current_children().get(label="level")
    assert level.state == JobState.QUEUED
    run_until_idle()

    level.refresh_from_db()
    job.refresh_from_db()
    assert (level.attempt, job.state) == (1, JobState.COMPLETED)
    assert len(LEAF.ends) == 7
    assert PARENT.ends == [("a riff", "completed")]


def test_an_error_after_the_children_were_made_stops_them() -> None:
    def work(context: JobContext) -> Mapping[str, Any]:
        context.spawn(STAGES)
        raise RuntimeError("too late")

    PARENT.work = work
    job = make_job(kind="test.parent")
    run_job(job.uuid)

    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "INTERNAL")
    assert set(states_of(job).values()) == {"cancelled"}


def test_a_handler_that_refuses_the_whole_fails_the_parent_but_not_the_last_child() -> None:
    def refuse(job: Job) -> None:
        if job.state == JobState.COMPLETED:
            raise RuntimeError("no")

    PARENT.on_finished = refuse
    job = parent_with([leaf("one")])
    run_until_idle()

    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "INTERNAL")
    assert states_of(job) == {"one": "completed"}
    assert PARENT.ends == [("a riff", "failed")]


def test_a_parent_that_runs_again_has_new_children_and_keeps_the_old_as_history() -> None:
    fail_when({"level"})
    job = parent_with(STAGES)
    run_until_idle()
    fail_when(set())
    job.refresh_from_db()
    assert lifecycle.redrive(job)
    run_until_idle()

    job.refresh_from_db()
    assert (job.state, job.attempt) == (JobState.COMPLETED, 2)
    assert set(states_of(job).values()) == {"completed"}
    assert Job.objects.filter(parent=job).count() == 8


def test_a_parent_cannot_wait_for_nothing() -> None:
    job = parent_with([])
    assert (job.state, job.error_code) == (JobState.RETRYING, "INTERNAL")

"""Anyone who asked for a job hears how it ended, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from accounts.models import User
from jobs.live.notifications import notification_read, notification_read_all
from jobs.models import Job, Notification
from jobs.pipeline.errors import PipelineError
from jobs.queue import lifecycle
from jobs.registry import ChildJob, JobContext, Notice, register
from jobs.selectors import notification_count_unread, notification_list
from jobs.services import job_cancel, job_retry
from jobs.tests.factories import make_job
from jobs.tests.handlers import LEAF, PARENT, RENDER
from jobs.tests.running import run_until_idle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def as_usual() -> Iterator[None]:
    yield
    register(LEAF)


def fail(context: JobContext) -> Mapping[str, Any]:
    raise PipelineError("DI_SILENT", "There is nothing to hear.", detail="/srv/secret")


def told() -> list[tuple[str, str, str]]:
    """State, message and path, the oldest first."""
    rows = Notification.objects.order_by("id")
    return [(row.state, row.message, row.path) for row in rows]


def test_success_is_told() -> None:
    job = make_job()
    run_until_idle()
    assert told() == [("completed", "", "")]
    notification = Notification.objects.get()
    assert (notification.owner, notification.job) == (job.owner, job)
    assert notification.read_at is None


def test_a_failure_is_told_with_its_reason_for_people() -> None:
    LEAF.work = fail
    make_job()
    run_until_idle()
    assert told() == [("failed", "There is nothing to hear.", "")]


def test_a_retry_is_told_again_and_the_first_time_is_not_forgotten() -> None:
    LEAF.work = fail
    job = make_job()
    run_until_idle()
    LEAF.reset()
    job.refresh_from_db()
    job_retry(job=job)
    run_until_idle()
    assert [state for state, _, _ in told()] == ["failed", "completed"]


def test_of_a_tree_only_the_whole_is_told_with_how_much_of_it_failed() -> None:
    def grow(context: JobContext) -> Mapping[str, Any]:
        bad = ChildJob("test.render", {}, is_required=False)
        context.spawn([ChildJob("test.leaf", {}), ChildJob("test.leaf", {}), bad])
        return {}

    PARENT.work = grow
    RENDER.work = fail
    make_job(kind="test.parent")
    run_until_idle()
    assert told() == [("completed", "1 of 3 parts failed.", "")]


def test_who_cancels_knows_it() -> None:
    job_cancel(job=make_job())
    assert told() == []


def test_an_attempt_that_goes_on_later_is_no_news() -> None:
    def stumble(context: JobContext) -> Mapping[str, Any]:
        raise PipelineError("BUSY", "Later.", is_permanent=False)

    LEAF.work = stumble
    make_job()
    run_until_idle()
    assert told() == []


def test_a_lost_attempt_that_wakes_up_tells_nothing() -> None:
    job = make_job()
    old = lifecycle.claim(job.uuid, worker="old")
    assert old is not None
    Job.objects.filter(pk=job.pk).update(attempt=2)
    assert not lifecycle.complete(old, {})
    assert told() == []


def test_it_leads_to_the_page_the_feature_names() -> None:
    register(LEAF, notice=Notice(page=lambda job: f"/things/{job.label}/"))
    make_job()
    run_until_idle()
    assert told() == [("completed", "", "/things/a riff/")]


def test_a_page_that_cannot_be_named_does_not_keep_the_job_from_ending() -> None:
    register(LEAF, notice=Notice(page=lambda job: str(job.payload["missing"])))
    job = make_job()
    run_until_idle()
    job.refresh_from_db()
    assert job.state == "completed"
    assert told() == [("completed", "", "")]


def test_of_a_quiet_kind_only_failures_call(alice: User) -> None:
    register(LEAF, notice=Notice(is_quiet=True))
    make_job(alice)
    run_until_idle()
    assert notification_count_unread(alice) == 0
    LEAF.work = fail
    make_job(alice)
    run_until_idle()
    assert notification_count_unread(alice) == 1
    assert [row.state for row in notification_list(alice)] == ["failed", "completed"]


def test_reading_one_and_all_touches_only_ones_own(alice: User, charlie: User) -> None:
    for owner in (alice, alice, alice, charlie):
        make_job(owner)
    run_until_idle()
    first = notification_list(alice).first()
    assert first is not None
    seen = notification_read(notification=first)
    assert seen.read_at is not None
    assert notification_read(notification=seen).read_at == seen.read_at
    assert notification_count_unread(alice) == 2
    assert notification_read_all(owner=alice) == 2
    assert notification_read_all(owner=alice) == 0
    assert (notification_count_unread(alice), notification_count_unread(charlie)) == (0, 1)


def test_it_goes_with_its_job() -> None:
    job = make_job()
    run_until_idle()
    job.delete()
    assert told() == []

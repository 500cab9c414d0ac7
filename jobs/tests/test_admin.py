from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import make_user
from gts.web import paging
from jobs.models import Job, Notification
from jobs.queue.process_heartbeat import ProcessHeartbeat
from jobs.tests.factories import make_job

LIST = "/admin/jobs/job/"


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(make_user("operator", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def onlooker(db: None) -> Client:
    """Staff that may look at jobs, and no more."""
    user = make_user("onlooker", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_job"))
    client = Client()
    client.force_login(user)
    return client


def make_failed_tree() -> Job:
    root = make_job(kind="test.parent", state="failed", attempt=1, error_code="DI_SILENT")
    make_job(parent=root, parent_attempt=1, label="part 1", state="failed")
    return root


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def is_listed(job: Job, page: str) -> bool:
    return f">{str(job.uuid)[:8]}</a>" in page


# Finding jobs -------------------------------------------------------------------------------------


def test_the_list_finds_jobs_by_the_beginning_of_their_id(operator: Client) -> None:
    wanted, other = make_job(), make_job()
    for text in (str(wanted.uuid), str(wanted.uuid)[:12], wanted.uuid.hex, str(wanted.uuid)[:8]):
        page = text_of(operator, f"{LIST}?q={text}")
        assert is_listed(wanted, page)
        assert not is_listed(other, page)


@pytest.mark.parametrize("text", ["5f0c9a2e5f0c9a2e5f0c9a2e5f0c9a2e", "from-the-proxy.7"])
def test_the_list_finds_the_jobs_of_a_request(operator: Client, text: str) -> None:
    wanted, other = make_job(request_id=text), make_job()
    page = text_of(operator, f"{LIST}?q={text}")
    assert is_listed(wanted, page)
    assert not is_listed(other, page)


@pytest.mark.parametrize("text", ["DI_SILENT", "bob", "long riff", "LONG"])
def test_the_list_finds_jobs_by_code_owner_and_words(operator: Client, text: str) -> None:
    bob = make_user("bob")
    wanted = make_job(bob, state="failed", error_code="DI_SILENT", label="A long riff")
    Job.objects.filter(pk=wanted.pk).update(error_code=text if text == "LONG" else "DI_SILENT")
    other = make_job()
    page = text_of(operator, f"{LIST}?q={text}")
    assert is_listed(wanted, page)
    assert not is_listed(other, page)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state__exact=failed", {"root", "part"}),
        ("state__exact=queued", {"leaf"}),
        ("place=root", {"root", "leaf"}),
        ("place=part", {"part"}),
        ("kind=test.parent", {"root"}),
        ("kind=test.leaf", {"part", "leaf"}),
        ("kind=test.parent&state__exact=queued", set()),
    ],
)
def test_the_list_can_be_narrowed(operator: Client, query: str, found: set[str]) -> None:
    root = make_failed_tree()
    jobs = {"root": root, "part": root.current_children().get(), "leaf": make_job()}
    page = text_of(operator, f"{LIST}?{query}")
    assert {name for name, job in jobs.items() if is_listed(job, page)} == found


def test_the_list_takes_the_same_queries_however_long(
    operator: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_failed_tree()
    operator.get(LIST)
    # The session, the user, the queues, the workers, the count, the page.
    with django_assert_num_queries(6) as few:
        operator.get(LIST)
    for _ in range(5):
        make_failed_tree()
    with django_assert_num_queries(len(few.captured_queries)):
        operator.get(LIST)


def test_no_one_counts_further_than_anybody_leafs(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MAX_COUNTED", 3)
    for _ in range(5):
        make_job()
    assert "3 jobs" in text_of(operator, LIST)


# What waits, and who works ------------------------------------------------------------------------


def test_the_list_says_how_long_the_oldest_waits_and_who_works(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the page asks the broker")

    monkeypatch.setattr("celery.Celery.connection_for_read", refuse)
    monkeypatch.setattr("celery.app.control.Inspect.ping", refuse)
    make_job(kind="test.render", queued_at=timezone.now() - timedelta(minutes=75))
    make_job(kind="test.render", state="running")
    ProcessHeartbeat("worker", queues=["render"]).beat()
    page = " ".join(text_of(operator, LIST).split())
    assert "<td>1:15:00 min</td>" in page
    assert page.count(">none</a>") == 1  # no one does short jobs


# One job ------------------------------------------------------------------------------------------


def test_a_job_shows_its_whole_tree_and_cannot_be_edited(operator: Client) -> None:
    root = make_failed_tree()
    part = root.current_children().get()
    for job in (root, part):
        page = text_of(operator, f"{LIST}{job.pk}/change/")
        assert "part 1" in page
        assert "DI_SILENT" in page
        assert f"{LIST}{root.pk}/change/" in page
        assert f"{LIST}{part.pk}/change/" in page
        assert 'name="state"' not in page
        assert 'name="_save"' not in page
    assert operator.get(f"{LIST}add/").status_code == 403
    assert operator.post(f"{LIST}{root.pk}/change/", {"state": "completed"}).status_code == 403


def test_the_tree_is_read_in_order(operator: Client) -> None:
    root = make_job(kind="test.parent", state="running", is_waiting=True, attempt=1)
    middle = make_job(
        kind="test.parent",
        parent=root,
        parent_attempt=1,
        attempt=1,
        label="middle",
        state="running",
    )
    make_job(parent=root, parent_attempt=1, stage=1, label="last")
    make_job(parent=middle, parent_attempt=1, label="below the middle")
    make_job(parent=root, parent_attempt=0, label="of an attempt before")
    page = text_of(operator, f"{LIST}{root.pk}/change/")
    places = [page.index(f"<td>{label}</td>") for label in ("middle", "below the middle", "last")]
    assert places == sorted(places)
    assert "of an attempt before" not in page


# Acting -------------------------------------------------------------------------------------------


def act(client: Client, action: str, *jobs: Job) -> str:
    chosen = [job.pk for job in jobs]
    data = {"action": action, "_selected_action": chosen, "post": "yes"}
    answer = client.post(LIST, data, follow=True)
    return answer.content.decode()


def test_operators_retry_and_cancel(operator: Client) -> None:
    failed, waiting = make_failed_tree(), make_job()
    part = failed.current_children().get()
    page = act(operator, "retry", failed, part, waiting)
    assert "1 jobs queued again." in page
    assert "retry that one" in page
    page = act(operator, "cancel", failed, part, waiting)
    assert "2 jobs cancelled." in page
    assert {job.state for job in Job.objects.filter(parent=None)} == {"cancelled"}


def test_operators_redrive_the_tree_of_a_failed_part(operator: Client) -> None:
    root = make_failed_tree()
    part = root.current_children().get()
    assert "1 jobs queued again." in act(operator, "redrive", root, part)
    root.refresh_from_db()
    assert (root.state, root.num_failures, root.error_code) == ("queued", 0, "")
    assert "Only a failed or cancelled job" in act(operator, "redrive", part)


def test_the_page_of_a_job_has_the_same_buttons(operator: Client) -> None:
    root = make_failed_tree()
    part = root.current_children().get()
    assert "Run the whole tree again" in text_of(operator, f"{LIST}{part.pk}/change/")
    answer = operator.post(f"{LIST}{part.pk}/redrive/", follow=True)
    assert "1 jobs queued again." in answer.content.decode()
    assert "Run the whole tree again" not in answer.content.decode()
    answer = operator.post(f"{LIST}{root.pk}/cancel/", follow=True)
    assert "1 jobs cancelled." in answer.content.decode()
    root.refresh_from_db()
    assert root.state == "cancelled"
    assert operator.get(f"{LIST}{root.pk}/redrive/").status_code == 405
    assert operator.post(f"{LIST}999999/cancel/").status_code == 404


def test_who_may_only_look_cannot_act(onlooker: Client) -> None:
    root, waiting = make_failed_tree(), make_job()
    act(onlooker, "redrive", root)
    act(onlooker, "cancel", waiting)
    assert onlooker.post(f"{LIST}{root.pk}/redrive/").status_code == 403
    assert onlooker.post(f"{LIST}{waiting.pk}/cancel/").status_code == 403
    page = text_of(onlooker, f"{LIST}{root.pk}/change/")
    assert "Run the whole tree again" not in page
    states = {job.state for job in Job.objects.filter(parent=None)}
    assert states == {"failed", "queued"}


def test_a_user_can_still_be_deleted_with_everything(operator: Client) -> None:
    job = make_failed_tree()
    Notification.objects.create(owner=job.owner, job=job, state="failed")
    answer = operator.post(f"/admin/accounts/user/{job.owner_id}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not Job.objects.exists()


# The others ---------------------------------------------------------------------------------------


def test_notifications_and_processes_can_be_looked_at(operator: Client) -> None:
    job = make_job(state="failed")
    Notification.objects.create(owner=job.owner, job=job, state="failed", message="Silent.")
    ProcessHeartbeat("worker", queues=["short"]).beat()
    assert "Silent." in text_of(operator, "/admin/jobs/notification/?q=alice")
    assert "Silent." not in text_of(operator, "/admin/jobs/notification/?q=no one")
    page = text_of(operator, "/admin/jobs/process/")
    assert "worker@" in page
    assert 'alt="True"' in page

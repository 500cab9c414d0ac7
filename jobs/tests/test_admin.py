from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import make_user
from jobs.models import Job
from jobs.tests.factories import make_job

LIST = "/admin/jobs/job/"


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(make_user("operator", is_staff=True, is_superuser=True))
    return client


def make_failed_tree() -> Job:
    root = make_job(kind="test.parent", state="failed", attempt=1, error_code="DI_SILENT")
    make_job(parent=root, parent_attempt=1, label="part 1", state="failed")
    return root


def test_the_list_finds_jobs_by_the_beginning_of_their_id(operator: Client) -> None:
    wanted, other = make_job(), make_job()
    for text in (str(wanted.uuid), str(wanted.uuid)[:12]):
        page = operator.get(LIST, {"q": text}).content.decode()
        assert str(wanted.uuid) in page
        assert str(other.uuid) not in page


@pytest.mark.parametrize("query", ["state__exact=failed", "place=root", "place=part", "o=4"])
def test_the_list_can_be_narrowed(operator: Client, query: str) -> None:
    make_failed_tree()
    answer = operator.get(f"{LIST}?{query}")
    assert answer.status_code == 200
    assert "test." in answer.content.decode()


def test_the_list_takes_the_same_queries_however_long(
    operator: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_failed_tree()
    operator.get(LIST)
    with django_assert_num_queries(5) as few:
        operator.get(LIST)
    for _ in range(5):
        make_failed_tree()
    with django_assert_num_queries(len(few.captured_queries)):
        operator.get(LIST)


def test_a_job_shows_its_tree_and_cannot_be_edited(operator: Client) -> None:
    root = make_failed_tree()
    page = operator.get(f"{LIST}{root.pk}/change/").content.decode()
    assert "part 1" in page
    assert "DI_SILENT" in page
    assert 'name="state"' not in page
    assert operator.get(f"{LIST}add/").status_code == 403


def test_operators_retry_and_cancel(operator: Client) -> None:
    failed = make_failed_tree()
    part = failed.current_children().get()
    waiting = make_job()

    def act(action: str) -> str:
        chosen = [failed.pk, part.pk, waiting.pk]
        answer = operator.post(LIST, {"action": action, "_selected_action": chosen}, follow=True)
        return answer.content.decode()

    page = act("retry")
    assert "1 jobs queued again." in page
    assert "retry that one" in page
    page = act("cancel")
    assert "2 jobs cancelled." in page
    assert {job.state for job in Job.objects.filter(parent=None)} == {"cancelled"}

"""The API of jobs through the whole application: owner, stranger, anonymous."""

from __future__ import annotations

from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from jobs.conftest import scripted_handlers  # noqa: F401
from jobs.models import Job
from jobs.tests.factories import make_job

JOBS = "/api/v1/jobs/"


def make_tree(owner: User, *, num_children: int = 3) -> Job:
    root = make_job(owner, kind="test.parent", state="running", is_waiting=True, attempt=1)
    for number in range(num_children):
        state = "completed" if number == 0 else "queued"
        make_job(owner, parent=root, parent_attempt=1, label=f"part {number}", state=state)
    return root


def test_jobs_need_someone(alice: User) -> None:
    job = make_job(alice)
    assert api_client().get(JOBS).status_code == 401
    assert api_client().get(f"{JOBS}{job.uuid}/").status_code == 401
    assert api_client().post(f"{JOBS}{job.uuid}/cancel/").status_code == 401
    assert api_client().post(f"{JOBS}{job.uuid}/retry/").status_code == 401


def test_another_users_job_does_not_exist(alice: User, charlie: User) -> None:
    job = make_job(alice, state="failed")
    stranger = api_client(charlie)
    assert stranger.get(JOBS).json()["results"] == []
    assert stranger.get(f"{JOBS}{job.uuid}/").status_code == 404
    assert stranger.post(f"{JOBS}{job.uuid}/cancel/").status_code == 404
    assert stranger.post(f"{JOBS}{job.uuid}/retry/").status_code == 404
    assert api_client(alice).get(f"{JOBS}{uuid4()}/").status_code == 404
    job.refresh_from_db()
    assert job.state == "failed"


def test_the_list_is_newest_first_and_can_be_narrowed(alice: User) -> None:
    root = make_tree(alice)
    failed = make_job(alice, state="failed", error_code="X", error_message="Because.")
    client = api_client(alice)

    def ids(query: str) -> list[str]:
        return [job["id"] for job in client.get(f"{JOBS}?{query}").json()["results"]]

    assert len(ids("")) == 5
    assert ids("")[0] == str(failed.uuid)
    assert ids("state=failed") == [str(failed.uuid)]
    assert len(ids("state=failed&state=queued")) == 3
    assert ids("kind=test.parent") == [str(root.uuid)]
    assert ids("kind=test.nothing") == []
    assert ids("is_root=true") == [str(failed.uuid), str(root.uuid)]
    assert len(ids("is_root=false")) == 3


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("state=nonsense", "/state"), ("is_root=perhaps", "/is_root"), ("kind=%00", "/kind")],
)
def test_a_bad_filter_is_an_error(alice: User, query: str, pointer: str) -> None:
    answer = api_client(alice).get(f"{JOBS}?{query}")
    assert answer.status_code == 422
    assert [place for place, _ in details_of(answer)] in ([pointer], [f"{pointer}/0"])


def test_the_list_takes_the_same_queries_however_long(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api_client(alice)
    make_tree(alice, num_children=1)
    with django_assert_num_queries(2) as few:
        client.get(JOBS)
    make_tree(alice, num_children=9)
    with django_assert_num_queries(len(few.captured_queries)):
        assert len(client.get(JOBS).json()["results"]) == 12


def test_one_job_is_read_with_everything_below_it(alice: User) -> None:
    root = make_tree(alice)
    answer = api_client(alice).get(f"{JOBS}{root.uuid}/")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["id"], body["state"], body["error"]) == (str(root.uuid), "running", None)
    assert [child["label"] for child in body["children"]] == ["part 0", "part 1", "part 2"]
    assert {child["parent_id"] for child in body["children"]} == {str(root.uuid)}


def test_what_is_for_operators_stays_with_them(alice: User) -> None:
    job = make_job(
        alice,
        state="failed",
        error_code="INTERNAL",
        error_message="Something went wrong.",
        error_detail="Traceback: /srv/secret",
        payload={"secret": 1},
        result={"secret": 2},
        worker="secret-host",
    )
    answer = api_client(alice).get(f"{JOBS}{job.uuid}/")
    assert answer.json()["error"] == {"code": "INTERNAL", "message": "Something went wrong."}
    assert "secret" not in answer.content.decode()


def test_cancel_answers_202_and_then_409(alice: User) -> None:
    root = make_tree(alice)
    client = api_client(alice)
    answer = client.post(f"{JOBS}{root.uuid}/cancel/")
    assert answer.status_code == 202
    assert answer.json()["state"] == "cancelled"
    assert [child["state"] for child in answer.json()["children"]] == [
        "completed", "cancelled", "cancelled",
    ]  # fmt: skip

    again = client.post(f"{JOBS}{root.uuid}/cancel/")
    assert (again.status_code, again.json()["code"]) == (409, "JOB_FINISHED")


def test_retry_answers_202_and_then_409(alice: User) -> None:
    job = make_job(alice, state="failed", error_code="X")
    client = api_client(alice)
    answer = client.post(f"{JOBS}{job.uuid}/retry/")
    assert answer.status_code == 202
    assert (answer.json()["state"], answer.json()["error"]) == ("queued", None)

    again = client.post(f"{JOBS}{job.uuid}/retry/")
    assert (again.status_code, again.json()["code"]) == (409, "JOB_NOT_RETRYABLE")


def test_the_addresses_only_do_what_they_are_for(alice: User) -> None:
    job = make_job(alice)
    client = api_client(alice)
    assert client.post(JOBS, {}).status_code == 405
    assert client.delete(f"{JOBS}{job.uuid}/").status_code == 405
    assert client.get(f"{JOBS}{job.uuid}/cancel/").status_code == 405
    assert client.get(f"{JOBS}nonsense/").status_code == 404

"""Notifications in the API and on pages: owner, stranger, anonymous."""

from __future__ import annotations

from uuid import uuid4

from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from jobs.conftest import scripted_handlers  # noqa: F401
from jobs.models import Notification
from jobs.tests.factories import make_job

NOTES = "/api/v1/notifications/"


def make_note(owner: User, *, label: str = "a riff", **values: object) -> Notification:
    job = make_job(owner, state="completed", error_detail="/srv/secret")
    job.label = label
    job.save(update_fields=["label"])
    return Notification.objects.create(
        **{"owner": owner, "job": job, "state": "completed", **values}
    )


def test_notifications_need_someone(alice: User) -> None:
    note = make_note(alice)
    anonymous = api_client()
    assert anonymous.get(NOTES).status_code == 401
    assert anonymous.get(f"{NOTES}{note.uuid}/").status_code == 401
    assert anonymous.post(f"{NOTES}{note.uuid}/read/").status_code == 401
    assert anonymous.post(f"{NOTES}read/").status_code == 401


def test_anothers_notification_does_not_exist(alice: User, charlie: User) -> None:
    note = make_note(alice)
    stranger = api_client(charlie)
    assert stranger.get(NOTES).json()["results"] == []
    assert stranger.get(f"{NOTES}{note.uuid}/").status_code == 404
    assert stranger.post(f"{NOTES}{note.uuid}/read/").status_code == 404
    assert stranger.post(f"{NOTES}read/").json() == {"num_read": 0}
    assert api_client(alice).get(f"{NOTES}{uuid4()}/").status_code == 404
    note.refresh_from_db()
    assert note.read_at is None


def test_one_is_shown_as_its_owner_may_see_it(alice: User) -> None:
    note = make_note(alice, state="failed", message="Nothing to hear.", path="/x/")
    assert note.job is not None
    body = api_client(alice).get(f"{NOTES}{note.uuid}/").json()
    created_at = body.pop("created_at")
    assert created_at.endswith(("Z", "+00:00"))
    assert body == {
        "id": str(note.uuid),
        "job_id": str(note.job.uuid),
        "kind": "test.leaf",
        "label": "a riff",
        "state": "failed",
        "message": "Nothing to hear.",
        "path": "/x/",
        "read_at": None,
    }


def test_the_list_is_newest_first_and_can_be_narrowed(alice: User) -> None:
    old, new = make_note(alice), make_note(alice)
    client = api_client(alice)
    client.post(f"{NOTES}{old.uuid}/read/")

    def ids(query: str) -> list[str]:
        return [note["id"] for note in client.get(f"{NOTES}?{query}").json()["results"]]

    assert ids("") == [str(new.uuid), str(old.uuid)]
    assert ids("is_read=false") == [str(new.uuid)]
    assert ids("is_read=true") == [str(old.uuid)]
    assert details_of(client.get(f"{NOTES}?is_read=perhaps"))[0][0] == "/is_read"


def test_reading_one_and_all(alice: User) -> None:
    first = make_note(alice)
    make_note(alice)
    client = api_client(alice)
    answer = client.post(f"{NOTES}{first.uuid}/read/")
    assert answer.status_code == 200
    read_at = answer.json()["read_at"]
    assert read_at is not None
    assert client.post(f"{NOTES}{first.uuid}/read/").json()["read_at"] == read_at
    assert client.post(f"{NOTES}read/").json() == {"num_read": 1}
    assert client.get(f"{NOTES}?is_read=false").json()["results"] == []


def test_the_list_takes_the_same_queries_however_long(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api_client(alice)
    make_note(alice)
    with django_assert_num_queries(2):  # user, page
        client.get(NOTES)
    for _ in range(5):
        make_note(alice)
    with django_assert_num_queries(2):
        client.get(NOTES)


def test_the_addresses_only_do_what_they_are_for(alice: User) -> None:
    note = make_note(alice)
    client = api_client(alice)
    assert client.post(NOTES, {}).status_code == 405
    assert client.delete(f"{NOTES}{note.uuid}/").status_code == 405
    assert client.get(f"{NOTES}read/").status_code == 405


# Pages --------------------------------------------------------------------------------------------


def test_pages_send_no_one_to_the_login(client: Client) -> None:
    answer = client.get("/notifications/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


def test_the_bell_counts_what_is_new(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert 'aria-label="Notifications"' in client.get("/notifications/").content.decode()
    make_note(alice)
    make_note(alice)
    assert 'aria-label="Notifications: 2 new"' in client.get("/").content.decode()
    bell = client.get("/notifications/bell/", headers={"HX-Request": "true"}).content.decode()
    assert ">2</span>" in bell
    assert "<html" not in bell


def test_no_one_has_no_bell(client: Client, db: None) -> None:
    assert "data-bell" not in client.get("/").content.decode()


def test_the_page_shows_what_became_of_the_work(client: Client, alice: User) -> None:
    make_note(alice, label="<Four cleans>", path="/somewhere/")
    make_note(alice, state="failed", message="There is nothing to hear.")
    client.force_login(alice)
    page = client.get("/notifications/").content.decode()
    assert "&lt;Four cleans&gt;" in page
    assert "There is nothing to hear." in page
    assert "secret" not in page


def test_opening_one_leads_to_its_page_and_marks_it(client: Client, alice: User) -> None:
    with_page, without = make_note(alice, path="/somewhere/"), make_note(alice)
    client.force_login(alice)
    assert client.post(f"/notifications/{with_page.uuid}/open/")["Location"] == "/somewhere/"
    assert client.post(f"/notifications/{without.uuid}/open/")["Location"] == "/notifications/"
    assert not Notification.objects.unread().exists()


def test_a_stranger_cannot_open_one(client: Client, alice: User, charlie: User) -> None:
    note = make_note(alice, path="/somewhere/")
    client.force_login(charlie)
    assert client.post(f"/notifications/{note.uuid}/open/").status_code == 404
    assert client.post("/notifications/read/").status_code == 302
    assert Notification.objects.unread().count() == 1


def test_the_bell_costs_a_page_one_query(
    client: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(3):
        make_note(alice)
    client.force_login(alice)
    with django_assert_num_queries(3):  # session, user, count
        client.get("/notifications/bell/")

"""Comments over the API: author, owner, operator, stranger and anonymous."""

from __future__ import annotations

from uuid import uuid4

import pytest
from pytest_django import Settings
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.factories import api_client, details_of, make_user
from shootouts.models import Comment, Shootout
from shootouts.services.comments import comment_create, comment_hide
from shootouts.tests.factories import make_published

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(alice: User) -> Shootout:
    return make_published(alice)


def list_url(shootout: Shootout) -> str:
    return f"/api/v1/shootouts/{shootout.uuid}/comments/"


def url_of(comment: Comment) -> str:
    return f"/api/v1/comments/{comment.uuid}/"


def test_a_comment_from_the_first_word_to_the_last(charlie: User, published: Shootout) -> None:
    client = api_client(charlie)
    answer = client.post(list_url(published), {"text": "  The second one breathes.\r\nMore! "})
    assert answer.status_code == 201
    body = answer.json()
    assert body["text"] == "The second one breathes.\nMore!"
    assert (body["author"], body["is_mine"], body["is_hidden"]) == ("charlie", True, False)
    assert (body["may_moderate"], body["edited_at"]) == (False, None)
    assert body["shootout_id"] == str(published.uuid)
    url = f"/api/v1/comments/{body['id']}/"
    changed = client.patch(url, {"text": "The first one."}).json()
    assert changed["text"] == "The first one."
    assert changed["edited_at"] is not None
    seen = api_client().get(list_url(published)).json()["results"]
    assert [(row["text"], row["is_mine"]) for row in seen] == [("The first one.", False)]
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        ({}, ("/text", "REQUIRED")),
        ({"text": " "}, ("/text", "BLANK")),
        ({"text": "\u202e"}, ("/text", "REQUIRED")),
        ({"text": "x" * 2001}, ("/text", "MAX_LENGTH")),
        ({"text": "Hi", "author": "bob"}, ("/author", "UNKNOWN_FIELD")),
    ],
)
def test_what_is_wrong_is_said(
    charlie: User, published: Shootout, body: dict[str, str], finding: tuple[str, str]
) -> None:
    answer = api_client(charlie).post(list_url(published), body)
    assert answer.status_code == 422
    assert finding in details_of(answer)
    assert not Comment.objects.exists()


def test_only_the_author_changes_and_deletes(alice: User, charlie: User) -> None:
    published = make_published(alice)
    comment = comment_create(shootout=published, author=charlie, text="Mine.")
    for user in (alice, make_user("dora"), make_user("otto", is_staff=True)):
        client = api_client(user)
        assert client.get(url_of(comment)).status_code == 200
        assert client.patch(url_of(comment), {"text": "Yours."}).status_code == 404
        assert client.delete(url_of(comment)).status_code == 404
    anonymous = api_client()
    assert anonymous.get(url_of(comment)).status_code == 200
    assert anonymous.patch(url_of(comment), {"text": "Ours."}).status_code == 401
    assert anonymous.delete(url_of(comment)).status_code == 401
    assert anonymous.post(list_url(published), {"text": "Hi"}).status_code == 401
    comment.refresh_from_db()
    assert comment.text == "Mine."


def test_owner_and_operator_hide_and_no_one_else(alice: User, charlie: User) -> None:
    published = make_published(alice)
    comment = comment_create(shootout=published, author=charlie, text="Rude.")
    stranger, operator = make_user("dora"), make_user("otto", is_staff=True)
    for action in ("hide/", "unhide/"):
        assert api_client(charlie).post(url_of(comment) + action).status_code == 404
        assert api_client(stranger).post(url_of(comment) + action).status_code == 404
        assert api_client().post(url_of(comment) + action).status_code == 401
    for user in (alice, operator):
        body = api_client(user).post(f"{url_of(comment)}hide/").json()
        assert (body["is_hidden"], body["may_moderate"]) == (True, True)
    for client in (api_client(stranger), api_client()):
        assert client.get(url_of(comment)).status_code == 404
        assert client.get(list_url(published)).json()["results"] == []
    mine = api_client(charlie).get(list_url(published)).json()["results"]
    assert [row["is_hidden"] for row in mine] == [True]
    answer = api_client(alice).post(f"{url_of(comment)}unhide/")
    assert (answer.status_code, answer.json()["code"]) == (409, "HIDDEN_BY_OPERATOR")
    assert api_client(operator).post(f"{url_of(comment)}unhide/").status_code == 200
    assert api_client().get(url_of(comment)).status_code == 200


def test_what_turns_private_takes_its_comments_with_it(alice: User, charlie: User) -> None:
    published = make_published(alice)
    comment = comment_create(shootout=published, author=charlie, text="I was here.")
    Shootout.objects.update(visibility="private")
    for client in (api_client(charlie), api_client(make_user("dora")), api_client()):
        assert client.get(list_url(published)).status_code == 404
        assert client.get(url_of(comment)).status_code == 404
    assert api_client(charlie).post(list_url(published), {"text": "Hi"}).status_code == 404
    assert api_client(charlie).patch(url_of(comment), {"text": "Hi"}).status_code == 404
    owner = api_client(alice)
    assert len(owner.get(list_url(published)).json()["results"]) == 1
    answer = owner.post(list_url(published), {"text": "Anybody?"})
    assert (answer.status_code, answer.json()["code"]) == (409, "NOT_PUBLISHED")
    assert owner.get(f"/api/v1/shootouts/{uuid4()}/comments/").status_code == 404


def test_too_many_are_told_when_to_come_back(
    charlie: User, published: Shootout, settings: Settings
) -> None:
    settings.GTS_COMMENTS_PER_HOUR = 1
    client = api_client(charlie)
    assert client.post(list_url(published), {"text": "One"}).status_code == 201
    answer = client.post(list_url(published), {"text": "Two"})
    assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY_COMMENTS")
    assert 0 < int(answer["Retry-After"]) <= 3600


def test_the_list_is_paged_with_a_constant_number_of_queries(
    alice: User, charlie: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    published = make_published(alice)
    client = api_client(charlie)
    for number in range(3):
        author = make_user(f"fan-{number}")
        comment = comment_create(shootout=published, author=author, text=f"{number}")
        if number == 0:
            comment_hide(comment=comment, by=alice)
            continue
        with django_assert_num_queries(3):  # who asks, the shootout, the page
            body = client.get(list_url(published)).json()
        assert len(body["results"]) == number
    page = client.get(list_url(published), {"page_size": 1}).json()
    assert [row["text"] for row in page["results"]] == ["2"]
    page = client.get(page["next"]).json()
    assert [row["text"] for row in page["results"]] == ["1"]
    assert page["next"] is None


@pytest.mark.django_db(transaction=True)
def test_a_comment_that_is_sent_twice_is_written_once(charlie: User, published: Shootout) -> None:
    client = api_client(charlie)
    answers = [
        client.post(list_url(published), {"text": "Once"}, headers={"Idempotency-Key": "a"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert Comment.objects.count() == 1


def test_a_notification_of_a_comment_is_read_like_any_other(
    alice: User, charlie: User, published: Shootout
) -> None:
    comment_create(shootout=published, author=charlie, text="Nice.")
    client = api_client(alice)
    (note,) = client.get("/api/v1/notifications/").json()["results"]
    assert (note["state"], note["job_id"], note["kind"]) == ("news", None, "shootouts.comment")
    assert note["message"] == "charlie has commented."
    assert client.post(f"/api/v1/notifications/{note['id']}/read/").json()["read_at"]
    assert api_client(charlie).get("/api/v1/notifications/").json()["results"] == []

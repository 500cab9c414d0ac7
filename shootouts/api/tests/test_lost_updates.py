"""No edit undoes another one unseen: ETag, If-Match, If-None-Match."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import api_client
from accounts.tests.needs import needs_services
from gear.models import SignalChain
from gear.tests.factories import make_chain
from shootouts.models import Shootout
from shootouts.models.shootout import ShootoutState
from shootouts.services.shootouts import shootout_delete
from shootouts.services.shootouts import shootout_update as update

KINDS = ("chain", "shootout")


def make(kind: str, owner: User) -> Any:
    if kind == "chain":
        return make_chain(owner)
    return Shootout.objects.create(owner=owner, title="Amps")


def address(row: Any) -> str:
    kind = "chain" if isinstance(row, SignalChain) else "shootout"
    return reverse(f"api-{kind}", args=[row.uuid])


def name_of(row: Any) -> str:
    return "name" if isinstance(row, SignalChain) else "title"


def name_now(row: Any) -> str:
    row.refresh_from_db()
    return str(getattr(row, name_of(row)))


@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_of_what_was_seen_goes_through_and_an_older_one_does_not(
    kind: str, alice: User
) -> None:
    row, client = make(kind, alice), api_client(alice)
    seen = client.get(address(row))["ETag"]
    mine = client.patch(address(row), {name_of(row): "Mine"}, headers={"If-Match": seen})
    assert mine.status_code == 200
    assert mine["ETag"] != seen
    theirs = client.patch(address(row), {name_of(row): "Theirs"}, headers={"If-Match": seen})
    assert (theirs.status_code, theirs.json()["code"]) == (412, "PRECONDITION_FAILED")
    assert client.delete(address(row), headers={"If-Match": seen}).status_code == 412
    assert name_now(row) == "Mine"
    assert client.delete(address(row), headers={"If-Match": mine["ETag"]}).status_code == 204


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("*", 200),
        ('"no one", {seen}', 200),
        ("W/{seen}", 412),  # weak tags never match here
        ('"no one"', 412),
        ("rubbish", 412),
        ("", 412),
        ('"1"', 412),
    ],
)
def test_forms_of_if_match(kind: str, header: str, status: int, alice: User) -> None:
    row, client = make(kind, alice), api_client(alice)
    wanted = header.format(seen=client.get(address(row))["ETag"])
    answer = client.patch(address(row), {name_of(row): "New"}, headers={"If-Match": wanted})
    assert answer.status_code == status


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_known_already_is_not_sent_again(kind: str, alice: User) -> None:
    row, client = make(kind, alice), api_client(alice)
    tag = client.get(address(row))["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = client.get(address(row), headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer["ETag"] == tag
    client.patch(address(row), {name_of(row): "New"})
    answer = client.get(address(row), headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.json()[name_of(row)] == "New"


def test_a_new_one_has_its_tag_at_once(alice: User) -> None:
    client = api_client(alice)
    blocks = [
        {"slot": "amp", "capture_id": str(block.capture.uuid)}
        if block.slot == "amp"
        else {"slot": "cab", "capture_id": str(block.capture.uuid)}
        for block in make_chain(alice).blocks.all()
        if block.capture is not None
    ]
    made = client.post(reverse("api-chain-list"), {"name": "New", "blocks": blocks})
    assert made.status_code == 201
    where = reverse("api-chain", args=[made.json()["id"]])
    assert client.patch(where, {"name": "B"}, headers={"If-Match": made["ETag"]}).status_code == 200


def test_a_render_in_between_changes_the_answer_but_refuses_no_edit(alice: User) -> None:
    row, client = make("shootout", alice), api_client(alice)
    seen = client.get(address(row))["ETag"]
    Shootout.objects.filter(pk=row.pk).update(state=ShootoutState.RENDERING)
    assert client.get(address(row), headers={"If-None-Match": seen}).status_code == 200
    answer = client.patch(address(row), {"title": "New"}, headers={"If-Match": seen})
    assert answer.status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_strangers_learn_nothing_from_tags(kind: str, alice: User, charlie: User) -> None:
    row = make(kind, alice)
    seen = api_client(alice).get(address(row))["ETag"]
    for headers in ({"If-Match": seen}, {"If-Match": '"x"'}):
        for method in ("patch", "delete"):
            answer = getattr(api_client(charlie), method)(address(row), {}, headers=headers)
            assert answer.status_code == 404
            answer = getattr(api_client(), method)(address(row), {}, headers=headers)
            assert answer.status_code == 401


def test_one_that_is_gone_meanwhile_is_not_there(alice: User) -> None:
    row = make("shootout", alice)
    shootout_delete(shootout=Shootout.objects.get(pk=row.pk))
    for again in (shootout_delete, update):
        with pytest.raises(Exception, match="Shootout not found"):
            again(shootout=row)


def test_the_page_tells_who_saves_an_old_view(alice: User, client: Any) -> None:
    row = make("shootout", alice)
    client.force_login(alice)
    page = client.get(reverse("shootout-detail", args=[row.uuid])).content.decode()
    assert '<input type="hidden" name="revision" value="1"' in page
    update(shootout=row, title="Theirs")
    form = {"revision": "1", "title": "Mine", "description": "", "visibility": "private"}
    where = reverse("shootout-settings", args=[row.uuid])
    answer = client.post(where, form)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "changed in another window" in text
    assert 'value="Mine"' in text
    assert '<input type="hidden" name="revision" value="2"' in text
    assert name_now(row) == "Theirs"
    assert client.post(where, {**form, "revision": "2"}).status_code == 302
    assert name_now(row) == "Mine"


@pytest.mark.services
@needs_services
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", KINDS)
def test_of_two_edits_at_once_exactly_one_wins(kind: str, alice: User) -> None:
    for _ in range(5):
        row = make(kind, alice)
        seen = api_client(alice).get(address(row))["ETag"]
        barrier = threading.Barrier(2)
        statuses: dict[str, int] = {}

        def edit(name: str, row: Any, seen: str, meet: Callable[[], int], into: Any) -> None:
            client = api_client(alice)
            meet()
            answer = client.patch(address(row), {name_of(row): name}, headers={"If-Match": seen})
            into[name] = answer.status_code
            connection.close()

        threads = [
            threading.Thread(target=edit, args=(name, row, seen, barrier.wait, statuses))
            for name in ("One", "Two")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses.values()) == [200, 412]
        assert statuses[name_now(row)] == 200

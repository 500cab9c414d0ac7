"""How lists are paged: feeds by cursor, libraries by number, and nothing counted without end."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.utils import timezone

from accounts import paging
from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.models import GearItem
from jobs.models import Notification
from jobs.tests.conftest import scripted_handlers  # noqa: F401
from jobs.tests.factories import make_job
from shootouts.models import Shootout

API = "/api/v1"


def make_notification(owner: User) -> Notification:
    return Notification.objects.create(owner=owner, job=make_job(owner), outcome="completed")


def make_shootout(owner: User) -> Shootout:
    return Shootout.objects.create(
        owner=owner, title="Amps", visibility="public", published_at=timezone.now()
    )


FEEDS: list[tuple[str, Callable[[User], Any]]] = [
    ("jobs/?", make_job),
    ("notifications/?", make_notification),
    ("shootouts/?scope=mine&", make_shootout),
    ("shootouts/?scope=public&", make_shootout),
    ("shootouts/?scope=public&search=amps&", make_shootout),
]


@pytest.mark.parametrize(("address", "make"), FEEDS)
def test_a_feed_is_read_to_its_end_while_it_grows(
    alice: User, address: str, make: Callable[[User], Any]
) -> None:
    rows = [str(make(alice).uuid) for _ in range(5)]
    client = api_client(alice)
    url, found = f"{API}/{address}page_size=2", []
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, answer.json()
        assert answer.json().keys() == {"next", "previous", "results"}
        found += [row["id"] for row in answer.json()["results"]]
        url = answer.json()["next"]
        if "search" not in address:  # what is found is ranked, so a new row may come in anywhere
            make(alice)
    assert found == rows[::-1]
    back = client.get(answer.json()["previous"]).json()["results"]
    assert [row["id"] for row in back] == found[-3:-1]


@pytest.mark.parametrize(("address", "make"), FEEDS)
@pytest.mark.parametrize("plain", ["p=x", "p=", "o=-1", "r=x", "p=9" * 500, "p=0%00", None])
def test_a_cursor_that_is_none_is_an_error(
    alice: User, address: str, make: Callable[[User], Any], plain: str | None
) -> None:
    make(alice)
    cursor = "é*" if plain is None else base64.b64encode(plain.encode()).decode()
    answer = api_client(alice).get(f"{API}/{address}cursor={quote(cursor)}")
    assert (answer.status_code, details_of(answer)) == (422, [("/cursor", "INVALID")])


def test_a_library_says_whether_it_was_counted_to_its_end(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MAX_COUNTED", 3)
    client = api_client(alice)
    for num, is_exact in ((3, True), (5, False)):
        while GearItem.objects.count() < num:
            GearItem.objects.create(owner=alice, kind="amp", name="Amp")
        answer = client.get(f"{API}/gear/?page_size=2").json()
        assert (answer["count"], answer["is_count_exact"]) == (3, is_exact)
    last = client.get(f"{API}/gear/?page_size=2&page=3").json()
    assert (len(last["results"]), last["next"]) == (1, None)
    assert client.get(f"{API}/gear/?page_size=2&page=4").status_code == 404


def test_a_library_ends_at_a_depth(alice: User) -> None:
    answer = api_client(alice).get(f"{API}/gear/?page_size=100&page=101")
    assert (answer.status_code, details_of(answer)) == (422, [("/page", "INVALID")])
    assert "from 1 to 24" in answer.json()["message"]

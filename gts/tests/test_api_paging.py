"""How lists are paged: feeds by cursor, libraries by number, and nothing counted without end."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from accounts import paging
from accounts.api import keyset
from accounts.api import paging as api_paging
from accounts.api.filters import StableOrderingFilter
from accounts.api.keyset import Place
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


def walk(client: Client, url: str, direction: str = "next") -> list[list[str]]:
    """The ids of page after page."""
    pages = []
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, answer.json()
        pages.append([row["id"] for row in answer.json()["results"]])
        last, url = url, answer.json()[direction]
    return [*pages, [last]]


def flat(pages: Iterable[list[str]]) -> list[str]:
    return [row for page in pages for row in page]


def make_gear(owner: User, num: int) -> list[str]:
    """The newest first; three names in turn, so that many are equal."""
    rows = [
        GearItem(owner=owner, kind="amp", name=f"Marshall {'cab'[number % 3]}")
        for number in range(num)
    ]
    return [str(item.uuid) for item in reversed(GearItem.objects.bulk_create(rows))]


def small_caps(monkeypatch: pytest.MonkeyPatch, *, ranked: int, rows: int) -> None:
    for module in (paging, api_paging, keyset):
        monkeypatch.setattr(module, "MAX_RANKED", ranked, raising=False)
        monkeypatch.setattr(module, "MAX_ROWS", rows, raising=False)


@pytest.mark.parametrize(
    "query", ["", "search=marshall", "search=marhsall", "kind=amp&search=marshall"]
)
def test_a_library_leads_on_to_its_last_row(
    alice: User, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    small_caps(monkeypatch, ranked=4, rows=7)
    ids, client = make_gear(alice, 17), api_client(alice)
    *pages, [last] = walk(client, f"{API}/gear/?page_size=3&{query}")
    assert [len(page) for page in pages] == [3, 3, 3, 3, 3, 2]
    assert flat(pages)[4:] == ids[4:]
    assert set(flat(pages)) == set(ids)
    *back, [first] = walk(client, last, "previous")
    assert back == pages[::-1]
    assert "cursor" not in first


@pytest.mark.parametrize("ordering", ["name", "-name", "name,-created_at", "-created_at"])
def test_ordering_is_over_all_that_is_found(
    alice: User, monkeypatch: pytest.MonkeyPatch, ordering: str
) -> None:
    small_caps(monkeypatch, ranked=4, rows=7)
    make_gear(alice, 17)
    rows = StableOrderingFilter(fields={"created_at": "created_at", "name": "name"}).filter(
        GearItem.objects.all(), ordering.split(",")
    )
    expected = [str(item.uuid) for item in rows]
    *pages, _ = walk(
        api_client(alice), f"{API}/gear/?page_size=3&search=marshall&ordering={ordering}"
    )
    assert flat(pages) == expected


def test_what_a_search_counts_is_what_there_is(alice: User) -> None:
    """It was 72, and said to be exact."""
    make_gear(alice, 126)
    client = api_client(alice)
    for text in ("marshall", "marhsall"):
        answer = client.get(f"{API}/gear/?search={text}&page_size=100").json()
        assert (answer["count"], answer["is_count_exact"]) == (126, True)
        assert len(client.get(answer["next"]).json()["results"]) == 26
    make_gear(alice, 100)
    answer = client.get(f"{API}/gear/?search=marshall").json()
    assert (answer["count"], answer["is_count_exact"]) == (200, False)


def test_a_feed_of_what_was_found_leads_on_to_its_last_row(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_caps(monkeypatch, ranked=4, rows=7)
    ids = [str(make_shootout(alice).uuid) for _ in range(15)][::-1]
    client = api_client(alice)
    *pages, [last] = walk(client, f"{API}/shootouts/?search=amps&page_size=2")
    assert flat(pages) == ids
    *back, _ = walk(client, last, "previous")
    assert flat(page[::-1] for page in back) == ids[::-1]


def test_the_best_come_first_and_then_the_others_in_their_order(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_caps(monkeypatch, ranked=3, rows=70)
    names = ["Amp", "Amp 1", "Amp", "Amp 3"]  # the last is the newest
    for name in names:
        GearItem.objects.create(owner=alice, kind="amp", name=name)
    rows = api_client(alice).get(f"{API}/gear/?search=amp").json()["results"]
    found = [row["name"] for row in rows]
    assert (found[0], found[3]) == ("Amp", "Amp")
    assert sorted(found) == sorted(names)


@pytest.mark.parametrize(
    "content",
    [
        "x", "[]", "{}", "[1]", '[1,["x"],false]', '[1,["x",1],false]', "[100000,[],false]",
        '[1,["2026-01-01T00:00:00",1],false]', '[1,["9999-12-31T23:59:59-23:00",1],false]',
        '[1,["2026-01-01T00:00:00+00:00","a"],false]', '[1,[[],{}],false]', "[1,[],true]",
        '[1,["2026-01-01T00:00:00+00:00",1e400],false]', f"[1,[{10**30},1],false]", "[-1,[],false]",
        '[1,["2026-01-01T00:00:00+00:00",true],false]', '[1,[1,1],false]', "[[[[", "null",
    ],
)  # fmt: skip
@pytest.mark.parametrize("address", ["gear/?", "gear/?search=amp&", "shootouts/?search=amps&"])
def test_a_cursor_that_was_made_up_is_an_error(alice: User, address: str, content: str) -> None:
    cursor = quote(base64.b64encode(content.encode()).decode())
    answer = api_client(alice).get(f"{API}/{address}cursor={cursor}")
    assert (answer.status_code, details_of(answer)) == (422, [("/cursor", "INVALID")])


def test_texts_that_no_row_can_have_are_no_cursor(alice: User) -> None:
    for text in ("a\\u0000b", "\\ud800"):
        cursor = quote(base64.b64encode(f'[1,["{text}",1],false]'.encode()).decode())
        answer = api_client(alice).get(f"{API}/gear/?ordering=name&cursor={cursor}")
        assert details_of(answer) == [("/cursor", "INVALID")]
    cursor = Place(1, ("Amp", 1)).encoded()
    url = f"{API}/gear/?ordering=name&cursor={cursor}"
    assert api_client(alice).get(url).status_code == 200
    assert details_of(api_client(alice).get(f"{url}&page=2")) == [("/cursor", "INVALID")]

"""How lists are paged: by cursor, to their last row, and nothing counted."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings
from rest_framework.request import Request

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.models import GearItem
from gts.web import paging
from gts.web.api import paging as api_paging
from gts.web.api.paging import Place
from gts.web.api.queries import StableOrderingFilter
from jobs.conftest import scripted_handlers  # noqa: F401
from jobs.models import Notification
from jobs.tests.factories import make_job
from shootouts.models import Shootout

API = "/api/v1"


def make_notification(owner: User) -> Notification:
    return Notification.objects.create(owner=owner, job=make_job(owner), state="completed")


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
    for made_up in (cursor, encrypt(address, plain or "é*")):
        answer = api_client(alice).get(f"{API}/{address}cursor={quote(made_up)}")
        assert (answer.status_code, details_of(answer)) == (422, [("/cursor", "INVALID")])


def encrypt(address: str, content: str) -> str:
    """As if GTS had written that into a cursor of the list."""
    request = Request(RequestFactory().get(f"{API}/{address}"))
    return api_paging.encrypted(content, api_paging.list_name(request))


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


def rank_few(monkeypatch: pytest.MonkeyPatch, num: int) -> None:
    for module in (paging, api_paging):
        monkeypatch.setattr(module, "MAX_RANKED", num)


@pytest.mark.parametrize(
    "query", ["", "search=marshall", "search=marhsall", "kind=amp&search=marshall"]
)
def test_a_library_leads_on_to_its_last_row(
    alice: User, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    rank_few(monkeypatch, 4)
    ids, client = make_gear(alice, 17), api_client(alice)
    *pages, [last] = walk(client, f"{API}/gear/?page_size=3&{query}")
    assert [len(page) for page in pages] == [3, 3, 3, 3, 3, 2]
    assert flat(pages)[4:] == ids[4:]
    assert set(flat(pages)) == set(ids)
    *back, _ = walk(client, last, "previous")
    assert back == pages[::-1]


@pytest.mark.parametrize("ordering", ["name", "-name", "name,-created_at", "-created_at"])
def test_ordering_is_over_all_that_is_found(
    alice: User, monkeypatch: pytest.MonkeyPatch, ordering: str
) -> None:
    rank_few(monkeypatch, 4)
    make_gear(alice, 17)
    rows = StableOrderingFilter(fields={"created_at": "created_at", "name": "name"}).filter(
        GearItem.objects.all(), ordering.split(",")
    )
    expected = [str(item.uuid) for item in rows]
    *pages, _ = walk(
        api_client(alice), f"{API}/gear/?page_size=3&search=marshall&ordering={ordering}"
    )
    assert flat(pages) == expected


def test_a_feed_of_what_was_found_leads_on_to_its_last_row(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rank_few(monkeypatch, 4)
    ids = [str(make_shootout(alice).uuid) for _ in range(15)][::-1]
    client = api_client(alice)
    *pages, [last] = walk(client, f"{API}/shootouts/?search=amps&page_size=2")
    assert flat(pages) == ids
    *back, _ = walk(client, last, "previous")
    assert flat(page[::-1] for page in back) == ids[::-1]


def test_the_best_come_first_and_then_the_others_in_their_order(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rank_few(monkeypatch, 3)
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
    for cursor in (base64.b64encode(content.encode()).decode(), encrypt(address, content)):
        answer = api_client(alice).get(f"{API}/{address}cursor={quote(cursor)}")
        assert (answer.status_code, details_of(answer)) == (422, [("/cursor", "INVALID")])


def test_texts_that_no_row_can_have_are_no_cursor(alice: User) -> None:
    for text in ("a\\u0000b", "\\ud800"):
        cursor = encrypt("gear/?ordering=name", f'[1,["{text}",1],false]')
        answer = api_client(alice).get(f"{API}/gear/?ordering=name&cursor={cursor}")
        assert details_of(answer) == [("/cursor", "INVALID")]
    cursor = encrypt("gear/?ordering=name", Place(1, ("Amp", 1)).as_text())
    url = f"{API}/gear/?ordering=name&cursor={cursor}"
    assert api_client(alice).get(url).status_code == 200


@pytest.mark.parametrize(
    ("address", "make"), [*FEEDS, ("gear/?", None), ("gear/?search=amp&", None)]
)
def test_a_cursor_is_of_one_list_and_no_one_reads_it(
    alice: User, monkeypatch: pytest.MonkeyPatch, address: str, make: Callable[[User], Any] | None
) -> None:
    rank_few(monkeypatch, 4)
    for _ in range(7):
        row = make(alice) if make else GearItem.objects.create(owner=alice, kind="amp", name="Amp")
    client = api_client(alice)
    answer = client.get(client.get(f"{API}/{address}page_size=2").json()["next"]).json()
    url = answer["next"]
    assert client.get(url).status_code == 200
    [cursor] = parse_qs(urlsplit(url).query)["cursor"]
    content = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for text in (str(row.pk), row.created_at.date().isoformat(), "p=", "false"):
        assert text.encode() not in content or len(text) < 6
    # The size of a page may change, and nothing else.
    again = client.get(f"{API}/{address}page_size=1&cursor={cursor}")
    assert [row["id"] for row in again.json()["results"]] == [
        row["id"] for row in client.get(url).json()["results"][:1]
    ]
    for other in (
        "jobs/?",
        "shootouts/?",
        "gear/?ordering=name&",
        "gear/?kind=amp&",
    ):
        if other != address:
            bad = client.get(f"{API}/{other}cursor={cursor}")
            assert (bad.status_code, details_of(bad)) == (422, [("/cursor", "INVALID")])
    changed = cursor[:-3] + ("AAA" if cursor[-3:] != "AAA" else "BBB")
    assert client.get(f"{API}/{address}cursor={changed}").status_code == 422


def test_another_key_opens_no_cursor(alice: User, settings: Settings) -> None:
    for _ in range(3):
        make_job(alice)
    client = api_client(alice)
    url = client.get(f"{API}/jobs/?page_size=1").json()["next"]
    assert client.get(url).status_code == 200
    settings.SECRET_KEY = "another " * 8
    [cursor] = parse_qs(urlsplit(url).query)["cursor"]
    with pytest.raises(ValueError, match="not a cursor"):
        api_paging.decrypted(cursor, "[]")

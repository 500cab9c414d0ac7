"""Tone 3000 in our API, all the way: DRF's manners, stored tokens, the fake server over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient
from pytest_django import Settings

from accounts.models import Tone3000Tokens, User
from accounts.tests.factories import api_client, details_of
from gear.models import Capture
from gear.tests.factories import make_capture
from gear.tone3000.library import Tab
from gear.tone3000.tests.connected import connect
from jobs.models import Job
from tools.tone3000_server import FakeServer
from tools.tone3000_server.seed import (
    AIDA_X,
    CRUNCH,
    DELETED,
    FUTURE_GEAR,
    ONLY_A2,
    PRIVATE_OF_BOB,
)

BASE = "/api/v1/tone3000/"
ADDRESSES = [*(f"{BASE}{tab}/" for tab in Tab), f"{BASE}tones/{CRUNCH}/"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def connected(alice: User, fake: FakeServer) -> User:
    return connect(alice, fake)


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_one_gets_nothing(fake: FakeServer, address: str) -> None:
    answer = api_client().get(address)
    assert (answer.status_code, answer.json()["code"]) == (401, "NOT_AUTHENTICATED")
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert fake.requests() == []
    assert api_client().post(f"{BASE}captures/", {}).status_code == 401


@pytest.mark.parametrize("address", ADDRESSES)
def test_who_is_not_connected_is_told_so(
    alice: User, charlie: User, fake: FakeServer, address: str
) -> None:
    connect(alice, fake)
    answer = api_client(charlie).get(address)
    assert (answer.status_code, answer.json()["code"]) == (409, "TONE3000_RECONNECT")
    assert fake.requests() == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_session_works_like_a_token(connected: User, address: str) -> None:
    client = api_client()
    client.force_login(connected)
    assert client.get(address).status_code == 200


def test_favorites_in_pages(connected: User, fake: FakeServer) -> None:
    client = api_client(connected)
    first = client.get(f"{BASE}favorited/?page_size=50").json()
    assert (len(first["results"]), first["previous"]) == (50, None)
    response = client.get(first["next"])
    second = response.json()
    assert response["Link"] == f'<{second["next"]}>; rel="next", <{second["previous"]}>; rel="prev"'
    assert client.get(second["previous"]).json()["results"] == first["results"]
    last = client.get(second["next"]).json()
    assert (len(last["results"]), last["next"]) == (13, None)
    cursor = parse_qs(urlsplit(second["next"]).query)["cursor"][0]
    past = client.get(f"{BASE}favorited/?page_size=100&cursor={cursor}")
    assert (past.status_code, past.json()["code"]) == (404, "NOT_FOUND")


def test_an_empty_list_and_the_feeds(charlie: User, fake: FakeServer) -> None:
    client = api_client(connect(charlie, fake, as_user="carol"))
    answer = client.get(f"{BASE}created/").json()
    assert answer == {"next": None, "previous": None, "results": []}
    for feed in ("trending", "latest"):
        answer = client.get(f"{BASE}{feed}/").json()
        assert (len(answer["results"]), answer["next"]) == (10, None)


@pytest.mark.parametrize(
    "query", ["page=1", "cursor=x", "page_size=101", "page_size=1_0", "page_size="]
)
def test_a_bad_page_is_told(connected: User, query: str) -> None:
    answer = api_client(connected).get(f"{BASE}favorited/?{query}")
    assert answer.status_code == 422
    assert details_of(answer)[0][0] == f"/{query.partition('=')[0]}"


@pytest.mark.parametrize("name", ["everything", "Created", "%2e%2e"])
def test_other_lists_are_not_there(connected: User, fake: FakeServer, name: str) -> None:
    assert api_client(connected).get(f"{BASE}{name}/").status_code == 404
    assert fake.requests() == []


def test_one_tone_with_all_of_its_models(connected: User, fake: FakeServer) -> None:
    answer = api_client(connected).get(f"{BASE}tones/{CRUNCH}/").json()
    assert (answer["id"], answer["title"], answer["licence"]) == (str(CRUNCH), "Crunch Head", "t3k")
    assert answer["creator"]["display_name"] == "Bob’s Amp Repair"
    assert answer["url"] == f"{fake.base}/crunch-head-{CRUNCH}"
    assert (answer["kind"], answer["unsupported_reason"]) == ("amp", "")
    architectures = [model["architecture"] for model in answer["models"]]
    assert architectures == ["1", "1", "1", "2", "2", "custom"]
    assert {model["capture_id"] for model in answer["models"]} == {None}
    assert "/download/" not in repr(answer)


def test_tones_of_every_kind(connected: User) -> None:
    client = api_client(connected)
    only_a2 = client.get(f"{BASE}tones/{ONLY_A2}/").json()
    assert [model["architecture"] for model in only_a2["models"]] == ["2", "2"]
    assert client.get(f"{BASE}tones/{FUTURE_GEAR}/").json()["kind"] is None
    assert "AIDA-X" in client.get(f"{BASE}tones/{AIDA_X}/").json()["unsupported_reason"]


@pytest.mark.parametrize("tone_id", [DELETED, PRIVATE_OF_BOB, "no-number", "..", "x" * 70, "%00"])
@pytest.mark.parametrize("private_status", [404, 403])
def test_tones_that_are_not_available(
    connected: User, fake: FakeServer, tone_id: Any, private_status: int
) -> None:
    fake.set(private_status=private_status)
    answer = api_client(connected).get(f"{BASE}tones/{tone_id}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "TONE3000_NOT_AVAILABLE")


def test_a_capture_that_is_here_already_is_named(connected: User, charlie: User) -> None:
    mine = make_capture(connected, tone3000_id=f"{CRUNCH}04")
    others = make_capture(charlie, tone3000_id=f"{CRUNCH}01")
    for capture in (mine, others):
        capture.gear.tone3000_id = str(CRUNCH)
        capture.gear.save()
    answer = api_client(connected).get(f"{BASE}tones/{CRUNCH}/").json()
    known = {model["id"]: model["capture_id"] for model in answer["models"]}
    assert known[f"{CRUNCH}04"] == str(mine.uuid)
    assert sum(value is not None for value in known.values()) == 1


# When Tone 3000 is not as it should be


def test_a_dead_connection_says_so_and_leaves_the_login(
    connected: User, fake: FakeServer, settings: Settings
) -> None:
    client = api_client(connected)
    fake.revoke("alice")
    for _ in range(2):
        answer = client.get(f"{BASE}favorited/")
        assert (answer.status_code, answer.json()["code"]) == (409, "TONE3000_RECONNECT")
    assert client.get("/api/v1/me/").status_code == 200
    assert Tone3000Tokens.objects.get(user=connected).encrypted == ""
    connect(connected, fake)
    assert client.get(f"{BASE}favorited/").status_code == 200


def test_two_401s_drop_the_tokens(connected: User, fake: FakeServer) -> None:
    fake.fail("/api/v1/tones/favorited", times=9, status=401)
    client = api_client(connected)
    assert client.get(f"{BASE}favorited/").json()["code"] == "TONE3000_RECONNECT"
    assert len(fake.requests("/api/v1/tones/favorited")) == 2
    assert len(fake.requests("/api/v1/oauth/token")) == 1
    assert Tone3000Tokens.objects.get(user=connected).encrypted == ""
    client.get(f"{BASE}favorited/")
    assert len(fake.requests("/api/v1/tones/favorited")) == 2


def test_an_expired_token_is_refreshed_and_the_new_one_kept(
    connected: User, fake: FakeServer
) -> None:
    before = Tone3000Tokens.objects.get(user=connected).encrypted
    fake.expire_access_tokens()
    for _ in range(2):
        assert api_client(connected).get(f"{BASE}favorited/").status_code == 200
    assert len(fake.requests("/api/v1/oauth/token")) == 1
    assert Tone3000Tokens.objects.get(user=connected).encrypted not in ("", before)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_token_service_that_is_down_costs_no_tokens(
    connected: User, fake: FakeServer, status: int
) -> None:
    fake.expire_access_tokens()
    fake.fail("/api/v1/oauth/token", status=status)
    answer = api_client(connected).get(f"{BASE}favorited/")
    assert (answer.status_code, answer.json()["code"]) == (503, "TONE3000_UNAVAILABLE")
    assert Tone3000Tokens.objects.get(user=connected).encrypted
    assert api_client(connected).get(f"{BASE}favorited/").status_code == 200


@pytest.mark.parametrize(
    ("failure", "retry_after"),
    [
        ({"status": 429, "headers": {"Retry-After": "17"}}, "17"),
        ({"status": 429}, "4"),
        ({"status": 403, "body": "<html>", "headers": {"Content-Type": "text/html"}}, "4"),
    ],
)
def test_too_many_requests_become_a_503_that_says_when(
    connected: User, fake: FakeServer, failure: dict[str, Any], retry_after: str
) -> None:
    fake.fail("/api/v1/tones/favorited", **failure)
    answer = api_client(connected).get(f"{BASE}favorited/")
    assert (answer.status_code, answer.json()["code"]) == (503, "TONE3000_BACKING_OFF")
    assert answer["Retry-After"] == retry_after


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"data": 1}'])
def test_nonsense_is_no_500(connected: User, fake: FakeServer, body: str) -> None:
    for path in ("/api/v1/tones/favorited", f"/api/v1/tones/{CRUNCH}"):
        fake.fail(path, status=200, body=body)
    for address in (f"{BASE}favorited/", f"{BASE}tones/{CRUNCH}/"):
        answer = api_client(connected).get(address)
        assert (answer.status_code, answer.json()["code"]) == (503, "TONE3000_ANSWER_UNREADABLE")


def test_other_methods_are_told_apart(connected: User) -> None:
    client = api_client(connected)
    answer = client.post(f"{BASE}favorited/", {})
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert client.options(f"{BASE}favorited/").status_code == 200
    assert client.head(f"{BASE}favorited/").status_code == 200


# Search


def test_there_is_no_search_unless_the_operator_says_so(
    connected: User, fake: FakeServer, settings: Settings
) -> None:
    client = api_client(connected)
    assert client.get(f"{BASE}search/?query=crunch").status_code == 404
    assert fake.requests() == []
    settings.GTS_TONE3000_SEARCH = True
    answer = client.get(f"{BASE}search/?query=crunch").json()
    assert [row["title"] for row in answer["results"]] == ["Crunch Head"]
    assert answer["results"][0]["licence"] is None  # rows of the search do not tell


# Adding


def test_adding_answers_202_with_the_job(connected: User) -> None:
    data = {"tone_id": str(CRUNCH), "model_id": f"{CRUNCH}01"}
    answer = api_client(connected).post(f"{BASE}captures/", data)
    assert answer.status_code == 202
    job = Job.objects.get()
    assert (job.kind, job.owner) == ("gear.fetch_tone", connected)
    assert answer.json()["id"] == str(job.uuid)
    assert not Capture.objects.exists()


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"tone_id": "../user"}, "/tone_id"),
        ({"model_id": "1?x=2"}, "/model_id"),
        ({"model_id": None}, "/model_id"),
        ({"kind": "banjo"}, "/kind"),
        ({"label": "x"}, "/label"),
    ],
)
def test_adding_needs_ids(connected: User, change: dict[str, Any], pointer: str) -> None:
    data = {"tone_id": str(CRUNCH), "model_id": f"{CRUNCH}01", **change}
    answer = api_client(connected).post(f"{BASE}captures/", data)
    assert answer.status_code == 422
    assert details_of(answer)[0][0] == pointer
    assert not Job.objects.exists()


def test_adding_twice_is_a_conflict_for_the_same_person_only(
    connected: User, charlie: User
) -> None:
    capture = make_capture(connected, tone3000_id=f"{CRUNCH}01")
    capture.gear.tone3000_id = str(CRUNCH)
    capture.gear.save()
    data = {"tone_id": str(CRUNCH), "model_id": f"{CRUNCH}01"}
    answer = api_client(connected).post(f"{BASE}captures/", data)
    body = answer.json()
    assert (answer.status_code, body["code"], body["existing"]) == (
        409,
        "DUPLICATE",
        {"id": str(capture.uuid), "url": f"/api/v1/captures/{capture.uuid}/"},
    )
    assert api_client(charlie).post(f"{BASE}captures/", data).status_code == 202


@pytest.mark.django_db(transaction=True)
async def test_it_is_async_under_asgi(alice: User, fake: FakeServer) -> None:
    """Through Django's own ASGI handler too, where a blocking call would be an error."""
    await sync_to_async(connect)(alice, fake)
    client = AsyncClient()
    await client.aforce_login(alice)
    answer = await client.get(f"{BASE}favorited/")
    assert answer.status_code == 200
    assert len(answer.json()["results"]) == 24


@pytest.mark.django_db(transaction=True)
async def test_ten_calls_at_once_refresh_once(alice: User, fake: FakeServer) -> None:
    await sync_to_async(connect)(alice, fake)
    await asyncio.to_thread(fake.expire_access_tokens)
    client = AsyncClient()
    await client.aforce_login(alice)
    answers = await asyncio.gather(*(client.get(f"{BASE}latest/") for _ in range(10)))
    assert [answer.status_code for answer in answers] == [200] * 10
    refreshes = await asyncio.to_thread(fake.requests, "/api/v1/oauth/token")
    assert len(refreshes) == 1

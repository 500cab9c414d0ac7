"""The select flow: bound to who began it, once, and to the account that is connected here."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Tone3000Tokens, User
from accounts.tests.factories import api_client, details_of
from accounts.tone3000.tokens import access_token
from gear.tone3000.tests.connected import connect
from tools.tone3000_server import FakeServer
from tools.tone3000_server.seed import CRUNCH, ONLY_A2, PRIVATE_OF_BOB
from tools.tone3000_server.tests.oauth import http

pytestmark = pytest.mark.django_db

LIBRARY = "/gear/tone3000/"


@pytest.fixture
def connected(alice: User, fake: FakeServer, client: Client) -> User:
    client.force_login(alice)
    return connect(alice, fake)


class Trip:
    """One pick, step by step, with the browser's part played by hand."""

    def __init__(self, client: Client, **params: str) -> None:
        self.client = client
        self.id = uuid4()
        begun = client.get(f"{LIBRARY}pick/{self.id}/", params)
        assert begun.status_code == 302, begun.content
        self.away = begun["Location"]
        self.asked = {
            name: values[0] for name, values in parse_qs(urlsplit(self.away).query).items()
        }

    def go(self) -> httpx.Response:
        return http.get(self.away)

    def come_back(self, answer: httpx.Response | None = None, **changes: Any) -> Any:
        location = (answer or self.go()).headers["location"]
        parts = urlsplit(location)
        assert parts.path == f"{LIBRARY}picked/"
        params = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return self.client.get(parts.path, {**params, **changes})

    def state(self) -> Any:
        return self.client.get(f"{LIBRARY}pick/{self.id}/state/")


def stored(user: User) -> str:
    return Tone3000Tokens.objects.get(user=user).encrypted


def test_what_is_asked_for(connected: User, client: Client, fake: FakeServer) -> None:
    trip = Trip(client, choice="ir")
    assert trip.away.startswith(f"{fake.base}/api/v1/oauth/authorize?")
    assert trip.asked["redirect_uri"] == "http://testserver/gear/tone3000/picked/"
    assert len(trip.asked["code_challenge"]) == 43
    assert trip.asked["state"].startswith(f"{trip.id}.")
    fixed = ("client_id", "redirect_uri", "code_challenge", "state")
    assert {name: value for name, value in trip.asked.items() if name not in fixed} == {
        "response_type": "code",
        "code_challenge_method": "S256",
        "menubar": "true",
        "prompt": "select_tone",
        "preview": "true",
        "format": "ir",
    }
    assert "architecture" not in Trip(client, choice="nam").asked
    assert Trip(client, choice="nam-a2").asked["architecture"] == "2"
    loading = Trip(client, tone_id="9001").asked
    assert (loading["prompt"], loading["tone_id"]) == ("load_tone", "9001")
    assert Trip(client, choice="everything").asked["format"] == "nam"


def test_a_pick_leads_to_the_tone_and_keeps_the_newest_tokens(
    connected: User, client: Client, fake: FakeServer
) -> None:
    before = stored(connected)
    fake.next_authorize("approve", tone_id=ONLY_A2)
    trip = Trip(client, choice="nam-a2")
    assert "open in another window" in trip.state().content.decode()
    answer = trip.come_back()
    assert (answer.status_code, answer["Location"]) == (302, f"{LIBRARY}tones/{ONLY_A2}/")
    state = trip.state()
    assert (state.status_code, state["HX-Redirect"]) == (204, f"{LIBRARY}tones/{ONLY_A2}/")
    assert stored(connected) != before
    assert client.get(LIBRARY).status_code == 200


def test_a_look_at_the_addresses_changes_nothing(
    connected: User, client: Client, fake: FakeServer
) -> None:
    """A HEAD, as what follows links by itself sends it."""
    assert client.head(f"{LIBRARY}pick/{uuid4()}/").status_code == 405
    fake.next_authorize("approve", tone_id=CRUNCH)
    trip = Trip(client)
    answer = trip.go()
    parts = urlsplit(answer.headers["location"])
    assert client.head(f"{parts.path}?{parts.query}").status_code == 405
    assert trip.come_back(answer)["Location"] == f"{LIBRARY}tones/{CRUNCH}/"


def test_in_a_window_of_its_own_it_says_so(
    connected: User, client: Client, fake: FakeServer
) -> None:
    fake.next_authorize("approve", tone_id=CRUNCH)
    page = Trip(client, popup="1").come_back()
    assert page.status_code == 200
    assert "data-picked" in page.content.decode()
    assert f"{LIBRARY}tones/{CRUNCH}/" in page.content.decode()


def test_the_tone_that_comes_back_counts_and_not_the_one_asked_for(
    connected: User, client: Client, fake: FakeServer
) -> None:
    fake.next_authorize("approve", tone_id=CRUNCH)
    answer = Trip(client, tone_id=str(PRIVATE_OF_BOB)).come_back()
    assert answer["Location"] == f"{LIBRARY}tones/{CRUNCH}/"


@pytest.mark.parametrize(
    ("kind", "text", "keeps_tokens"),
    [
        ("cancel_with_code", "without picking a tone", True),
        ("cancel", "without picking a tone", False),
        ("deny", "not allowed to hand over", False),
        ("error", "did not hand over a tone", False),
    ],
)
def test_ends_without_a_tone(
    connected: User,
    client: Client,
    fake: FakeServer,
    kind: str,
    text: str,
    keeps_tokens: bool,
) -> None:
    before = stored(connected)
    fake.next_authorize(kind)
    trip = Trip(client, popup="1")
    page = trip.come_back()
    assert page.status_code == 200
    assert text in page.content.decode()
    assert text in trip.state().content.decode()
    assert "hx-get" not in trip.state().content.decode()
    assert (stored(connected) != before) is keeps_tokens
    assert client.get(LIBRARY).status_code == 200


def test_another_account_is_not_attached(connected: User, client: Client, fake: FakeServer) -> None:
    before = stored(connected)
    fake.next_authorize("approve", user="bob", tone_id=CRUNCH)
    trip = Trip(client)
    page = trip.come_back().content.decode()
    assert "That is another account." in page
    assert "Bob’s Amp Repair" in page
    assert stored(connected) == before
    connected.refresh_from_db()
    assert connected.tone3000_id == "00000000-0000-4000-8000-000000000001"
    assert "Bob’s Amp Repair" in trip.state().content.decode()


def test_who_is_not_connected_gets_no_connection_by_picking(
    charlie: User, client: Client, fake: FakeServer
) -> None:
    client.force_login(charlie)
    fake.next_authorize("approve", user="bob")
    assert "That is another account." in Trip(client).come_back().content.decode()
    charlie.refresh_from_db()
    assert charlie.tone3000_id is None
    assert not Tone3000Tokens.objects.exists()


@pytest.mark.parametrize("change", [{"state": ""}, {"state": "x"}, {"state": "{id}.wrong"}])
def test_a_wrong_state_is_nobodys(
    connected: User, client: Client, fake: FakeServer, change: dict[str, str]
) -> None:
    before = stored(connected)
    fake.next_authorize("approve")
    trip = Trip(client)
    changed = {name: value.format(id=trip.id) for name, value in change.items()}
    page = trip.come_back(None, **changed)
    assert page.status_code == 400
    assert "not begun here" in page.content.decode()
    assert stored(connected) == before
    assert fake.requests("/api/v1/oauth/token") == []


def test_it_works_once(connected: User, client: Client, fake: FakeServer) -> None:
    fake.next_authorize("approve", tone_id=CRUNCH)
    trip = Trip(client)
    answer = trip.go()
    assert trip.come_back(answer).status_code == 302
    kept = stored(connected)
    assert trip.come_back(answer).status_code == 400
    assert len(fake.requests("/api/v1/oauth/token")) == 1
    assert stored(connected) == kept


def test_a_pick_is_of_who_began_it(
    connected: User, charlie: User, client: Client, fake: FakeServer
) -> None:
    fake.next_authorize("approve", tone_id=CRUNCH)
    trip = Trip(client)
    answer = trip.go()
    stranger = Client()
    stranger.force_login(charlie)
    params = parse_qs(urlsplit(answer.headers["location"]).query)
    page = stranger.get(f"{LIBRARY}picked/", {name: values[0] for name, values in params.items()})
    assert page.status_code == 400
    assert stranger.get(f"{LIBRARY}pick/{trip.id}/").status_code == 404
    assert (
        "open in another window" in stranger.get(f"{LIBRARY}pick/{trip.id}/state/").content.decode()
    )
    assert trip.come_back(answer).status_code == 302  # and it is still theirs to finish


@pytest.mark.parametrize(
    "failure",
    [
        {"path": "/api/v1/oauth/token", "status": 503},
        {"path": "/api/v1/oauth/token", "status": 400, "body": '{"error": "invalid_grant"}'},
        {"path": "/api/v1/user", "status": 500},
        {"path": "/api/v1/user", "status": 200, "body": "{}"},
        {"path": "/api/v1/user", "status": 200, "body": "<html>"},
    ],
)
def test_what_goes_wrong_on_the_way_costs_no_tokens(
    connected: User, client: Client, fake: FakeServer, failure: dict[str, Any]
) -> None:
    before = stored(connected)
    fake.next_authorize("approve", tone_id=CRUNCH)
    fake.fail(**failure)
    page = Trip(client).come_back()
    assert page.status_code == 200
    assert "Please pick again" in page.content.decode()
    assert stored(connected) == before


@pytest.mark.parametrize("tone_id", ["../user", "", "x y", "<script>"])
def test_a_tone_that_is_no_id_is_no_pick(
    connected: User, client: Client, fake: FakeServer, tone_id: str
) -> None:
    fake.next_authorize("approve", tone_id=CRUNCH)
    page = Trip(client).come_back(tone_id=tone_id)
    assert page.status_code == 200
    assert "Please pick again" in page.content.decode()


@pytest.mark.usefixtures("connected")
def test_the_page_does_not_ask_for_ever(client: Client) -> None:
    trip = Trip(client)
    assert "times=2" in trip.state().content.decode()
    last = client.get(f"{LIBRARY}pick/{trip.id}/state/?times=900").content.decode()
    assert "Nothing was picked." in last
    assert "hx-get" not in last


def test_a_server_without_a_key_picks_nothing(
    connected: User, client: Client, settings: Settings
) -> None:
    settings.GTS_TONE3000_KEY = ""
    assert client.get(f"{LIBRARY}pick/{uuid4()}/").status_code == 404
    assert api_client(connected).post("/api/v1/tone3000/picks/", {}).status_code == 404


def test_the_new_tokens_work(connected: User, client: Client, fake: FakeServer) -> None:
    fake.next_authorize("approve", tone_id=CRUNCH)
    Trip(client).come_back()
    answer = http.get(
        f"{fake.base}/api/v1/user",
        headers={"Authorization": f"Bearer {access_token(connected)}"},
    )
    assert answer.json()["username"] == "alice"


# In the API


def test_programs_begin_one_and_ask_how_it_went(
    connected: User, client: Client, fake: FakeServer
) -> None:
    programs = api_client(connected)
    answer = programs.post("/api/v1/tone3000/picks/", {"choice": "ir"})
    assert answer.status_code == 201
    begun = answer.json()
    assert (begun["state"], begun["tone_id"]) == ("waiting", "")
    fake.next_authorize("approve", tone_id=CRUNCH)
    back = urlsplit(http.get(begun["url"]).headers["location"])
    params = {name: values[0] for name, values in parse_qs(back.query).items()}
    assert client.get(back.path, params).status_code == 302
    read = programs.get(f"/api/v1/tone3000/picks/{begun['id']}/").json()
    assert read == {"id": begun["id"], "state": "picked", "tone_id": str(CRUNCH)}
    assert "verifier" not in repr(begun)


def test_programs_of_others_see_nothing(connected: User, charlie: User) -> None:
    begun = api_client(connected).post("/api/v1/tone3000/picks/", {}).json()
    address = f"/api/v1/tone3000/picks/{begun['id']}/"
    assert api_client(charlie).get(address).status_code == 404
    assert api_client().get(address).status_code == 401
    assert api_client().post("/api/v1/tone3000/picks/", {}).status_code == 401
    wrong = api_client(connected).post("/api/v1/tone3000/picks/", {"tone_id": "../x"})
    assert details_of(wrong) == [("/tone_id", "INVALID")]

"""Pages of Tone 3000, without a browser: what they say in every state, and to whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from gear.models import Capture, LibraryEntry
from gear.tests.factories import make_capture
from gear.tone3000.library import Tab, may_show
from gear.tone3000.tests.connected import connect
from jobs.models import Job, JobState
from tools.tone3000_server import FakeServer
from tools.tone3000_server.seed import (
    AIDA_X,
    CABINET,
    CRUNCH,
    DELETED,
    FUTURE_GEAR,
    NO_FILE,
    ONLY_A2,
    PRIVATE_OF_BOB,
    QUOTES,
)

pytestmark = pytest.mark.django_db

LIBRARY = "/gear/tone3000/"
TABS = [f"{LIBRARY}{tab}/" for tab in Tab]


def tone_url(tone_id: object) -> str:
    return f"{LIBRARY}tones/{tone_id}/"


@pytest.fixture
def connected(alice: User, fake: FakeServer, client: Client) -> User:
    client.force_login(alice)
    return connect(alice, fake)


def text_of(client: Client, address: str, status: int = 200, **more: Any) -> str:
    answer = client.get(address, **more)
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.parametrize("address", [*TABS, tone_url(CRUNCH), f"{LIBRARY}picked/"])
def test_strangers_log_in_first(client: Client, fake: FakeServer, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={address}")
    part = client.get(address, HTTP_HX_REQUEST="true")
    assert (part.status_code, part["HX-Redirect"]) == (204, "/login/")
    assert fake.requests() == []


@pytest.mark.usefixtures("connected")
def test_favorites_with_all_that_the_terms_ask_for(client: Client, fake: FakeServer) -> None:
    page = text_of(client, f"{LIBRARY}favorited/")
    assert "113" in page
    assert "Crunch Head" in page
    assert "Bob’s Amp Repair" in page  # the creator
    assert f'href="{fake.base}/bob"' in page
    assert f'src="{fake.base}/images/bob.svg"' in page
    assert f'src="{fake.base}/images/{CRUNCH}.svg"' in page
    assert f'href="{fake.base}/crunch-head-{CRUNCH}"' in page  # the way back there
    assert ">CC BY-NC</span>" in page  # a licence
    assert "Amp Head" in page
    assert "t3k-mark" in page
    assert "Open the catalog" in page  # always a way to all of it


@pytest.mark.usefixtures("connected")
def test_pages_lead_on_and_back(client: Client) -> None:
    first = text_of(client, f"{LIBRARY}favorited/")
    assert 'rel="next" href="?page=2"' in first
    assert 'rel="prev"' not in first
    last = text_of(client, f"{LIBRARY}favorited/?page=5")
    assert 'rel="prev" href="?page=4"' in last
    assert 'rel="next"' not in last
    past = text_of(client, f"{LIBRARY}favorited/?page=6")
    assert "There is no page 6; the last one is 5" in past
    for odd in ("0", "-1", "x", "9" * 30, "1e3", "²"):
        assert "page <span" in text_of(client, f"{LIBRARY}favorited/", data={"page": odd})


@pytest.mark.usefixtures("connected")
def test_names_are_escaped(client: Client) -> None:
    page = text_of(client, f"{LIBRARY}favorited/")
    assert "<b>Sound</b>" not in page
    assert "The &quot;Brown&quot; &lt;b&gt;Sound&lt;/b&gt; &amp; &#x27;Friends&#x27;" in page
    assert "<b>Sound</b>" not in text_of(client, tone_url(QUOTES))


def test_empty_lists_say_what_would_be_there(
    charlie: User, fake: FakeServer, client: Client
) -> None:
    connect(charlie, fake, as_user="carol")
    client.force_login(charlie)
    assert "You have not published a tone" in text_of(client, f"{LIBRARY}created/")
    assert "No favorites yet" in text_of(client, LIBRARY)
    assert "Nothing downloaded yet" in text_of(client, f"{LIBRARY}downloaded/")


@pytest.mark.usefixtures("connected")
def test_htmx_gets_the_part_only(client: Client) -> None:
    part = text_of(client, f"{LIBRARY}trending/", HTTP_HX_REQUEST="true")
    assert "<html" not in part
    assert 'aria-current="page">Trending' in part
    assert client.get(f"{LIBRARY}nothing/").status_code == 404


@pytest.mark.usefixtures("connected")
def test_one_tone_lists_every_model(client: Client, fake: FakeServer) -> None:
    page = text_of(client, tone_url(CRUNCH))
    assert page.count("Add to my gear") == 6
    for group in ("A1", "A2", "Custom"):
        assert f'class="models__group">{group}' in page
    assert "Licence: T3K" in page
    assert f'href="{fake.base}/crunch-head-{CRUNCH}"' in page
    assert 'id="tone-kind"' not in page
    assert text_of(client, tone_url(ONLY_A2)).count("Add to my gear") == 2
    assert text_of(client, tone_url(CABINET)).count("Add to my gear") == 4


@pytest.mark.usefixtures("connected")
def test_tones_that_need_a_word_more(client: Client) -> None:
    assert 'id="tone-kind"' in text_of(client, tone_url(FUTURE_GEAR))
    assert "AIDA-X cannot be played here" in text_of(client, tone_url(AIDA_X))
    no_file = text_of(client, tone_url(NO_FILE))
    assert "no file there" in no_file
    assert no_file.count("Add to my gear") == 1


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize("tone_id", [DELETED, PRIVATE_OF_BOB, ".."])
@pytest.mark.parametrize("private_status", [404, 403])
def test_a_tone_that_is_gone_can_be_looked_for(
    client: Client, fake: FakeServer, tone_id: object, private_status: int
) -> None:
    fake.set(private_status=private_status)
    page = text_of(client, tone_url(tone_id), 404)
    assert "deleted, or its creator made it private" in page
    assert "Look for it at Tone 3000" in page


# Trouble


@pytest.mark.parametrize("address", [LIBRARY, tone_url(CRUNCH)])
def test_who_is_not_connected_is_offered_it(
    alice: User, fake: FakeServer, client: Client, address: str
) -> None:
    client.force_login(alice)
    page = text_of(client, address, 409)
    assert "Connect Tone 3000." in page
    assert f'name="next" value="{address}"' in page
    assert "Open the catalog" not in page


@pytest.mark.parametrize("style", ["oauth", "gotrue"])
def test_a_dead_connection_is_offered_again_and_comes_back(
    connected: User, fake: FakeServer, client: Client, style: str
) -> None:
    fake.set(error_style=style)
    fake.revoke("alice")
    page = text_of(client, LIBRARY, 409)
    assert "Connect Tone 3000 again." in page
    assert "You stay logged in" in page
    assert "Reconnect Tone 3000" in text_of(client, LIBRARY, HTTP_HX_REQUEST="true")
    assert client.get("/gear/").status_code == 200
    connect(connected, fake)
    assert "Crunch Head" in text_of(client, LIBRARY)


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize(
    ("failure", "text"),
    [
        ({"status": 429, "headers": {"Retry-After": "7"}}, 'asks again in <span class="num">7 s'),
        ({"status": 429}, 'asks again in <span class="num">4 s'),
        ({"status": 429, "headers": {"Retry-After": "120"}}, "Try again in about"),
        ({"status": 403, "headers": {"Content-Type": "text/html"}}, "many requests"),
        ({"status": 500}, "does not answer just now"),
        ({"status": 200, "body": "<html>"}, "cannot read"),
    ],
)
def test_trouble_is_said_and_is_no_500(
    client: Client, fake: FakeServer, failure: dict[str, Any], text: str
) -> None:
    fake.fail("/api/v1/tones/favorited", **failure)
    assert text in text_of(client, LIBRARY, 503)


@pytest.mark.usefixtures("connected")
def test_trouble_with_one_tone(client: Client, fake: FakeServer) -> None:
    fake.fail(f"/api/v1/tones/{CRUNCH}", status=500)
    assert "does not answer just now" in text_of(client, tone_url(CRUNCH), 503)


def test_a_server_without_a_key_says_so(
    alice: User, fake: FakeServer, client: Client, settings: Settings
) -> None:
    settings.GTS_TONE3000_KEY = ""
    client.force_login(alice)
    assert "not set up on this server" in text_of(client, LIBRARY, 409)
    assert "Browse Tone 3000" not in text_of(client, "/gear/")


@pytest.mark.usefixtures("connected")
def test_there_is_no_search_unless_the_operator_says_so(
    client: Client, settings: Settings, fake: FakeServer
) -> None:
    assert ">Search<" not in text_of(client, LIBRARY)
    assert client.get(f"{LIBRARY}search/").status_code == 404
    settings.GTS_TONE3000_SEARCH = True
    found = text_of(client, f"{LIBRARY}search/?query=four+by")
    assert "Four By Twelve" in found
    assert "Crunch Head" not in found
    assert "Nothing was found" in text_of(client, f"{LIBRARY}search/?query=xyzzy")


# Adding


def add(client: Client, model_id: str, **more: Any) -> Any:
    return client.post(f"{LIBRARY}tones/{CRUNCH}/{model_id}/", {"label": "Crunch"}, **more)


def test_adding_shows_that_it_is_on_its_way(connected: User, client: Client) -> None:
    part = add(client, f"{CRUNCH}01", HTTP_HX_REQUEST="true").content.decode()
    job = Job.objects.get()
    assert (job.owner, job.label) == (connected, "Crunch")
    assert f"state/?job={job.uuid}" in part
    assert "on its way" in part
    # The page knows it too, when it is loaded again.
    assert f"state/?job={job.uuid}" in text_of(client, tone_url(CRUNCH))


@pytest.mark.usefixtures("connected")
def test_adding_without_scripts_leads_back_to_the_tone(client: Client) -> None:
    answer = add(client, f"{CRUNCH}01")
    assert (answer.status_code, answer["Location"]) == (302, tone_url(CRUNCH))
    assert Job.objects.count() == 1


def state(client: Client, job: Job) -> Any:
    return client.get(f"{LIBRARY}tones/{CRUNCH}/{CRUNCH}01/state/?job={job.uuid}")


def test_the_state_follows_the_job(connected: User, client: Client) -> None:
    add(client, f"{CRUNCH}01", HTTP_HX_REQUEST="true")
    job = Job.objects.get()
    job.state, job.message = JobState.RUNNING, "Downloading"
    job.save()
    assert "downloading" in state(client, job).content.decode()
    job.state, job.error_message = JobState.FAILED, "This tone is not available."
    job.save()
    failed = state(client, job).content.decode()
    assert "This tone is not available." in failed
    assert "Try again" in failed
    assert "hx-get" not in failed
    capture = make_capture(connected, tone3000_id=f"{CRUNCH}01")
    capture.gear.tone3000_id = str(CRUNCH)
    capture.gear.save()
    done = state(client, job)
    assert "in your gear" in done.content.decode()
    assert done["HX-Trigger"] == "captures-changed"
    assert "in your gear" in add(client, f"{CRUNCH}01", HTTP_HX_REQUEST="true").content.decode()


def test_the_state_of_others_is_not_told(connected: User, charlie: User, client: Client) -> None:
    add(client, f"{CRUNCH}01", HTTP_HX_REQUEST="true")
    job = Job.objects.get()
    stranger = Client()
    stranger.force_login(charlie)
    assert "on its way" not in state(stranger, job).content.decode()


def test_adding_needs_its_token(connected: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(connected)
    assert add(client, f"{CRUNCH}01").status_code == 403


def test_bad_ids_are_told(connected: User, client: Client) -> None:
    part = add(client, "a b", HTTP_HX_REQUEST="true")
    assert "This is not an id of Tone 3000." in part.content.decode()
    assert not Job.objects.exists()


def test_captures_show_where_they_come_from(connected: User, client: Client) -> None:
    capture = make_capture(connected, tone3000_id=f"{CRUNCH}01", name="Gain 3")
    gear = capture.gear
    gear.name, gear.source, gear.creator = "Crunch Head", "tone3000", "Bob"
    gear.licence, gear.source_url, gear.tone3000_id = "T3K", "https://www.tone3000.com/x", "9001"
    gear.save()
    Capture.objects.update(name="Gain 3")
    LibraryEntry.objects.create(user=connected, capture=capture)  # as the fetch does
    page = text_of(client, "/gear/")
    for part in ("Crunch Head, Gain 3", "by Bob", ">T3K<", 'href="https://www.tone3000.com/x"'):
        assert part in page
    assert "Crunch Head, Gain 3" in text_of(client, reverse("chain-new"))


# The rest


@pytest.mark.usefixtures("connected")
def test_a_list_takes_few_queries(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(4):  # session, user, tokens
        text_of(client, f"{LIBRARY}favorited/")


@pytest.mark.usefixtures("connected")
def test_tokens_are_in_no_page(client: Client, fake: FakeServer, alice: User) -> None:
    pair = fake.tokens()
    connect(alice, fake)
    for address in (LIBRARY, tone_url(CRUNCH), "/gear/", "/account/"):
        page = text_of(client, address)
        assert "Bearer" not in page
        assert pair["access_token"][:40] not in page


def test_pictures_are_shown_from_where_the_policy_allows(settings: Settings) -> None:
    settings.GTS_TONE3000_AUTHORIZE_URL = "https://www.tone3000.com/api/v1/oauth/authorize"
    assert may_show("https://api.tone3000.com/storage/a.jpg")
    assert may_show("https://tone3000.com/a.jpg")
    for other in (
        "http://api.tone3000.com/a.jpg",
        "https://evil.example/a.jpg",
        "https://tone3000.com.evil.example/a.jpg",
        "https://eviltone3000.com/a.jpg",
    ):
        assert not may_show(other)

"""The client against the fake server, over HTTP: what it asks, and what it makes of answers."""

from __future__ import annotations

import asyncio
import logging
import time

import httpx
import pytest
from pytest_django import Settings

from gear.tone3000 import client as client_module
from gear.tone3000 import rate_limit
from gear.tone3000.access import (
    BackingOffError,
    NotAvailableError,
    RefusedRequestError,
    Tone3000Error,
    UnreadableAnswerError,
)
from gear.tone3000.client import Tone3000Client
from gear.tone3000.rate_limit import own_pool
from gear.tone3000.tests.tokens import PairTokens
from gts.web.errors import ReconnectNeededError
from tools.tone3000_server import FakeServer
from tools.tone3000_server.seed import (
    CABINET,
    CRUNCH,
    DELETED,
    FUTURE_GEAR,
    NO_FILE,
    NUM_FAVORITES,
    ONLY_A2,
    PRIVATE_OF_BOB,
)

pytestmark = pytest.mark.usefixtures("quick_retries")

LATEST = "/api/v1/tones/latest"


async def test_how_it_asks(tone3000: Tone3000Client, fake: FakeServer) -> None:
    await tone3000.feed("latest")
    [entry] = fake.requests()
    assert entry["user_agent"].startswith("GTS/")
    assert entry["headers"]["accept"] == "application/json"


async def test_113_favorites_in_pages(tone3000: Tone3000Client, fake: FakeServer) -> None:
    first = await tone3000.library("favorited")
    assert (first.total, first.total_pages, len(first.rows)) == (NUM_FAVORITES, 5, 24)
    found = [tone.id for tone in first.rows]
    for number in range(2, 6):
        page = await tone3000.library("favorited", page=number)
        assert page.has_next is (number < 5)
        found += [tone.id for tone in page.rows]
    assert len(set(found)) == len(found) == NUM_FAVORITES
    past = await tone3000.library("favorited", page=6)
    assert (past.rows, past.is_past_the_end, past.total) == ((), True, NUM_FAVORITES)


async def test_an_empty_library(fake: FakeServer, pool: httpx.AsyncClient) -> None:
    page = await Tone3000Client(pool, PairTokens(fake, "carol")).library("created")
    assert (page.rows, page.total, page.total_pages, page.has_next) == ((), 0, 0, False)


async def test_feeds_and_search(tone3000: Tone3000Client, fake: FakeServer) -> None:
    assert len(await tone3000.feed("trending")) == len(await tone3000.feed("latest")) == 10
    found = await tone3000.search(query="crunch", gears="amp", tone_format="nam")
    assert [tone.title for tone in found.rows] == ["Crunch Head"]


@pytest.mark.parametrize("options", [{"shape": "2026-06", "id_style": "int"}, {}])
async def test_all_models_of_a_tone(
    tone3000: Tone3000Client, fake: FakeServer, options: dict[str, str]
) -> None:
    fake.set(**options)
    tone = await tone3000.tone(str(CRUNCH))
    models = await tone3000.models(tone)
    assert [model.architecture for model in models] == ["1", "1", "1", "2", "2", "custom"]
    assert len({model.id for model in models}) == 6
    only_a2 = await tone3000.models(await tone3000.tone(str(ONLY_A2)))
    assert [model.architecture for model in only_a2] == ["2", "2"]
    cabinet = await tone3000.models(await tone3000.tone(str(CABINET)))
    assert [model.name for model in cabinet] == ["SM57 edge", "SM57 cap", "R121", "Room"]
    no_file = await tone3000.models(await tone3000.tone(str(NO_FILE)))
    assert [model.url is None for model in no_file] == [False, True]
    assert (await tone3000.tone(str(FUTURE_GEAR))).gear == "future-gear"


async def test_all_pages_of_models(
    tone3000: Tone3000Client, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MODELS_PAGE_SIZE", 2)
    tone = await tone3000.tone(str(CRUNCH))
    assert len(await tone3000.models(tone)) == 6
    asked = [entry["query"] for entry in fake.requests("/api/v1/models")]
    assert [(query["architecture"], query["page"]) for query in asked] == [
        ("1", "1"),
        ("1", "2"),
        ("2", "1"),
        ("custom", "1"),
    ]


# Tokens


async def test_an_expired_token_is_refreshed_once_and_the_call_repeated(
    tone3000: Tone3000Client, fake: FakeServer, tokens: PairTokens
) -> None:
    fake.expire_access_tokens()
    assert len(await tone3000.feed("latest")) == 10
    assert len(fake.requests("/api/v1/oauth/token")) == 1
    assert [entry["status"] for entry in fake.requests(LATEST)] == [401, 200]
    assert tokens.dropped == []


async def test_a_401_twice_ends_in_reconnect_and_not_in_a_loop(
    tone3000: Tone3000Client, fake: FakeServer, tokens: PairTokens
) -> None:
    fake.fail(LATEST, times=9, status=401, body='{"error": "unauthorized"}')
    with pytest.raises(ReconnectNeededError):
        await tone3000.feed("latest")
    assert len(fake.requests(LATEST)) == 2
    assert tokens.dropped == [tokens.access]


async def test_a_dead_session_ends_in_reconnect(tone3000: Tone3000Client, fake: FakeServer) -> None:
    fake.revoke("alice")
    with pytest.raises(ReconnectNeededError):
        await tone3000.feed("latest")
    assert len(fake.requests(LATEST)) == 1


# Limits


async def test_our_own_limit_comes_before_theirs(
    tone3000: Tone3000Client, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "REQUESTS_PER_MINUTE", 3)
    for _ in range(3):
        await tone3000.feed("latest")
    with pytest.raises(BackingOffError) as caught:
        await tone3000.feed("latest")
    assert 50 <= (caught.value.wait or 0) <= 65
    assert len(fake.requests()) == 3


async def test_the_limit_is_of_the_account_no_matter_who_asks(
    tone3000: Tone3000Client,
    fake: FakeServer,
    tokens: PairTokens,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another client, as in another process, shares the count; another account does not."""
    monkeypatch.setattr(rate_limit, "REQUESTS_PER_MINUTE", 2)
    await tone3000.feed("latest")
    async with own_pool() as other_pool:
        other = Tone3000Client(other_pool, tokens)
        await other.feed("latest")
        with pytest.raises(BackingOffError):
            await other.feed("latest")
        with pytest.raises(BackingOffError):
            await tone3000.feed("latest")
        await Tone3000Client(other_pool, PairTokens(fake, "bob")).feed("latest")


async def test_the_limit_holds_for_many_at_once(
    tone3000: Tone3000Client, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "REQUESTS_PER_MINUTE", 10)
    outcomes = await asyncio.gather(
        *(tone3000.feed("latest") for _ in range(25)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, BackingOffError)]
    assert len(fake.requests()) == len(outcomes) - len(refused) <= 10


async def test_a_window_passes(
    tone3000: Tone3000Client, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "REQUESTS_PER_MINUTE", 1)
    await tone3000.feed("latest")
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 66)
    await tone3000.feed("latest")


async def test_429_with_a_time_is_believed(tone3000: Tone3000Client, fake: FakeServer) -> None:
    fake.fail(LATEST, status=429, body="no JSON", headers={"Retry-After": "7"})
    for _ in range(2):
        with pytest.raises(BackingOffError) as caught:
            await tone3000.feed("latest")
        assert 6 <= (caught.value.wait or 0) <= 7
    assert len(fake.requests()) == 1  # the second was not even asked


async def test_pauses_without_a_time_double_and_end(
    tone3000: Tone3000Client, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.fail(LATEST, times=3, status=429)
    now = [time.time()]
    monkeypatch.setattr("time.time", lambda: now[0])
    waits = []
    for _ in range(3):
        with pytest.raises(BackingOffError) as caught:
            await tone3000.feed("latest")
        waits.append(caught.value.wait)
        now[0] += (caught.value.wait or 0) + 0.1
    assert waits == [4.0, 8.0, 16.0]
    await tone3000.feed("latest")


async def test_a_burst_of_429_is_one_reason_to_pause(
    tone3000: Tone3000Client, fake: FakeServer
) -> None:
    fake.fail(LATEST, times=8, status=429)
    outcomes = await asyncio.gather(
        *(tone3000.feed("latest") for _ in range(8)), return_exceptions=True
    )
    assert all(isinstance(outcome, BackingOffError) for outcome in outcomes)
    waits = [outcome.wait or 99 for outcome in outcomes if isinstance(outcome, BackingOffError)]
    assert max(waits) <= 4.0


async def test_the_firewall_silences_everybody(
    tone3000: Tone3000Client, fake: FakeServer, pool: httpx.AsyncClient
) -> None:
    fake.set(is_behind_waf=True)
    with pytest.raises(BackingOffError):
        await tone3000.tone(str(CRUNCH))
    fake.set(is_behind_waf=False)
    with pytest.raises(BackingOffError):
        await Tone3000Client(pool, PairTokens(fake, "bob")).feed("latest")
    assert len(fake.requests()) == 1


async def test_a_403_of_a_list_is_a_throttle_and_of_a_tone_a_private_one(
    tone3000: Tone3000Client, fake: FakeServer
) -> None:
    fake.set(private_status=403)
    with pytest.raises(NotAvailableError):
        await tone3000.tone(str(PRIVATE_OF_BOB))
    fake.fail("/api/v1/tones/favorited", status=403, body='{"error": "slow down"}')
    with pytest.raises(BackingOffError):
        await tone3000.library("favorited")


# Failures


@pytest.mark.parametrize("tone_id", [str(DELETED), str(PRIVATE_OF_BOB), "..", "a/b", "", "9001?x"])
async def test_tones_that_are_not_there(
    tone3000: Tone3000Client, fake: FakeServer, tone_id: str
) -> None:
    with pytest.raises(NotAvailableError) as caught:
        await tone3000.tone(tone_id)
    assert caught.value.status == 404


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_hiccup_is_tried_again(
    tone3000: Tone3000Client, fake: FakeServer, status: int
) -> None:
    fake.fail(LATEST, times=2, status=status, body="<html>")
    assert len(await tone3000.feed("latest")) == 10
    assert [entry["status"] for entry in fake.requests()] == [status, status, 200]


@pytest.mark.parametrize(
    ("status", "headers", "num_requests"),
    [(500, {}, 1), (503, {"Retry-After": "30"}, 1), (503, {}, 3)],
)
async def test_what_stays_broken_is_said(
    tone3000: Tone3000Client,
    fake: FakeServer,
    status: int,
    headers: dict[str, str],
    num_requests: int,
) -> None:
    fake.fail(LATEST, times=9, status=status, headers=headers)
    with pytest.raises(Tone3000Error) as caught:
        await tone3000.feed("latest")
    assert (caught.value.status, caught.value.code) == (503, "TONE3000_UNAVAILABLE")
    assert caught.value.wait == (30 if headers else None)
    assert len(fake.requests()) == num_requests


@pytest.mark.parametrize("body", ["", "<html>", "[1", '"text"', "null", "[]", "{}", "[" * 100_000])
async def test_nonsense_is_a_typed_error(
    tone3000: Tone3000Client, fake: FakeServer, body: str
) -> None:
    fake.fail(LATEST, status=200, body=body)
    with pytest.raises(UnreadableAnswerError):
        await tone3000.feed("latest")


async def test_an_endless_answer_is_cut_off(
    tone3000: Tone3000Client, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_ANSWER_BYTES", 1000)
    with pytest.raises(UnreadableAnswerError):
        await tone3000.library("favorited")


@pytest.mark.parametrize("status", [301, 308, 405, 418])
async def test_other_statuses_are_unreadable(
    tone3000: Tone3000Client, fake: FakeServer, status: int
) -> None:
    headers = {"Location": "https://evil.example/"}
    fake.fail(LATEST, status=status, headers=headers)
    with pytest.raises(UnreadableAnswerError):
        await tone3000.feed("latest")
    assert len(fake.requests()) == 1  # no redirect is followed


async def test_a_400_is_our_mistake_and_logged(
    tone3000: Tone3000Client, fake: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    fake.fail(LATEST, status=400, body='{"error": "bad"}')
    with pytest.raises(RefusedRequestError):
        await tone3000.feed("latest")
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_slowness_has_an_end(
    tone3000: Tone3000Client, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "DEADLINE_S", 0.05)
    fake.fail(LATEST, delay_s=0.5)
    with pytest.raises(Tone3000Error):
        await tone3000.feed("latest")


async def test_no_one_there(tokens: PairTokens, settings: Settings) -> None:
    settings.GTS_TONE3000_API = "http://127.0.0.1:9/api/v1"
    async with own_pool() as pool:
        with pytest.raises(Tone3000Error) as caught:
            await Tone3000Client(pool, tokens).feed("latest")
    assert caught.value.__cause__ is None  # it would carry the request, and that the token


async def test_the_circuit_opens_and_one_trial_closes_it(
    tone3000: Tone3000Client, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "FAILURES_TO_OPEN", 4)
    now = [time.time()]
    monkeypatch.setattr("time.time", lambda: now[0])
    fake.fail(LATEST, times=5, status=500)
    for _ in range(4):
        with pytest.raises(Tone3000Error):
            await tone3000.feed("latest")
    fake.forget()
    with pytest.raises(Tone3000Error) as caught:
        await tone3000.feed("latest")
    assert caught.value.wait == rate_limit.OPEN_S
    assert fake.requests() == []
    # Over: of many at once one tries, and it fails.
    now[0] += rate_limit.OPEN_S + 1
    outcomes = await asyncio.gather(
        *(tone3000.feed("latest") for _ in range(5)), return_exceptions=True
    )
    assert all(isinstance(outcome, Tone3000Error) for outcome in outcomes)
    assert len(fake.requests()) == 1
    # Open again; then the next trial succeeds, and everybody may.
    with pytest.raises(Tone3000Error):
        await tone3000.feed("latest")
    now[0] += rate_limit.OPEN_S + 1
    await tone3000.feed("latest")
    await asyncio.gather(*(tone3000.feed("latest") for _ in range(5)))


async def test_deprecations_are_logged(
    tone3000: Tone3000Client, fake: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"Deprecation": "true", "X-Tone3000-Deprecations": "legacy_platform_key"}
    fake.fail(LATEST, status=200, body='{"data": []}', headers=headers)
    await tone3000.feed("latest")
    assert "legacy_platform_key" in caplog.text


async def test_tokens_are_in_no_log_and_no_error(
    tone3000: Tone3000Client,
    fake: FakeServer,
    tokens: PairTokens,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = [tokens.access, tokens.pair["refresh_token"]]
    for status in (500, 403, 418):
        fake.fail(LATEST, status=status)
        with pytest.raises(Exception) as caught:  # noqa: PT011 - of several kinds, on purpose
            await tone3000.feed("latest")
        for secret in secrets:
            assert secret not in repr(caught.value)
    for secret in secrets:
        assert secret not in caplog.text

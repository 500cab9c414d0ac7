"""Reading and refreshing, against a token endpoint over real HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEntry, Tone3000Tokens, User
from accounts.selectors import ConnectionState, tone3000_connection_get
from accounts.tests.factories import connect_tone3000, make_user
from accounts.tone3000 import calls
from accounts.tone3000.calls import TokenAnswer, parse_tokens
from accounts.tone3000.tests.token_endpoint import USER_ID, Endpoint
from accounts.tone3000.tokens import access_token, tokens_drop, tokens_forget, tokens_store
from gts.web.errors import ConflictError, ReconnectNeededError, TokenServiceUnavailableError


@pytest.fixture
def connected(alice: User, endpoint: Endpoint) -> User:
    connect_tone3000(alice, parse_tokens(endpoint.issue()))
    return alice


def row_of(user: User) -> Tone3000Tokens:
    return Tone3000Tokens.objects.get(user=user)


def expire(user: User, left_s: float = 0.0) -> None:
    expires_at = timezone.now() + timedelta(seconds=left_s)
    Tone3000Tokens.objects.filter(user=user).update(expires_at=expires_at)


def state_of(user: User) -> ConnectionState:
    return tone3000_connection_get(user).state


def test_a_good_token_is_given_without_a_call(connected: User, endpoint: Endpoint) -> None:
    expire(connected, left_s=61)
    assert access_token(connected) == "access-0"
    assert endpoint.calls == []


@pytest.mark.parametrize("left_s", [59, 0, -86400])
def test_one_about_to_expire_is_refreshed_once(
    connected: User, endpoint: Endpoint, left_s: float
) -> None:
    expire(connected, left_s)
    assert access_token(connected) == "access-1"
    assert access_token(connected) == "access-1"
    assert [call.form for call in endpoint.calls] == [
        {"grant_type": "refresh_token", "refresh_token": "refresh-0", "client_id": "t3k_pub_test"}
    ]
    assert endpoint.calls[0].headers["user-agent"].startswith("GTS/")
    assert endpoint.calls[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert 3500 < (row_of(connected).expires_at - timezone.now()).total_seconds() <= 3600


def test_the_new_refresh_token_is_the_one_used_next(connected: User, endpoint: Endpoint) -> None:
    for number in (1, 2, 3):
        expire(connected)
        assert access_token(connected) == f"access-{number}"


def test_a_rejected_token_is_not_given_again(connected: User, endpoint: Endpoint) -> None:
    assert access_token(connected, rejected="access-0") == "access-1"
    # Another call was rejected with the old one too: it has been replaced already.
    assert access_token(connected, rejected="access-0") == "access-1"
    assert len(endpoint.calls) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": "invalid_grant", "error_description": "x"}),
        (400, {"code": 400, "error_code": "refresh_token_not_found", "msg": "x"}),
        (401, {"error": "invalid_grant"}),
        (401, b"no json"),
        (400, None),
    ],
)
def test_a_dead_refresh_token_asks_for_a_reconnect(
    connected: User, endpoint: Endpoint, status: int, body: Any
) -> None:
    expire(connected)
    endpoint.answers = [(status, body)]
    with pytest.raises(ReconnectNeededError) as caught:
        access_token(connected)
    assert (caught.value.code, caught.value.status) == ("TONE3000_RECONNECT", 409)
    assert row_of(connected).encrypted == ""
    assert row_of(connected).refused_at is not None
    assert state_of(connected) is ConnectionState.RECONNECT
    assert [entry.action for entry in AuditEntry.objects.all()] == ["tokens_refused"]
    # Nothing is asked of Tone 3000 any more until they connect again.
    with pytest.raises(ReconnectNeededError):
        access_token(connected)
    assert len(endpoint.calls) == 1
    connect_tone3000(connected, parse_tokens(endpoint.issue()))
    assert access_token(connected) == "access-1"
    assert state_of(connected) is ConnectionState.CONNECTED


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"error": "server_error"}),
        (503, b"<html>"),
        (429, {"error": "rate"}),
        (403, b"<html>firewall"),
        (302, b""),
        (404, {}),
        (400, {"error": "invalid_client"}),  # our key is wrong: no one's tokens are
        (200, b"<html>"),
        (200, []),
        (200, {"refresh_token": "x"}),
        (200, {"access_token": 5, "refresh_token": "x"}),
        (200, {"access_token": "a\nb", "refresh_token": "x"}),
        (200, b" " * (calls.MAX_ANSWER_BYTES + 1)),
        (200, b"[" * 100_000),
    ],
)
def test_a_hiccup_keeps_the_tokens(
    connected: User, endpoint: Endpoint, status: int, body: Any
) -> None:
    expire(connected)
    endpoint.answers = [(status, body)]
    before = row_of(connected).encrypted
    with pytest.raises(TokenServiceUnavailableError) as caught:
        access_token(connected)
    assert (caught.value.code, caught.value.status) == ("TONE3000_UNAVAILABLE", 503)
    assert row_of(connected).encrypted == before
    assert row_of(connected).refresh_failed_at is not None
    assert state_of(connected) is ConnectionState.CONNECTED
    assert access_token(connected) == "access-1"
    assert row_of(connected).refresh_failed_at is None


def test_when_to_ask_again_is_passed_on(connected: User, endpoint: Endpoint) -> None:
    expire(connected)
    endpoint.answers = [(429, {})]
    endpoint.headers = {"Retry-After": "17"}
    with pytest.raises(TokenServiceUnavailableError) as caught:
        access_token(connected)
    assert caught.value.wait == 17


def test_silence_keeps_the_tokens(
    connected: User, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "TIMEOUT_S", 0.3)
    expire(connected)
    endpoint.delay_s = 1.0
    with pytest.raises(TokenServiceUnavailableError):
        access_token(connected)
    assert row_of(connected).encrypted


def test_no_one_there_keeps_the_tokens(connected: User, settings: Settings) -> None:
    settings.GTS_TONE3000_API = "http://127.0.0.1:1/api/v1"
    expire(connected)
    with pytest.raises(TokenServiceUnavailableError):
        access_token(connected)
    assert row_of(connected).encrypted


def test_a_token_that_is_still_good_survives_a_hiccup(connected: User, endpoint: Endpoint) -> None:
    expire(connected, left_s=30)
    endpoint.answers = [(503, {})]
    assert access_token(connected) == "access-0"
    endpoint.answers = [(503, {})]
    with pytest.raises(TokenServiceUnavailableError):
        access_token(connected, rejected="access-0")


def test_an_answer_without_a_refresh_token_keeps_the_old_one(
    connected: User, endpoint: Endpoint
) -> None:
    expire(connected)
    endpoint.answers = [(200, {"access_token": "access-x", "refresh_token": "", "expires_in": 1})]
    assert access_token(connected) == "access-x"
    assert access_token(connected) == "access-1"
    assert endpoint.calls[-1].form["refresh_token"] == "refresh-0"


@pytest.mark.parametrize("lifetime", [None, "x", True, 0, -5, [], float("inf"), 10**400])
def test_a_lifetime_that_is_none_is_guessed(
    connected: User, endpoint: Endpoint, lifetime: Any
) -> None:
    expire(connected)
    endpoint.answers = [
        (200, {"access_token": "a", "refresh_token": "r", "expires_in": lifetime}),
    ]
    assert access_token(connected) == "a"
    assert access_token(connected) == "a"
    assert len(endpoint.calls) == 1


def test_a_lifetime_as_text_is_read(connected: User, endpoint: Endpoint) -> None:
    expire(connected)
    endpoint.lifetime_s = "7200"
    access_token(connected)
    assert 7100 < (row_of(connected).expires_at - timezone.now()).total_seconds() <= 7200


def test_who_never_connected_is_told_so(alice: User, endpoint: Endpoint) -> None:
    with pytest.raises(ReconnectNeededError):
        access_token(alice)
    assert state_of(alice) is ConnectionState.NONE


def test_tokens_that_no_key_opens_wait_for_their_key(
    connected: User, endpoint: Endpoint, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    keys = settings.GTS_TOKEN_KEYS
    settings.GTS_TOKEN_KEYS = ["B" * 43 + "="]
    with pytest.raises(ReconnectNeededError):
        access_token(connected)
    assert state_of(connected) is ConnectionState.RECONNECT
    assert "GTS_TOKEN_KEYS" in caplog.text
    settings.GTS_TOKEN_KEYS = keys
    assert access_token(connected) == "access-0"


def test_the_pair_of_another_account_is_not_stored(connected: User) -> None:
    before = row_of(connected).encrypted
    answer = TokenAnswer("access-b", "refresh-b", 3600)
    with pytest.raises(ConflictError) as caught:
        tokens_store(user=connected, answer=answer, tone3000_id="someone-else")
    assert caught.value.code == "TONE3000_OTHER_ACCOUNT"
    assert row_of(connected).encrypted == before
    stranger = make_user("charlie")
    with pytest.raises(ConflictError):
        tokens_store(user=stranger, answer=answer, tone3000_id=USER_ID)
    assert not Tone3000Tokens.objects.filter(user=stranger).exists()


def test_a_pair_that_the_api_refuses_is_dropped(connected: User) -> None:
    tokens_drop(user=connected, refused="access-of-before")
    assert state_of(connected) is ConnectionState.CONNECTED
    tokens_drop(user=connected, refused="access-0")
    assert state_of(connected) is ConnectionState.RECONNECT


def test_forgetting_and_deleting_leave_no_row(connected: User) -> None:
    tokens_forget(user=connected)
    assert not Tone3000Tokens.objects.exists()
    connect_tone3000(connected, TokenAnswer("a", "r", 60))
    connected.delete()
    assert not Tone3000Tokens.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_refresh_inside_a_transaction_is_refused(connected: User, endpoint: Endpoint) -> None:
    expire(connected)
    with pytest.raises(RuntimeError), transaction.atomic():
        access_token(connected)
    assert endpoint.calls == []


def in_threads(number: int, user: User) -> list[str | Exception]:
    barrier = Barrier(number)

    def ask(_: int) -> str | Exception:
        try:
            barrier.wait()
            return access_token(user)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(ask, range(number)))


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_refresh_once(connected: User, endpoint: Endpoint) -> None:
    expire(connected)
    endpoint.delay_s = 0.3
    assert in_threads(10, connected) == ["access-1"] * 10
    assert len(endpoint.refreshes) == 1


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_try_a_dead_service_once(connected: User, endpoint: Endpoint) -> None:
    expire(connected)
    endpoint.delay_s = 0.3
    endpoint.answers = [(503, {})] * 10
    outcomes = in_threads(10, connected)
    assert {type(outcome) for outcome in outcomes} == {TokenServiceUnavailableError}
    assert len(endpoint.refreshes) == 1


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_hear_of_one_refusal(connected: User, endpoint: Endpoint) -> None:
    expire(connected)
    endpoint.delay_s = 0.3
    endpoint.answers = [(400, {"error": "invalid_grant"})]
    outcomes = in_threads(10, connected)
    assert {type(outcome) for outcome in outcomes} == {ReconnectNeededError}
    assert len(endpoint.refreshes) == 1
    assert AuditEntry.objects.filter(action="tokens_refused").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_refused", [False, True])
def test_a_login_during_a_refresh_wins(
    connected: User, endpoint: Endpoint, is_refused: bool
) -> None:
    expire(connected)
    endpoint.delay_s = 0.6
    if is_refused:
        endpoint.answers = [(400, {"error": "invalid_grant"})]
    newest = TokenAnswer("access-login", "refresh-login", 3600)

    def log_in() -> None:
        try:
            while not endpoint.calls:
                pass
            tokens_store(user=connected, answer=newest, tone3000_id=USER_ID)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        login = pool.submit(log_in)
        try:
            access_token(connected)
        except ReconnectNeededError:
            # Where the refresh holds the row, the login comes after it.
            assert is_refused
            assert connection.vendor == "postgresql"
        login.result()
    assert access_token(connected) == "access-login"
    assert state_of(connected) is ConnectionState.CONNECTED


@pytest.mark.django_db(transaction=True)
def test_other_writes_go_on_during_a_refresh(connected: User, endpoint: Endpoint) -> None:
    """SQLite has one lock for all writers; a slow answer must not hold it."""
    expire(connected)
    endpoint.delay_s = 1.5

    def refresh() -> str:
        try:
            return access_token(connected)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        refreshed = pool.submit(refresh)
        while not endpoint.calls:
            pass
        with transaction.atomic():
            make_user("bystander")
        assert not refreshed.done()
        assert refreshed.result() == "access-1"

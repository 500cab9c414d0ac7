"""How often the API may be asked, and by whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import RequestFactory
from pytest_django import Settings
from redis.connection import AbstractConnection

from accounts.models import User
from accounts.tests.factories import api_client
from accounts.tests.needs import needs_services
from accounts.tokens.families import token_pair_create
from gts.web import rate_limits, redis_away
from gts.web.client_ip import client_address, network_of
from gts.web.rate_limits import network_of_request

ME = "/api/v1/me/"
PUBLIC = "/api/v1/shootouts/?scope=public"
REVOKE = "/api/v1/auth/token/revoke/"


class Clock:
    now_s = 1_000_000 * 3600.0  # the beginning of an hour

    def time(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rate_limits, "time", clock)
    return clock


def test_a_user_is_counted_wherever_they_come_from(
    alice: User, charlie: User, settings: Settings, clock: Clock
) -> None:
    settings.GTS_RATE_USER_PER_MIN = 3
    client = api_client(alice)
    for number in range(3):
        assert client.get(ME, REMOTE_ADDR=f"10.0.0.{number}").status_code == 200
    answer = client.get(ME)
    assert (answer.status_code, answer.json()["code"]) == (429, "THROTTLED")
    assert set(answer.json()) == {"code", "message", "details", "request_id"}
    assert api_client(charlie).get(ME).status_code == 200


def test_it_is_over_when_it_says_so(alice: User, settings: Settings, clock: Clock) -> None:
    settings.GTS_RATE_USER_PER_MIN = 3
    client = api_client(alice)
    clock.now_s += 30
    for _ in range(3):
        client.get(ME)
    wait_s = int(client.get(ME)["Retry-After"])
    assert 30 < wait_s <= 60
    clock.now_s += wait_s - 2
    assert client.get(ME).status_code == 429  # and asking without success does not make it longer
    clock.now_s += 2
    assert client.get(ME).status_code == 200
    assert client.get(ME).status_code == 429


def test_never_more_than_the_limit_over_the_edge_of_a_window(
    alice: User, settings: Settings, clock: Clock
) -> None:
    settings.GTS_RATE_USER_PER_MIN = 10
    client = api_client(alice)
    clock.now_s += 59
    assert [client.get(ME).status_code for _ in range(10)] == [200] * 10
    clock.now_s += 2
    assert client.get(ME).status_code == 429
    clock.now_s += 29
    statuses = [client.get(ME).status_code for _ in range(10)]
    assert statuses == [200] * 5 + [429] * 5


def test_no_one_is_counted_by_address(db: None, settings: Settings, clock: Clock) -> None:
    settings.GTS_RATE_ANONYMOUS_PER_MIN = 1
    client = api_client()
    assert client.get(PUBLIC, REMOTE_ADDR="10.0.0.1").status_code == 200
    assert client.get(PUBLIC, REMOTE_ADDR="10.0.0.1").status_code == 429
    assert client.get(PUBLIC, REMOTE_ADDR="10.0.0.2").status_code == 200
    assert client.get(PUBLIC, REMOTE_ADDR="2001:db8::1").status_code == 200
    assert client.get(PUBLIC, REMOTE_ADDR="2001:db8::2").status_code == 429


def test_what_is_written_before_the_proxy_does_not_help(
    db: None, settings: Settings, clock: Clock
) -> None:
    settings.GTS_RATE_ANONYMOUS_PER_MIN = 1
    settings.GTS_TRUSTED_PROXIES = 1
    for number, status in ((1, 200), (2, 429)):
        forwarded = f"10.9.9.{number}, 198.51.100.7"
        answer = api_client().get(PUBLIC, headers={"X-Forwarded-For": forwarded})
        assert answer.status_code == status


def test_uploads_have_a_limit_of_their_own(alice: User, settings: Settings, clock: Clock) -> None:
    settings.GTS_RATE_UPLOADS_PER_HOUR = 1
    client = api_client(alice)
    statuses = [
        client.post("/api/v1/gear/", {"kind": "amp"}, format="multipart").status_code
        for _ in range(2)
    ]
    assert statuses == [422, 429]
    assert client.get("/api/v1/gear/").status_code == 200


def test_answers_tell_how_many_more_there_may_be(
    alice: User, settings: Settings, clock: Clock
) -> None:
    settings.GTS_RATE_USER_PER_MIN = 3
    settings.GTS_RATE_UPLOADS_PER_HOUR = 2
    client = api_client(alice)
    answer = client.get(ME)
    assert answer["RateLimit-Policy"] == '"user";q=3;w=60'
    assert answer["RateLimit"].startswith('"user";r=2;t=')
    answer = client.post("/api/v1/gear/", {"kind": "amp"}, format="multipart")
    assert answer["RateLimit-Policy"] == '"user";q=3;w=60, "uploads";q=2;w=3600'
    assert [part.split(";")[1] for part in answer["RateLimit"].split(", ")] == ["r=1", "r=1"]
    assert client.get(ME)["RateLimit"].startswith('"user";r=0;t=')
    refused = client.get(ME)
    assert (refused.status_code, refused["RateLimit"]) == (
        429,
        f'"user";r=0;t={refused["Retry-After"]}',
    )


def test_without_a_limit_there_is_nothing_to_tell(alice: User, settings: Settings) -> None:
    settings.GTS_RATE_USER_PER_MIN = 0
    assert not api_client(alice).get(ME).has_header("RateLimit")


def test_tokens_are_limited_by_address(alice: User, settings: Settings, clock: Clock) -> None:
    settings.GTS_RATE_TOKENS_PER_MIN = 1
    refresh = token_pair_create(user=alice).refresh
    assert api_client().post(REVOKE, {"refresh": refresh}).status_code == 204
    assert api_client(alice).post(REVOKE, {"refresh": refresh}).status_code == 429


def test_without_its_redis_nothing_is_counted(alice: User, settings: Settings) -> None:
    settings.GTS_RATE_USER_PER_MIN = 1
    shared = "gts.web.shared_cache.SharedCache"
    settings.CACHES = {"default": {"BACKEND": shared, "LOCATION": "redis://127.0.0.1:1/0"}}
    redis_away.forget()
    assert [api_client(alice).get(ME).status_code for _ in range(3)] == [200] * 3
    redis_away.forget()


@pytest.mark.services
@needs_services
def test_counting_is_one_round_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    sent, send = [], AbstractConnection.send_packed_command

    def counting(self: AbstractConnection, *args: Any, **kwargs: Any) -> Any:
        sent.append(args)
        return send(self, *args, **kwargs)  # type: ignore[no-untyped-call]  # of redis

    def count(limit: int) -> float:
        return rate_limits.wait_after_one_more(what="test", who=str(limit), limit=limit)

    cache.clear()
    assert count(10) == 0.0  # by a connection that is made
    monkeypatch.setattr(AbstractConnection, "send_packed_command", counting)
    assert count(10) == 0.0
    assert len(sent) == 1
    assert [count(2) > 0 for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    ("num_proxies", "forwarded", "expected"),
    [
        (0, "1.1.1.1", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (2, "1.1.1.1", "10.0.0.1"),  # it has come past the proxies
        (1, "rubbish", None),
        (1, "2001:DB8::1", "2001:db8::1"),
        # Ways to write the same.
        (1, "::ffff:10.4.0.1", "10.4.0.1"),
        (1, "::FFFF:0a04:0001", "10.4.0.1"),
        (1, "6.6.6.6, 10.4.0.1:51234", "10.4.0.1"),
        (1, "[2001:db8::1]:51234", "2001:db8::1"),
        (1, "[2001:db8::1]", "2001:db8::1"),
        (1, "[::ffff:10.4.0.1]:51234", "10.4.0.1"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "[fe80::1%25eth0]:51234", "fe80::1"),
        (1, "[]:1", None),
        (1, ":1", None),
        (1, "1.1.1.1:rubbish", None),
    ],
)
def test_addresses(
    num_proxies: int, forwarded: str, expected: str | None, settings: Settings
) -> None:
    settings.GTS_TRUSTED_PROXIES = num_proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers=headers)
    assert client_address(request) == expected


@pytest.mark.parametrize("peer", ["::ffff:10.4.0.1", "10.4.0.1"])
def test_the_peer_itself_may_be_an_address_of_ipv4(peer: str, settings: Settings) -> None:
    settings.GTS_TRUSTED_PROXIES = 0
    request = RequestFactory().get("/", REMOTE_ADDR=peer)
    assert client_address(request) == network_of_request(request) == "10.4.0.1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("::ffff:10.4.0.1", "::ffff:10.4.0.2"),
        ("2002:a04:1::1", "2002:a04:2::1"),  # 6to4
        ("64:ff9b::a04:1", "64:ff9b::a04:2"),  # translated from IPv4
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:0:4136:e378:8000:63bf:3fff:fdd3"),  # Teredo
    ],
)
def test_all_of_ipv4_is_not_one_network(one: str, other: str) -> None:
    assert network_of(one) != network_of(other)
    assert network_of("2002:a04:1:1::1") == network_of("2002:a04:1:2::1") == "10.4.0.1"


def test_a_customer_has_a_whole_network_of_addresses() -> None:
    assert network_of("2001:db8:1:2:3::4") == "2001:db8:1:2::/64"
    assert network_of("10.0.0.1") == "10.0.0.1"

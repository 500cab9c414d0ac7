"""How often pages may be asked for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.test import AsyncClient, Client
from pytest_django import Settings

from accounts.models import User
from gts.web import rate_limits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _time_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(time=lambda: 60_000_000.0))


def test_a_stranger_is_counted_by_network(client: Client, settings: Settings) -> None:
    settings.GTS_RATE_ANONYMOUS_PER_MIN = 2
    asked = [
        client.get("/", REMOTE_ADDR="2001:db8::1", headers={"Accept": "text/html"}) for _ in "123"
    ]
    assert [answer.status_code for answer in asked] == [200, 200, 429]
    assert 0 < int(asked[2]["Retry-After"]) <= 120
    assert "You ask for pages too often" in asked[2].content.decode()
    assert client.get("/login/", REMOTE_ADDR="2001:db8::2").status_code == 429
    assert client.get("/", REMOTE_ADDR="2001:db8:1::1").status_code == 200


def test_a_user_is_counted_wherever_they_come_from(
    client: Client, alice: User, charlie: User, settings: Settings
) -> None:
    settings.GTS_RATE_USER_PER_MIN = 2
    client.force_login(alice)
    statuses = [client.get("/", REMOTE_ADDR=f"10.0.0.{end}").status_code for end in (1, 2, 3)]
    assert statuses == [200, 200, 429]
    client.force_login(charlie)
    assert client.get("/", REMOTE_ADDR="10.0.0.1").status_code == 200


def test_a_cookie_that_is_no_session_is_a_stranger(client: Client, settings: Settings) -> None:
    settings.GTS_RATE_USER_PER_MIN, settings.GTS_RATE_ANONYMOUS_PER_MIN = 100, 2
    statuses = []
    for number in range(3):
        client.cookies["sessionid"] = f"{number}" * 32
        statuses.append(client.get("/").status_code)
    assert statuses == [200, 200, 429]


def test_machines_and_the_api_are_not_counted_as_pages(client: Client, settings: Settings) -> None:
    settings.GTS_RATE_ANONYMOUS_PER_MIN = 1
    assert client.get("/").status_code == 200
    for path in ("/health/live", "/metrics"):
        assert 429 not in {client.get(path).status_code for _ in "123"}
    assert client.get("/api/v1/shootouts/?scope=public").status_code == 200
    assert client.get("/").status_code == 429


async def test_async_views_are_counted_too(async_client: AsyncClient, settings: Settings) -> None:
    settings.GTS_RATE_ANONYMOUS_PER_MIN = 1
    statuses = [(await async_client.get("/gear/tone3000/")).status_code for _ in "12"]
    assert statuses == [302, 429]


def test_a_server_of_ones_own_counts_nothing(client: Client, settings: Settings) -> None:
    assert settings.GTS_RATE_ANONYMOUS_PER_MIN == settings.GTS_RATE_USER_PER_MIN == 0
    assert {client.get("/login/").status_code for _ in range(5)} == {200}

"""Pages of other sites ask the API by script, where an operator lets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from gts.api_settings import cors_settings

pytestmark = pytest.mark.django_db
LIST = "/api/v1/shootouts/?scope=public"
APP = "https://app.example"
Allow: TypeAlias = Callable[[str], None]


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Allow:
    def allow(origins: str) -> None:
        monkeypatch.setenv("GTS_CORS_ORIGINS", origins)
        settings.MIDDLEWARE = list(settings.MIDDLEWARE)
        for name, value in cors_settings([], settings.MIDDLEWARE).items():
            setattr(settings, name, value)

    return allow


def test_it_is_off_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    monkeypatch.delenv("GTS_CORS_ORIGINS", raising=False)
    apps: list[str] = []
    assert (cors_settings(apps, apps), apps) == ({}, [])
    answer = client.get(LIST, headers={"Origin": APP})
    assert not answer.has_header("Access-Control-Allow-Origin")


def test_a_named_site_may_ask_and_read_headers(allow: Allow, client: Client) -> None:
    allow(APP)
    answer = client.get(LIST, headers={"Origin": APP})
    assert answer["Access-Control-Allow-Origin"] == APP
    assert {"Link", "Location", "RateLimit"} <= set(
        answer["Access-Control-Expose-Headers"].split(", ")
    )
    other = client.get(LIST, headers={"Origin": "https://evil.example"})
    assert not other.has_header("Access-Control-Allow-Origin")
    page = client.get("/", headers={"Origin": APP})
    assert not page.has_header("Access-Control-Allow-Origin")


def test_a_preflight_allows_what_programs_send(allow: Allow, client: Client) -> None:
    allow(APP)
    asked = {"Origin": APP, "Access-Control-Request-Method": "POST"}
    answer = client.options("/api/v1/chains/", headers=asked)
    assert answer.status_code == 200
    assert "POST" in answer["Access-Control-Allow-Methods"]
    allowed = answer["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "idempotency-key", "if-match"} <= set(allowed)


@pytest.mark.parametrize("origins", ["*", APP])
def test_cookies_of_other_sites_count_for_nothing(
    allow: Allow, client: Client, origins: str
) -> None:
    allow(origins)
    answer = client.get(LIST, headers={"Origin": APP})
    assert answer["Access-Control-Allow-Origin"] == origins
    assert not answer.has_header("Access-Control-Allow-Credentials")


@pytest.mark.parametrize("origins", ["app.example", "*,https://app.example"])
def test_what_is_no_list_of_sites_is_refused(monkeypatch: pytest.MonkeyPatch, origins: str) -> None:
    monkeypatch.setenv("GTS_CORS_ORIGINS", origins)
    with pytest.raises(ImproperlyConfigured, match="GTS_CORS_ORIGINS"):
        cors_settings([], ["first"])

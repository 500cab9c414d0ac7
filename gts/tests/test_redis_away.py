"""Redis is gone: nothing is counted or remembered, and every route works on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import RequestFactory
from pytest_django import Settings

from accounts.login import passwords
from accounts.models import User
from gts.service_settings import channel_layer
from gts.tests.processes import free_port
from gts.tests.tenancy_table import TABLE
from gts.tests.tenancy_world import make_world
from gts.tests.test_tenancy import ask
from gts.web import redis_away
from gts.web.request_metrics import figures

# What cannot be kept for the browser to come back is not begun.
UNAVAILABLE = {
    "api-tone3000-picks": "got 503, not 201",
    "tone3000-pick": "got 503, not 302",
    "api-tone3000-pick": "got 404, not 200",  # it was begun, and nothing remembers it
}

# Without it nothing is heard in other processes: it says so.
NOT_READY = {"health-ready": "got 503, not 200"}


@pytest.fixture
def _redis_is_away(settings: Settings) -> Iterator[None]:
    """As in production, with limits, and nothing at its address."""
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    shared = {"BACKEND": "gts.web.shared_cache.SharedCache", "LOCATION": settings.REDIS_URL}
    settings.CACHES = {**settings.CACHES, "default": shared}
    if not settings.IS_EMBEDDED:
        settings.CHANNEL_LAYERS = {"default": channel_layer(settings.REDIS_URL)}
    settings.GTS_RATE_USER_PER_MIN = settings.GTS_RATE_ANONYMOUS_PER_MIN = 1
    settings.GTS_RATE_TOKENS_PER_MIN = settings.GTS_RATE_UPLOADS_PER_HOUR = 1
    passwords._limiter.cache_clear()
    redis_away.forget()
    yield
    passwords._limiter.cache_clear()
    redis_away.forget()


@pytest.mark.django_db(transaction=True)
def test_every_route_answers_as_always(
    settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings.GTS_TONE3000_KEY = settings.SOCIAL_AUTH_TONE3000_KEY = "t3k_pub_x"
    world = make_world(tmp_path)
    request.getfixturevalue("_redis_is_away")
    wrong = {
        row.route: what
        for row in TABLE
        for person in ("owner", "anonymous")
        for what in ask(row, person, world)
    }
    expected = UNAVAILABLE | ({} if settings.IS_EMBEDDED else NOT_READY)
    assert set(wrong) == set(expected), wrong
    for route, answer in expected.items():
        assert answer in wrong[route]


@pytest.mark.usefixtures("_redis_is_away")
def test_the_cache_has_an_answer_for_everything() -> None:
    assert cache.add("key", 1) is True
    assert cache.get("key", "default") == "default"
    assert cache.incr("key") == 1
    assert cache.decr("key") == -1
    assert cache.get_many(["key"]) == {}
    assert cache.get_or_set("key", 2) == 2
    assert cache.set_many({"key": 1}) == ["key"]
    assert (cache.has_key("key"), cache.touch("key"), cache.delete("key")) == (False,) * 3
    cache.set("key", 1)
    cache.delete_many(["key"])
    cache.clear()


@pytest.mark.usefixtures("_redis_is_away")
def test_it_is_logged_once_and_counted_each_time(caplog: pytest.LogCaptureFixture) -> None:
    before = figures.as_json()["num_uncounted"]
    for _ in range(5):
        cache.get("key")
    assert [record.message for record in caplog.records] == [
        "Redis is away, nothing is counted: ConnectionError"
    ]
    assert figures.as_json()["num_uncounted"] == before + 5


@pytest.mark.usefixtures("_redis_is_away")
def test_passwords_may_be_tried(alice: User) -> None:
    request = RequestFactory().post("/login/")
    for _ in range(8):
        passwords.password_failed(request, "alice")
    assert passwords.login_wait_s(request, "alice") == 0.0

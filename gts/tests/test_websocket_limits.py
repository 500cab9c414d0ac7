"""From where a WebSocket may be opened, and how many of them a user may have."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
import redis
from django.conf import settings as django_settings
from pytest_django import Settings

from accounts.tests.needs import needs_services
from gts.tests.test_websocket_guard import BELL, new_browser, opened, sockets
from gts.tests.websocket import ORIGIN, WebSocket, close_code_of
from jobs.live import open_sockets

# From where ---------------------------------------------------------------------------------------


ORIGINS = [
    # scheme of the socket, Host, X-Forwarded-Proto, Origin, whether it may
    ("ws", "localhost:8000", "", "http://localhost:8000", True),
    ("ws", "localhost:8000", "", "https://localhost:8000", False),
    ("ws", "localhost:8000", "", "http://localhost:8001", False),
    ("ws", "localhost:8000", "", "http://localhost", False),
    ("ws", "localhost:8000", "", "http://127.0.0.1:8000", False),
    ("wss", "localhost", "", "https://localhost", True),
    ("wss", "localhost", "", "http://localhost", False),
    ("ws", "localhost", "https", "https://localhost", True),
    ("ws", "localhost", "https", "http://localhost", False),
    ("wss", "localhost", "http", "https://localhost", False),
    ("ws", "localhost", "", "https://trusted.example", True),
    ("ws", "localhost", "", "http://trusted.example", False),
    ("ws", "localhost", "", "https://trusted.example:8443", False),
    ("ws", "localhost", "", "https://a.wide.example", True),
    ("ws", "localhost", "", "https://awide.example", False),
    ("ws", "localhost", "", "null", False),
    ("ws", "localhost", "", "", False),
]


@pytest.mark.asyncio
@pytest.mark.parametrize(("scheme", "host", "proto", "origin", "is_allowed"), ORIGINS)
async def test_a_page_must_be_of_the_same_origin(
    settings: Settings, scheme: str, host: str, proto: str, origin: str, is_allowed: bool
) -> None:
    """As forms must (Django's CSRF): the same scheme, host and port, or one that is trusted."""
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example", "https://*.wide.example"]
    headers = [(b"host", host.encode()), (b"origin", origin.encode())]
    if proto:
        headers.append((b"x-forwarded-proto", proto.encode()))
    websocket = WebSocket("/ws/nothing/", *headers, scheme=scheme)
    assert (await websocket.connect())[0] is is_allowed


# How many -----------------------------------------------------------------------------------------


class TestLimit:
    pytestmark = [*sockets, pytest.mark.usefixtures("news_come_to_this_loop")]

    async def test_a_user_has_so_many_and_others_theirs(self, settings: Settings) -> None:
        settings.GTS_MAX_SOCKETS_PER_USER = 2
        browser, stranger = await new_browser(), await new_browser("charlie")
        first, second = [await opened(BELL, ORIGIN, browser.cookie) for _ in range(2)]
        assert await close_code_of(WebSocket(BELL, ORIGIN, browser.cookie)) == 4029
        other = await opened(BELL, ORIGIN, stranger.cookie)
        await first.leave()
        third = await opened(BELL, ORIGIN, browser.cookie)
        for websocket in (second, third, other):
            await websocket.leave()
        assert open_sockets._held == {}

    async def test_one_that_is_refused_otherwise_counts_for_nothing(
        self, settings: Settings
    ) -> None:
        settings.GTS_MAX_SOCKETS_PER_USER = 1
        browser = await new_browser()
        path = f"/ws/jobs/{uuid4()}/"
        assert await close_code_of(WebSocket(path, ORIGIN, browser.cookie)) == 4004
        await (await opened(BELL, ORIGIN, browser.cookie)).leave()

    async def test_zero_is_any_number(self, settings: Settings) -> None:
        settings.GTS_MAX_SOCKETS_PER_USER = 0
        browser = await new_browser()
        found = [await opened(BELL, ORIGIN, browser.cookie) for _ in range(3)]
        for websocket in found:
            await websocket.leave()


@pytest.mark.services
@needs_services
@pytest.mark.asyncio
class TestLimitOfAllProcesses:
    async def other_process_has(self, user_id: int, *names: str) -> None:
        for name in names:
            assert await asyncio.to_thread(open_sockets._take, user_id, name, 20)

    async def test_sockets_of_other_processes_count(self, settings: Settings) -> None:
        settings.GTS_MAX_SOCKETS_PER_USER = 2
        await self.other_process_has(7, "theirs")
        assert await open_sockets.take_place(7, "a")
        assert not await open_sockets.take_place(7, "b")
        await open_sockets.release_place("a")
        assert await open_sockets.take_place(7, "c")
        await open_sockets.release_place("c")

    async def test_those_of_a_killed_process_count_for_a_minute(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.GTS_MAX_SOCKETS_PER_USER = 1
        client = redis.Redis.from_url(django_settings.REDIS_URL)
        await self.other_process_has(8, "theirs")
        assert not await open_sockets.take_place(8, "a")
        client.zadd(open_sockets._key(8), {"theirs": client.time()[0] - 1})
        assert await open_sockets.take_place(8, "a")
        client.zadd(open_sockets._key(8), {"a": client.time()[0] + 1})
        monkeypatch.setattr(open_sockets, "_renewed_at_s", 0.0)
        await open_sockets.renew_places()
        score = client.zscore(open_sockets._key(8), "a")
        assert score is not None
        assert float(score) > client.time()[0] + 50
        await open_sockets.release_place("a")
        assert client.zcard(open_sockets._key(8)) == 0

    async def test_without_redis_each_process_counts_its_own(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.GTS_MAX_SOCKETS_PER_USER = 1
        away = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1)
        monkeypatch.setattr(open_sockets, "_client", lambda: away)
        assert await open_sockets.take_place(9, "a")
        assert not await open_sockets.take_place(9, "b")
        await open_sockets.release_place("a")

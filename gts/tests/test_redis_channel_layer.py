"""WebSockets while Redis is away, and after it: never a 500, and news as soon as it is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from channels.layers import get_channel_layer
from django.utils import timezone
from pytest_django import Settings
from redis.exceptions import RedisError

from gts.service_settings import channel_layer
from gts.tests.private_servers import PrivateRedis, needs_servers
from gts.tests.test_websocket_guard import BELL, Browser, new_browser, opened, sockets
from gts.tests.websocket import ORIGIN, WebSocket
from gts.web import redis_away
from jobs.live.events import notifications_group

pytestmark = [*needs_servers, *sockets]


@pytest.fixture
def server(settings: Settings) -> Iterator[PrivateRedis]:
    """It is not started yet."""
    server = PrivateRedis()
    settings.CHANNEL_LAYERS = {"default": channel_layer(server.url)}
    yield server
    server.remove()


@pytest_asyncio.fixture
async def layer(server: PrivateRedis) -> AsyncIterator[Any]:
    layer: Any = get_channel_layer()
    yield layer
    await layer.flush()


async def hears(websocket: WebSocket, layer: Any, user_id: UUID) -> bool:
    """Whether news comes, at last: what is sent while no one listens yet is lost."""
    news = {
        "id": str(uuid4()),
        "job_id": None,
        "kind": "shootouts.comment",
        "label": "Two cleans",
        "state": "news",
        "message": "",
        "path": "",
        "created_at": timezone.now().isoformat(),
    }
    event = {"type": "notification.created", "event": news}
    for _ in range(100):
        redis_away.forget()
        with suppress(RedisError):
            await layer.group_send(notifications_group(user_id), event)
        if not await websocket.is_silent():
            message = await websocket.receive()
            return str(message["type"]) == "notification"
    return False


async def opened_by(browser: Browser) -> WebSocket:
    return await opened(BELL, ORIGIN, browser.cookie)


async def test_one_that_is_opened_without_redis_hears_of_what_happens_after(
    server: PrivateRedis, layer: Any
) -> None:
    browser = await new_browser()
    first, second = await opened_by(browser), await opened_by(browser)
    await asyncio.to_thread(server.start)
    for websocket in (first, second):
        assert await hears(websocket, layer, browser.user.uuid)
    await first.leave()
    await second.leave()


async def test_the_first_one_after_a_restart_works(server: PrivateRedis, layer: Any) -> None:
    browser = await new_browser()
    await asyncio.to_thread(server.start)
    before = await opened_by(browser)
    assert await hears(before, layer, browser.user.uuid)
    await before.leave()
    for _ in range(2):
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        websocket = await opened_by(browser)
        assert await hears(websocket, layer, browser.user.uuid)
        await websocket.leave()


async def test_one_that_was_open_goes_on_after_a_restart(server: PrivateRedis, layer: Any) -> None:
    browser = await new_browser()
    await asyncio.to_thread(server.start)
    websocket = await opened_by(browser)
    assert await hears(websocket, layer, browser.user.uuid)
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)
    assert await hears(websocket, layer, browser.user.uuid)
    await websocket.leave()


async def test_a_redis_that_hangs_holds_no_one(server: PrivateRedis, layer: Any) -> None:
    browser = await new_browser()
    await asyncio.to_thread(server.start)
    server.freeze()
    try:
        async with asyncio.timeout(8):
            opening = [opened_by(browser) for _ in range(5)]
            websockets = await asyncio.gather(*opening)
    finally:
        server.thaw()
    for websocket in websockets:
        assert await hears(websocket, layer, browser.user.uuid)
        await websocket.leave()


async def test_who_has_left_is_sent_nothing(server: PrivateRedis, layer: Any) -> None:
    """Also when Redis was away at that moment."""
    browser = await new_browser()
    await asyncio.to_thread(server.start)
    websocket = await opened_by(browser)
    assert await hears(websocket, layer, browser.user.uuid)
    await asyncio.to_thread(server.stop)
    await websocket.leave()
    await asyncio.to_thread(server.start)
    other = await opened_by(await new_browser("charlie"))
    redis_away.forget()
    for _ in range(100):
        if not await num_listening(layer, browser.user.uuid):
            break
        await asyncio.sleep(0.1)
    else:
        pytest.fail("it is still sent")
    await other.leave()


async def num_listening(layer: Any, user_id: UUID) -> int:
    group = f"asgi__group__{notifications_group(user_id)}"
    [shard] = layer._get_layer()._shards
    [(_, number)] = await shard._redis.pubsub_numsub(group)
    return int(number)

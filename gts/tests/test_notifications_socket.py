"""The WebSocket of the bell, through the whole ASGI application."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from channels.db import database_sync_to_async

from accounts.models import User
from accounts.services import access_token_create
from accounts.tests.factories import make_user
from gts.tests.websocket import ORIGIN, WebSocket, close_code_of, cookie_of
from jobs.conftest import scripted_handlers  # noqa: F401
from jobs.live import events
from jobs.live.consumers import NotificationConsumer
from jobs.live.notifications import describe_notification, notification_read_all
from jobs.models import Notification
from jobs.queue.runner import run_job
from jobs.tests.factories import make_job

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
    pytest.mark.usefixtures("news_come_to_this_loop"),
]

PATH = "/ws/notifications/"


@database_sync_to_async  # type: ignore[untyped-decorator]
def finish_a_job(owner: User) -> None:
    assert run_job(make_job(owner).uuid)


@database_sync_to_async  # type: ignore[untyped-decorator]
def describe_newest() -> dict[str, Any]:
    return describe_notification(Notification.objects.latest("created_at"))


new_user = database_sync_to_async(make_user)
read_all = database_sync_to_async(notification_read_all)


async def listen(user: User, **options: Any) -> WebSocket:
    websocket = WebSocket(PATH, ORIGIN, await cookie_of(user), **options)
    assert await websocket.connect() == (True, None)
    return websocket


async def test_first_what_is_unread_then_what_is_new() -> None:
    alice = await new_user()
    await finish_a_job(alice)
    websocket = await listen(alice)
    snapshot = await websocket.receive()
    assert (snapshot["type"], snapshot["num_unread"], snapshot["sequence"]) == ("snapshot", 1, 1)
    [known] = snapshot["notifications"]
    assert (known["label"], known["state"], known["message"]) == ("a riff", "completed", "")

    await finish_a_job(alice)
    news = await websocket.receive()
    assert (news["type"], news["num_unread"], news["sequence"]) == ("notification", 2, 2)
    assert news["id"] != known["id"]
    assert news["timestamp"].endswith("+00:00")
    await websocket.leave()


async def test_what_is_read_in_one_window_is_read_in_the_others() -> None:
    alice = await new_user()
    await finish_a_job(alice)
    websocket = await listen(alice)
    assert (await websocket.receive())["num_unread"] == 1
    await read_all(owner=alice)
    status = await websocket.receive()
    assert (status["type"], status["num_unread"], status["notifications"]) == ("snapshot", 0, [])
    await websocket.leave()


async def test_who_comes_back_gets_a_fresh_snapshot() -> None:
    alice = await new_user()
    websocket = await listen(alice)
    assert (await websocket.receive())["num_unread"] == 0
    await websocket.leave()
    await finish_a_job(alice)
    websocket = await listen(alice)
    assert (await websocket.receive())["num_unread"] == 1
    await websocket.leave()


async def test_a_bearer_token_gets_in_also_as_a_subprotocol() -> None:
    alice = await new_user()
    token = await database_sync_to_async(access_token_create)(user=alice, lifetime_s=600)
    header = (b"authorization", f"Bearer {token}".encode())
    for websocket, subprotocol in (
        (WebSocket(PATH, header), None),
        (WebSocket(PATH, ORIGIN, subprotocols=["gts.jwt", token]), "gts.jwt"),
    ):
        assert await websocket.connect() == (True, subprotocol)
        assert (await websocket.receive())["type"] == "snapshot"
        await websocket.leave()


@pytest.mark.parametrize(
    "headers", [[], [(b"cookie", b"sessionid=forged")], [(b"authorization", b"Bearer forged")]]
)
async def test_no_one_is_turned_away_with_4001(headers: list[Any]) -> None:
    assert await close_code_of(WebSocket(PATH, ORIGIN, *headers)) == 4001


async def test_a_token_in_the_url_is_no_token() -> None:
    alice = await new_user()
    token = await database_sync_to_async(access_token_create)(user=alice, lifetime_s=600)
    assert await close_code_of(WebSocket(f"{PATH}?token={token}", ORIGIN)) == 4001


async def test_a_foreign_page_cannot_use_the_session() -> None:
    cookie = await cookie_of(await new_user())
    is_connected, _ = await WebSocket(PATH, (b"origin", b"https://evil.example"), cookie).connect()
    assert not is_connected


async def test_strangers_get_nothing_of_what_happens() -> None:
    alice, charlie = await new_user(), await new_user("charlie")
    websocket = await listen(charlie)
    await websocket.receive()
    await finish_a_job(alice)
    assert await websocket.is_silent()
    await websocket.leave()


async def test_news_that_was_lost_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NotificationConsumer, "look_again_s", 0.2)
    alice = await new_user()
    await finish_a_job(alice)
    websocket = await listen(alice)
    assert (await websocket.receive())["num_unread"] == 1
    await database_sync_to_async(Notification.objects.all().delete)()  # no one says so
    messages = [await websocket.receive() for _ in range(2)]
    assert messages[-1]["num_unread"] == 0
    await websocket.leave()


async def test_a_client_that_stops_reading_gets_the_state_and_no_backlog() -> None:
    alice = await new_user()
    may_read = asyncio.Event()
    may_read.set()
    websocket = await listen(alice, read_when=may_read)
    await websocket.receive()
    may_read.clear()
    await finish_a_job(alice)
    event = await describe_newest()
    for _ in range(300):  # more than a channel holds
        await database_sync_to_async(events.publish_notification)(alice.uuid, event)
    may_read.set()
    messages = [await websocket.receive()]
    while messages[-1]["type"] != "snapshot":
        messages.append(await websocket.receive())
    assert len(messages) <= 22
    assert messages[-1]["num_unread"] == 1


async def test_what_a_client_sends_changes_nothing() -> None:
    alice = await new_user()
    websocket = await listen(alice)
    await websocket.receive()
    await websocket.send(text="{nonsense")
    await websocket.send(bytes=b"\x00")
    assert await websocket.is_silent()
    await finish_a_job(alice)
    assert (await websocket.receive())["num_unread"] == 1
    await websocket.leave()

"""What a process takes on at once, and how it refuses the rest."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pytest_django import Settings

from gts.request_gate import RequestGate
from gts.tests.requests_by_hand import Request, upload
from gts.web.slots import give_back_slot

HTML = [(b"accept", b"text/html,*/*")]


class View:
    """An application that answers when it is let, and reads its body first, as Django does."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.num_at_work = 0
        self.num_answered = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "http.request":
            if not message["more_body"]:
                break
        else:
            return  # the client has gone
        self.num_at_work += 1
        await self.may_answer.wait()
        self.num_at_work -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        self.num_answered += 1
        await self.may_end.wait()
        await send({"type": "http.response.body", "body": b"ok"})


async def until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_true():  # noqa: ASYNC110
            await asyncio.sleep(0)


def begin(gate: RequestGate, **request: Any) -> asyncio.Task[Request]:
    return asyncio.create_task(Request(**request).send_to(gate))


@pytest.fixture
def view() -> View:
    return View()


async def test_as_many_as_it_takes_are_at_work_and_the_next_waits(
    settings: Settings, view: View
) -> None:
    settings.GTS_MAX_REQUESTS, settings.GTS_REQUEST_QUEUE_S = 2, 60
    gate = RequestGate(view)
    tasks = [begin(gate) for _ in range(5)]
    await until(lambda: view.num_at_work == 2)
    for _ in range(20):
        await asyncio.sleep(0)
    assert view.num_at_work == 2
    view.may_answer.set()
    assert [request.status for request in await asyncio.gather(*tasks)] == [200] * 5


async def test_who_has_waited_long_enough_is_told_to_come_again(
    settings: Settings, view: View
) -> None:
    settings.GTS_MAX_REQUESTS, settings.GTS_REQUEST_QUEUE_S = 1, 0.02
    gate = RequestGate(view)
    first = begin(gate)
    await until(lambda: view.num_at_work == 1)
    for path, headers in (("/api/v1/me/", HTML), ("/", [])):
        refused = await begin(gate, path=path, headers=headers)
        assert (refused.status, refused.error["code"]) == (503, "BUSY")
        assert int(refused.header(b"retry-after") or 0) >= 1
        assert len(refused.error["request_id"]) == 32
    page = await begin(gate, headers=HTML)
    assert (page.status, page.header(b"content-type")) == (503, b"text/html; charset=utf-8")
    assert b"The server is busy" in page.body
    assert page.header(b"retry-after") is not None
    view.may_answer.set()
    assert (await first).status == 200
    assert (await begin(gate)).status == 200  # nothing is left of those who were refused


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
async def test_health_checks_and_metrics_do_not_wait(
    settings: Settings, view: View, path: str
) -> None:
    settings.GTS_MAX_REQUESTS, settings.GTS_REQUEST_QUEUE_S = 1, 0.02
    settings.GTS_MAX_OPEN_REQUESTS = 1
    gate = RequestGate(view)
    first = begin(gate)
    await until(lambda: view.num_at_work == 1)
    watcher = begin(gate, path=path)
    await until(lambda: view.num_at_work == 2)
    view.may_answer.set()
    assert [(await task).status for task in (first, watcher)] == [200, 200]


async def test_a_slow_reader_holds_up_no_other(settings: Settings, view: View) -> None:
    settings.GTS_MAX_REQUESTS, settings.GTS_REQUEST_QUEUE_S = 1, 5
    view.may_answer.set()
    view.may_end.clear()
    gate = RequestGate(view)
    tasks = [begin(gate) for _ in range(3)]
    await until(lambda: view.num_answered == 3)
    view.may_end.set()
    assert [request.body for request in await asyncio.gather(*tasks)] == [b"ok"] * 3


async def test_slow_ones_too_are_so_many_at_once(settings: Settings, view: View) -> None:
    settings.GTS_MAX_OPEN_REQUESTS = 2
    view.may_answer.set()
    view.may_end.clear()
    gate = RequestGate(view)
    tasks = [begin(gate) for _ in range(2)]
    await until(lambda: view.num_answered == 2)
    refused = await begin(gate)
    assert (refused.status, refused.error["code"]) == (503, "BUSY")
    view.may_end.set()
    await asyncio.gather(*tasks)
    assert (await begin(gate)).status == 200


async def test_a_client_that_goes_while_it_waits_leaves_its_place(
    settings: Settings, view: View
) -> None:
    settings.GTS_MAX_REQUESTS, settings.GTS_REQUEST_QUEUE_S = 1, 60
    gate = RequestGate(view)
    tasks = [begin(gate) for _ in range(3)]
    await until(lambda: view.num_at_work == 1)
    tasks[1].cancel()
    view.may_answer.set()
    assert (await tasks[0]).status == (await tasks[2]).status == 200
    assert (await begin(gate)).status == 200


async def test_a_view_that_fails_gives_its_place_back(settings: Settings) -> None:
    settings.GTS_MAX_REQUESTS, settings.GTS_REQUEST_QUEUE_S = 1, 0.02

    async def fails(scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        await receive()
        raise RuntimeError("a bug")

    gate = RequestGate(fails)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            await begin(gate)


# How long a body takes ---------------------------------------------------------------------------


async def test_a_small_body_that_stops_coming_is_a_408(settings: Settings, view: View) -> None:
    settings.GTS_BODY_IDLE_S = 0.02
    request = upload(announced=1000, chunks=[b"x" * 10], is_whole=False)
    async with asyncio.timeout(10):
        await request.send_to(RequestGate(view))
    assert (request.status, request.error["code"]) == (408, "REQUEST_TIMEOUT")
    assert request.header(b"connection") == b"close"
    assert view.num_at_work == 0


async def test_a_body_that_comes_drop_by_drop_is_a_408(
    settings: Settings, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gts.web.bodies._SMALL_BODY_S", 0.05)
    request = upload(announced=1000, chunks=[b"x"] * 1000)
    receive = request._receive

    async def slowly() -> Any:
        await asyncio.sleep(0.01)
        return await receive()

    request._receive = slowly  # type: ignore[method-assign]
    await request.send_to(RequestGate(view))
    assert (request.status, request.error["code"]) == (408, "REQUEST_TIMEOUT")


async def test_a_body_that_is_there_is_waited_for_no_more(settings: Settings, view: View) -> None:
    """What comes after it is only the client going away, however long the answer takes."""
    settings.GTS_BODY_IDLE_S = 0.01
    request = Request(chunks=[b""])

    async def listens(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    await request.send_to(RequestGate(listens))
    assert request.status == 200


# A full disk -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
async def test_a_disk_that_is_full_of_bodies_is_named(number: int) -> None:
    async def spools(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        raise OSError(number, "No space left on device")

    request = await Request(path="/api/v1/me/", method="POST").send_to(RequestGate(spools))
    assert (request.status, request.error["code"]) == (507, "DISK_FULL")
    assert "TMPDIR" in request.error["message"]
    page = await Request(headers=HTML, method="POST").send_to(RequestGate(spools))
    assert page.status == 507
    assert b"TMPDIR" in page.body


async def test_who_waits_for_another_server_leaves_its_turn(settings: Settings, view: View) -> None:
    settings.GTS_MAX_REQUESTS, settings.GTS_REQUEST_QUEUE_S = 1, 60

    async def asking_outside(scope: Any, receive: Any, send: Any) -> None:
        async def receive_and_ask() -> Any:
            message = await receive()
            await asyncio.to_thread(give_back_slot)
            return message

        await view(scope, receive_and_ask if scope["path"] == "/outside/" else receive, send)

    gate = RequestGate(asking_outside)
    tasks = [begin(gate, path="/outside/") for _ in range(3)]
    await until(lambda: view.num_at_work == 3)
    tasks.append(begin(gate))
    await until(lambda: view.num_at_work == 4)
    tasks.append(begin(gate))  # has no turn: the one before works
    for _ in range(20):
        await asyncio.sleep(0)
    assert view.num_at_work == 4
    view.may_answer.set()
    assert [request.status for request in await asyncio.gather(*tasks)] == [200] * 5

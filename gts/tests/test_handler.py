"""In which thread a request is answered."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import path
from django.utils.deprecation import MiddlewareMixin
from pytest_django import Settings

from gts import handler
from gts.handler import Handler
from gts.tests.requests_by_hand import Request

THREADS: list[int] = []


class Probe(MiddlewareMixin):
    """Written as Django writes its own."""

    def process_request(self, request: HttpRequest) -> None:
        THREADS.append(threading.get_ident())

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        THREADS.append(threading.get_ident())
        return response


def in_a_thread(request: HttpRequest) -> HttpResponse:
    THREADS.append(threading.get_ident())
    return HttpResponse("in a thread")


async def on_the_loop(request: HttpRequest) -> HttpResponse:
    THREADS.append(threading.get_ident())
    return HttpResponse(b"x" * (32 * 1024 + 1))


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> Any:
        for number in range(3):
            THREADS.append(threading.get_ident())
            yield f"{number}"

    return StreamingHttpResponse(parts())


handler404 = "gts.errors.page_not_found"
urlpatterns = [
    path("in-a-thread/", in_a_thread),
    path("on-the-loop/", on_the_loop),
    path("streamed/", streamed),
]


@pytest.fixture(autouse=True)
def _urls(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.Probe"]
    THREADS.clear()


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[int]]:
    """The threads in which connections were released."""
    threads: list[int] = []
    monkeypatch.setattr(
        handler, "release_connections", lambda: threads.append(threading.get_ident())
    )
    return lambda: threads


async def test_a_view_and_its_middleware_share_a_thread(
    released: Callable[[], list[int]],
) -> None:
    answer = await Request(path="/in-a-thread/").send_to(Handler())
    assert (answer.status, answer.body) == (200, b"in a thread")
    assert len(THREADS) == 3
    assert set(THREADS) == set(released())
    assert threading.get_ident() not in THREADS


async def test_an_async_view_stays_on_the_loop(released: Callable[[], list[int]]) -> None:
    answer = await Request(path="/on-the-loop/").send_to(Handler())
    assert answer.status == 200
    _, view, _ = THREADS
    assert view == threading.get_ident()
    assert len(released()) == 1
    assert released()[0] != view


async def test_what_is_streamed_is_read_by_the_loop(released: Callable[[], list[int]]) -> None:
    answer = await Request(path="/streamed/").send_to(Handler())
    assert answer.body == b"012"
    assert THREADS[2:] == [threading.get_ident()] * 3
    assert len(released()) == 1


async def test_an_address_that_no_one_has_is_a_404_in_a_thread(
    released: Callable[[], list[int]],
) -> None:
    request = Request(path="/nothing/", headers=[(b"accept", b"application/json")])
    answer = await request.send_to(Handler())
    assert (answer.status, answer.error["code"]) == (404, "NOT_FOUND")
    assert len(released()) == 1


async def test_headers_are_those_of_all_middleware() -> None:
    async with asyncio.timeout(30):
        answers = [
            await Request(path=path).send_to(Handler())
            for path in ("/in-a-thread/", "/on-the-loop/")
        ]
    for answer in answers:
        names = {name.lower() for name, _ in answer.sent[0]["headers"]}
        assert {
            b"x-request-id",
            b"content-security-policy",
            b"x-frame-options",
            b"x-content-type-options",
            b"referrer-policy",
            b"cross-origin-opener-policy",
        } <= names

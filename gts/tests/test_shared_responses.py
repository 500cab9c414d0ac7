"""One response for a crowd of strangers; never an older one, never one of someone's own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from pytest_django import Settings

from accounts.models import User
from gts.shared_responses import SharedResponses
from gts.tests.requests_by_hand import Request
from gts.web import rate_limits
from gts.web.database import in_database
from gts.web.request_metrics import figures
from shootouts.models import Shootout
from shootouts.pages.tests.pages import detail_url
from shootouts.services.shootouts import shootout_update
from shootouts.tests.factories import make_shootout, render

Headers = Sequence[tuple[bytes, bytes]]


class View:
    """Answers with how often it was asked before, when it is let."""

    def __init__(self, status: int = 200, headers: Headers = ()) -> None:
        self.status, self.headers = status, headers
        self.may_answer = asyncio.Event()
        self.num_begun = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "http.request"
        number = self.num_begun
        self.num_begun += 1
        await self.may_answer.wait()
        headers = [(b"X-Request-ID", b"of-the-first"), *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"number ", "more_body": True})
        await send({"type": "http.response.body", "body": b"%d" % number})


def begin(application: Any, headers: Headers = (), **request: Any) -> asyncio.Task[Request]:
    return asyncio.create_task(Request(headers=headers, **request).send_to(application))


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def bodies(tasks: Sequence[asyncio.Task[Request]]) -> list[bytes]:
    async with asyncio.timeout(10):
        return [request.body for request in await asyncio.gather(*tasks)]


async def crowd(view: View, *, size: int = 3, headers: Headers = ()) -> list[Request]:
    """One whose page is being made, and ``size`` more who came while it was."""
    shared = SharedResponses(view)
    tasks = [begin(shared, headers)]
    await settle()
    tasks += [begin(shared, headers) for _ in range(size)]
    await settle()
    view.may_answer.set()
    async with asyncio.timeout(10):
        return await asyncio.gather(*tasks)


async def test_who_comes_meanwhile_gets_the_next_one_and_all_of_them_the_same() -> None:
    view = View()
    answers = await crowd(view, size=5)
    assert [answer.body for answer in answers] == [b"number 0"] + [b"number 1"] * 5
    assert {answer.status for answer in answers} == {200}
    assert view.num_begun == 2


async def test_nothing_is_kept() -> None:
    view = View()
    view.may_answer.set()
    shared = SharedResponses(view)
    assert [(await begin(shared)).body for _ in "123"] == [b"number 0", b"number 1", b"number 2"]
    assert not shared._next
    assert not shared._running


@pytest.mark.parametrize(
    "other",
    [
        {"headers": [(b"accept", b"application/json")]},
        {"headers": [(b"hx-request", b"true")]},
        {"headers": [(b"if-none-match", b'"1"')]},
        {"headers": [(b"x-forwarded-proto", b"https")]},
        {"headers": [(b"cookie", b"sessionid=1")]},
        {"headers": [(b"authorization", b"Bearer 1")]},
        {"headers": [(b"content-length", b"0")]},
        {"path": "/shootouts/"},
        {"path": "/login/"},
        {"method": "HEAD"},
        {"method": "POST"},
    ],
)
async def test_another_question_has_an_answer_of_its_own(other: dict[str, Any]) -> None:
    view = View()
    shared = SharedResponses(view)
    tasks = [begin(shared), begin(shared, **other)]
    await settle()
    assert view.num_begun == 2
    view.may_answer.set()
    assert set(await bodies(tasks)) == {b"number 0", b"number 1"}


@pytest.mark.parametrize("personal", [(b"cookie", b"sessionid=1"), (b"authorization", b"Bearer 1")])
async def test_who_shows_who_they_are_shares_with_no_one(personal: tuple[bytes, bytes]) -> None:
    view = View()
    shared = SharedResponses(view)
    tasks = [begin(shared, [personal]) for _ in range(3)]
    await settle()
    assert view.num_begun == 3
    view.may_answer.set()
    assert len(set(await bodies(tasks))) == 3


async def test_headers_that_say_who_is_asking_do_not_part_a_crowd() -> None:
    view = View()
    shared = SharedResponses(view)
    names = (b"user-agent", b"x-forwarded-for", b"cf-ray", b"accept-language")
    tasks = [begin(shared, [(name, b"1")]) for name in names]
    await settle()
    view.may_answer.set()
    assert set(await bodies(tasks)) == {b"number 0"}


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (404, []),
        (429, []),
        (302, []),
        (503, []),
        (200, [(b"Set-Cookie", b"csrftoken=1")]),
        (200, [(b"Vary", b"Cookie, Accept-Language")]),
        (200, [(b"Vary", b"*")]),
    ],
)
async def test_what_is_for_one_alone_is_made_for_each(status: int, headers: Headers) -> None:
    answers = await crowd(View(status, headers))
    assert {answer.status for answer in answers} == {status}
    assert len({answer.body for answer in answers}) == 4


@pytest.mark.parametrize("varies", [b"Cookie, HX-Request", b"accept"])
async def test_what_varies_by_what_was_looked_at_is_shared(varies: bytes) -> None:
    answers = await crowd(View(200, [(b"Vary", varies)]))
    assert len({answer.body for answer in answers}) == 2


async def test_each_has_an_id_and_is_counted_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = figures.as_json()["answers"].get("GET 200", 0)
    with caplog.at_level(logging.INFO, "gts.requests"):
        answers = await crowd(View(), headers=[(b"x-request-id", b"mine")])
    assert [answer.header(b"x-request-id") for answer in answers[2:]] == [b"mine"] * 2
    assert figures.as_json()["answers"]["GET 200"] == before + 2  # Django counts who is first
    [facts, _] = [record.facts for record in caplog.records]  # type: ignore[attr-defined]
    assert (facts["method"], facts["path"], facts["status"]) == ("GET", "/", 200)
    ids = {answer.header(b"x-request-id") for answer in await crowd(View())}
    assert len(ids) == 3  # of two who were first, and two more
    names = [name.lower() for name, _ in answers[-1].sent[0]["headers"]]
    assert names.count(b"x-request-id") == 1


@pytest.mark.parametrize("path", ["/", "/api/v1/shootouts/"])
async def test_each_is_counted_against_the_limit(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Who may not have one more is sent on, to be refused where all are."""
    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(time=lambda: 60_000_000.0))
    settings.GTS_RATE_ANONYMOUS_PER_MIN = 2
    view = View()
    shared = SharedResponses(view)
    tasks = [begin(shared, path=path) for _ in range(5)]
    await settle()
    view.may_answer.set()
    assert sorted(await bodies(tasks)) == [b"number 0"] * 3 + [b"number 1", b"number 2"]


async def test_a_client_that_leaves_takes_the_page_from_no_one() -> None:
    view = View()
    shared = SharedResponses(view)
    tasks = [begin(shared) for _ in range(3)]
    await settle()
    tasks[0].cancel()
    await settle()
    view.may_answer.set()
    assert await bodies(tasks[1:]) == [b"number 0"] * 2


async def test_a_failure_is_that_of_all_and_over_with_them() -> None:
    async def fails(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("a bug")

    shared = SharedResponses(fails)
    for _ in range(2):
        results = await asyncio.gather(*(begin(shared) for _ in "123"), return_exceptions=True)
        assert [type(result) for result in results] == [RuntimeError] * 3


@pytest.mark.django_db(transaction=True)
async def test_a_shootout_that_turns_private_is_gone_for_all_who_ask_after_that(
    alice: User,
) -> None:
    shootout = await in_database(_published, alice)
    shared = SharedResponses(ASGIHandler())
    path = detail_url(shootout)

    async def ask() -> list[Request]:
        return await asyncio.gather(*(begin(shared, path=path) for _ in range(4)))

    answers = await ask()
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert len({answer.header(b"x-request-id") for answer in answers[1:]}) == 3
    under_way = begin(shared, path=path)
    await settle()
    await in_database(shootout_update, shootout=shootout, visibility="private")
    assert {answer.status for answer in await ask()} == {404}
    await under_way


def _published(owner: User) -> Shootout:
    return render(make_shootout(owner, visibility="public"))

"""Who may send more than a form, and how much at once: decided before any of it is taken in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from accounts.models import TokenScope, User
from accounts.services import access_token_create
from accounts.tests.factories import make_user
from accounts.tokens.personal import personal_token_create
from gts import request_gate
from gts.request_gate import RequestGate
from gts.tests.requests_by_hand import Request, upload
from gts.tests.test_request_gate import HTML, View, until

pytestmark = pytest.mark.django_db(transaction=True)

LARGE = 100_000_000
CHUNK = b"x" * 65536

Headers = list[tuple[bytes, bytes]]


def bearer(token: str) -> Headers:
    return [(b"authorization", f"Bearer {token}".encode())]


def session_of(user: User) -> Headers:
    client = Client()
    client.force_login(user)
    return [(b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode())]


def personal_token_of(user: User) -> Headers:
    _, token = personal_token_create(
        user=user, name="Script", scope=TokenScope.WRITE, lifetime=timedelta(days=1)
    )
    return bearer(token)


def access_token_of(user: User) -> Headers:
    return bearer(access_token_create(user=user, lifetime_s=60))


WAYS = [session_of, personal_token_of, access_token_of]


@pytest.fixture
def view() -> View:
    view = View()
    view.may_answer.set()
    return view


async def made(headers_of: Callable[[User], Headers], name: str = "alice") -> Headers:
    def headers() -> Headers:
        return headers_of(User.objects.filter(username=name).first() or make_user(name))

    return await sync_to_async(headers)()


@pytest.fixture(autouse=True)
def _nothing_is_drained_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gts.web.error_answers._DRAINED_S", 0.01)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "NOT_AUTHENTICATED"),
        ([(b"cookie", b"theme=dark; sessionid=")], "NOT_AUTHENTICATED"),
        ([(b"cookie", b"sessionid=abcdefghijklmnopqrstuvwxyz012345")], "NOT_AUTHENTICATED"),
        ([(b"authorization", b"Basic YTpi")], "NOT_AUTHENTICATED"),
        (bearer("gts_pat_abcdefghijklmnopqrstuvwxyz0123456789"), "INVALID_TOKEN"),
        (bearer("eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"), "INVALID_TOKEN"),
        (bearer(""), "INVALID_TOKEN"),
    ],
    ids=["nothing", "other cookies", "a session", "basic", "personal", "jwt", "empty"],
)
async def test_of_strangers_nothing_large_is_taken_in(
    view: View, headers: Headers, code: str
) -> None:
    request = upload(announced=LARGE, headers=headers, chunks=[CHUNK], is_whole=False)
    await request.send_to(RequestGate(view))
    assert (request.status, request.error["code"]) == (401, code)
    assert request.num_taken_before_answer == 0
    assert request.header(b"connection") == b"close"
    assert request.header(b"www-authenticate") is not None
    assert view.num_answered == 0


async def test_what_announces_nothing_is_refused_when_it_gets_large(view: View) -> None:
    request = upload(announced=None, chunks=[CHUNK, b"x", CHUNK], is_whole=False)
    await request.send_to(RequestGate(view))
    assert (request.status, request.num_taken_before_answer) == (401, 2)


async def test_a_small_body_needs_no_user(view: View) -> None:
    for request in (upload(announced=65536, chunks=[CHUNK]), upload(announced=None, chunks=[b"x"])):
        await request.send_to(RequestGate(view))
        assert request.status == 200


async def test_a_browser_gets_a_page(view: View) -> None:
    request = upload(announced=LARGE, headers=HTML, chunks=[])
    request.path = "/tracks/upload/"
    await request.send_to(RequestGate(view))
    assert (request.status, b"Log in first" in request.body) == (401, True)


@pytest.mark.parametrize("headers_of", WAYS)
async def test_who_is_known_may_send(view: View, headers_of: Callable[[User], Headers]) -> None:
    request = upload(announced=3 * 65536, headers=await made(headers_of), chunks=[CHUNK] * 3)
    await request.send_to(RequestGate(view))
    assert (request.status, request.num_taken) == (200, 3)


@pytest.mark.parametrize("headers_of", WAYS)
async def test_who_is_not_active_any_more_may_not(
    view: View, headers_of: Callable[[User], Headers]
) -> None:
    headers = await made(headers_of)
    await User.objects.aupdate(is_active=False)
    request = upload(announced=LARGE, headers=headers, chunks=[CHUNK])
    await request.send_to(RequestGate(view))
    assert (request.status, request.num_taken_before_answer) == (401, 0)


def begin(gate: RequestGate, headers: Headers) -> tuple[Request, asyncio.Task[Request]]:
    """Half of an upload."""
    request = upload(announced=LARGE, headers=headers, chunks=[CHUNK] * 2, is_whole=False)
    return request, asyncio.create_task(request.send_to(gate))


async def test_one_user_sends_so_many_files_at_once(settings: Settings, view: View) -> None:
    settings.GTS_MAX_UPLOADS_PER_USER = 2
    gate = RequestGate(view)
    alice, charlie = await made(session_of), await made(access_token_of, "charlie")
    half = [begin(gate, alice) for _ in range(2)]
    await until(lambda: all(request.num_taken == 2 for request, _ in half))
    refused, task = begin(gate, alice)
    await task
    assert (refused.status, refused.error["code"]) == (429, "TOO_MANY_UPLOADS")
    assert refused.header(b"retry-after") is not None
    assert refused.num_taken_before_answer == 0
    other, task_of_other = begin(gate, charlie)
    await until(lambda: other.num_taken == 2)
    # One of them goes away: there is room again.
    half[0][1].cancel()
    await until(half[0][1].done)
    whole = upload(announced=LARGE, headers=alice, chunks=[CHUNK] * 2)
    assert (await whole.send_to(gate)).status == 200
    half[1][1].cancel()
    task_of_other.cancel()


async def test_a_process_takes_in_so_many_files_at_once(settings: Settings, view: View) -> None:
    settings.GTS_MAX_UPLOADS = 1
    gate = RequestGate(view)
    request, first = begin(gate, await made(session_of))
    await until(lambda: request.num_taken == 2)
    refused, task = begin(gate, await made(session_of, "charlie"))
    await task
    assert (refused.status, refused.error["code"]) == (503, "BUSY")
    assert refused.header(b"retry-after") is not None
    first.cancel()


async def test_an_upload_has_more_time_than_a_form_but_not_for_ever(
    settings: Settings, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.GTS_BODY_IDLE_S = 0.05
    monkeypatch.setattr("gts.web.bodies._SMALL_BODY_S", 0.0)
    request, task = begin(RequestGate(view), await made(session_of))
    await task
    assert (request.status, request.error["code"]) == (408, "REQUEST_TIMEOUT")
    assert request.num_taken_before_answer == 2


async def test_without_a_database_it_says_so(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: Any) -> User:
        raise OperationalError("couldn't get a connection after 5.00 sec")

    monkeypatch.setattr(request_gate, "_user_of", away)
    request, task = begin(RequestGate(view), bearer("x"))
    await task
    assert (request.status, request.error["code"]) == (503, "DATABASE_UNAVAILABLE")
    assert request.num_taken_before_answer == 0

"""Answers that do not come from Django have its headers, and what fails outside of it is told."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.asgi import get_asgi_application
from pytest_django import Settings

from gts.asgi import application as gts_application
from gts.errors import ServerErrors, SocketErrors
from gts.request_gate import RequestGate
from gts.static import StaticFiles
from gts.web.bodies import BodyLimit
from gts.web.headers import CONTENT_SECURITY_POLICY
from gts.web.request_id import current_request_id
from gts.web.request_metrics import Figures
from gts.web.scopes import ASGIApplication, Receive, Scope, Send

SECRET = "the disk is on fire"


async def stumble(scope: Scope, receive: Receive, send: Send) -> None:
    raise OSError(SECRET)


async def stumble_later(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise OSError(SECRET)


def browser(app: ASGIApplication, scheme: str = "http", **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)  # type: ignore[arg-type]
    base_url = f"{scheme}://localhost"
    return httpx.AsyncClient(transport=transport, base_url=base_url, headers=headers)


def new_application() -> ASGIApplication:
    """By the settings of the test."""
    return ServerErrors(StaticFiles(get_asgi_application()))


def assert_headers(answer: httpx.Response, *, is_tls: bool = False) -> None:
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert ("strict-transport-security" in answer.headers) is is_tls


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Figures:
    figures = Figures()
    monkeypatch.setattr("gts.errors.figures", figures)
    return figures


async def test_what_fails_outside_of_django_is_answered_logged_and_counted(
    counted: Figures, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="gts.errors"):
        async with browser(ServerErrors(stumble)) as client:
            answer = await client.get("/api/v1/me/", headers={"X-Request-ID": "asked-42"})
    assert answer.status_code == 500
    error = answer.json()
    assert (error["code"], error["request_id"]) == ("INTERNAL", "asked-42")
    assert answer.headers["x-request-id"] == "asked-42"
    assert answer.headers["cache-control"] == "no-store"
    assert_headers(answer)
    assert SECRET not in answer.text
    assert SECRET in caplog.text
    assert counted.as_json()["answers"] == {"GET 500": 1}


class Ids(logging.Handler):
    """By which id each line of the log can be found."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        self.found[record.name] = current_request_id()


@pytest.fixture
def ids() -> Iterator[Ids]:
    handler = Ids()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("given", [{}, {"X-Request-ID": "asked-42"}])
async def test_the_log_has_the_id_that_the_client_is_told(given: dict[str, str], ids: Ids) -> None:
    """Also of what is refused before Django sees it: by a full TMPDIR, or by a name."""

    async def spools(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        raise OSError(errno.ENOSPC, "No space left on device")

    application = ServerErrors(RequestGate(spools))
    async with browser(application, Accept="application/json", **given) as client:
        answer = await client.post("/api/v1/di-tracks/")
    assert answer.status_code == 507
    told = answer.json()["request_id"]
    assert ids.found == {"gts.errors": told}
    assert answer.headers["x-request-id"] == told == given.get("X-Request-ID", told)


async def test_django_and_what_is_around_it_say_one_id(
    ids: Ids, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="gts.requests")
    async with browser(gts_application, Host="evil.example") as client:
        told = (await client.get("/api/v1/me/")).json()["request_id"]
    assert ids.found == {"gts.web.hosts": told, "gts.requests": told}
    assert told != ""
    assert current_request_id() == ""


async def test_browsers_get_a_page() -> None:
    async with browser(ServerErrors(stumble), Accept="text/html") as client:
        answer = await client.get("/")
        assert (answer.status_code, answer.headers["content-type"]) == (
            500,
            "text/html; charset=utf-8",
        )
        assert "Something went wrong" in answer.text
        assert len(answer.headers["x-request-id"]) == 32
        assert (await client.get("/api/v1/me/")).json()["code"] == "INTERNAL"


async def test_an_answer_that_has_begun_is_broken_off(counted: Figures) -> None:
    async with browser(ServerErrors(stumble_later)) as client:
        with pytest.raises(OSError, match=SECRET):
            await client.get("/")
    assert counted.as_json()["answers"] == {}


async def test_a_static_file_that_cannot_be_read_is_a_500(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "site.css").write_text("body {}")
    files = StaticFiles(stumble)

    def refuse(*_: Any) -> None:
        raise PermissionError(SECRET)

    monkeypatch.setattr("whitenoise.responders.StaticFile.get_response", refuse)
    async with browser(ServerErrors(files)) as client:
        answer = await client.get("/static/site.css")
    assert answer.status_code == 500
    assert_headers(answer)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_static_files_have_the_headers_of_pages(
    tmp_path: Path, settings: Settings, scheme: str
) -> None:
    settings.SECURE_HSTS_SECONDS = 60
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "site.css").write_text("body {}")
    async with browser(StaticFiles(stumble), scheme) as client:
        found = await client.get("/static/site.css")
        assert found.status_code == 200
        again = {"If-None-Match": found.headers["etag"]}
        answers = [
            found,
            await client.get("/static/site.css", headers=again),
            await client.get("/static/nothing.css"),
            await client.post("/static/site.css"),
        ]
    assert [answer.status_code for answer in answers] == [200, 304, 404, 405]
    for answer in answers:
        assert_headers(answer, is_tls=scheme == "https")


async def test_a_proxy_says_that_it_is_https(tmp_path: Path, settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_SECONDS = 60
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    settings.STATIC_ROOT = tmp_path
    forwarded = {"X-Forwarded-Proto": "https"}
    async with browser(StaticFiles(stumble), "http") as client:
        answer = await client.get("/static/nothing.css", headers=forwarded)
    hsts = answer.headers["strict-transport-security"]
    assert hsts == "max-age=60; includeSubDomains; preload"


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("is_redirecting", [False, True])
async def test_an_unknown_name_is_answered_with_the_headers(
    accept: str, scheme: str, is_redirecting: bool, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT = is_redirecting
    settings.SECURE_HSTS_SECONDS = 60
    async with browser(new_application(), scheme, Accept=accept, Host="evil.example") as client:
        for path in ("/", "/static/site.css"):
            answer = await client.get(path)
            assert answer.status_code == 400
            assert_headers(answer, is_tls=scheme == "https")


async def test_the_way_to_https_has_the_headers(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    async with browser(new_application()) as client:
        answer = await client.get("/login/")
    assert (answer.status_code, answer.headers["location"]) == (301, "https://localhost/login/")
    assert_headers(answer)


async def test_what_django_cannot_read_is_answered_with_the_headers() -> None:
    sent: list[Any] = []

    async def note(message: Any) -> None:
        sent.append(message)

    async def nothing_more() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/login/",
        "query_string": b"next=\xff\xfe",
        "headers": [(b"host", b"localhost")],
    }
    await new_application()(scope, nothing_more, note)
    assert sent[0]["status"] == 400
    names = {name for name, _ in sent[0]["headers"]}
    assert {b"content-security-policy", b"x-frame-options", b"x-content-type-options"} <= names


async def test_what_an_answer_says_itself_stays() -> None:
    async def own(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"Referrer-Policy", b"no-referrer")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async with browser(ServerErrors(own)) as client:
        answer = await client.get("/")
    assert answer.headers.get_list("referrer-policy") == ["no-referrer"]
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_a_body_that_is_too_large_is_answered_with_the_headers(accept: str) -> None:
    announced = {"Content-Length": str(10**12)}
    async with browser(BodyLimit(stumble), Accept=accept) as client:
        answer = await client.post("/tracks/upload/", content=b"x", headers=announced)
    assert answer.status_code == 413
    assert_headers(answer)
    assert answer.headers["cache-control"] == "no-store"
    if accept == "application/json":
        assert json.loads(answer.text)["request_id"] == answer.headers["x-request-id"]


SOCKET = {"type": "websocket", "path": "/ws/notifications/", "headers": []}


async def sent_by_one_that_fails(messages: list[Any]) -> list[Any]:
    """What reaches the client of a WebSocket that sends ``messages`` and then raises."""
    sent: list[Any] = []

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        raise OSError(SECRET)

    async def note(message: Any) -> None:
        sent.append(message)

    async def silence() -> dict[str, Any]:
        raise AssertionError

    await SocketErrors(failing)(SOCKET, silence, note)
    return sent


@pytest.mark.parametrize("said", [[], ["websocket.accept"], ["websocket.accept", "websocket.send"]])
async def test_a_websocket_that_fails_is_closed_with_a_code(
    said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Also before its handshake, which the server would refuse with a bare 500."""
    sent = await sent_by_one_that_fails([{"type": kind} for kind in said])
    assert [message["type"] for message in sent] == [
        *(said or ["websocket.accept"]),
        "websocket.close",
    ]
    assert sent[-1]["code"] == 1011
    assert SECRET in caplog.text


async def test_one_that_was_closed_is_left_alone() -> None:
    sent = await sent_by_one_that_fails([{"type": "websocket.close", "code": 4001}])
    assert [message["code"] for message in sent] == [4001]

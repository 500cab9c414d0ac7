"""Answers that do not come from Django have its headers, and what fails outside of it is told."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_django import Settings

from gts.body_limit import BodyLimit
from gts.figures import Figures
from gts.security import CONTENT_SECURITY_POLICY
from gts.server_errors import ServerErrors
from gts.static import StaticFiles
from gts.websocket_auth import ASGIApplication, Receive, Scope, Send

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
    monkeypatch.setattr("gts.server_errors.figures", figures)
    return figures


async def test_what_fails_outside_of_django_is_answered_logged_and_counted(
    counted: Figures, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="gts.server_errors"):
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
async def test_a_body_that_is_too_large_is_answered_with_the_headers(accept: str) -> None:
    announced = {"Content-Length": str(10**12)}
    async with browser(BodyLimit(stumble), Accept=accept) as client:
        answer = await client.post("/tracks/upload/", content=b"x", headers=announced)
    assert answer.status_code == 413
    assert_headers(answer)
    assert answer.headers["cache-control"] == "no-store"
    if accept == "application/json":
        assert json.loads(answer.text)["request_id"] == answer.headers["x-request-id"]

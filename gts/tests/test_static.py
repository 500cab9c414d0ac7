"""Static files as a browser asks for them, from the application itself."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest
from pytest_django import Settings

from gts.asgi import application
from gts.static import StaticFiles
from gts.web.scopes import Receive, Scope, Send

CSS = "body { color: black }\n" * 100
HASHED = "css/site.0123456789ab.css"


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"a page"})


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Path:
    folder = tmp_path / "static"
    (folder / "css").mkdir(parents=True)
    for name in ("css/site.css", HASHED):
        (folder / name).write_text(CSS)
        (folder / f"{name}.gz").write_bytes(gzip.compress(CSS.encode()))
    (tmp_path / "secret.txt").write_text("secret")
    settings.STATIC_ROOT = folder
    return folder


@pytest.fixture
def browser(root: Path) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=StaticFiles(inner))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://localhost/static/")


async def test_a_hashed_file_is_kept_for_ever(browser: httpx.AsyncClient) -> None:
    answer = await browser.get(HASHED, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.text == CSS
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == 'text/css; charset="utf-8"'
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers


async def test_a_plain_name_is_asked_for_again(browser: httpx.AsyncClient) -> None:
    first = await browser.get("css/site.css", headers={"Accept-Encoding": "identity"})
    assert first.text == CSS
    assert "immutable" not in first.headers["cache-control"]
    again = await browser.get("css/site.css", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


async def test_head_range_and_wrong_methods(browser: httpx.AsyncClient) -> None:
    plain = {"Accept-Encoding": "identity"}
    head = await browser.head("css/site.css", headers=plain)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(CSS)
    part = await browser.get("css/site.css", headers={**plain, "Range": "bytes=0-3"})
    assert (part.status_code, part.text) == (206, "body")
    assert (await browser.post("css/site.css")).status_code == 405


@pytest.mark.parametrize(
    "path", ["nothing.css", "", "css/", "%2e%2e/secret.txt", "css/%2e%2e/%2e%2e/secret.txt"]
)
async def test_what_is_not_there_is_a_404(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


async def test_everything_else_is_for_the_application(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("http://localhost/")).status_code == 418
    assert (await browser.get("http://localhost/staticky/")).status_code == 418


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "a_b", "", "[::"])
@pytest.mark.parametrize("path", [HASHED, "nothing.css"])
async def test_to_any_other_name_the_application_answers(
    browser: httpx.AsyncClient, path: str, host: str
) -> None:
    assert (await browser.get(path, headers={"Host": host})).status_code == 418


async def test_a_file_is_not_there_for_another_name(root: Path) -> None:
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://evil.example") as browser:
        answer = await browser.get("/static/css/site.css", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "UNKNOWN_HOST")


async def test_a_file_need_not_be_collected_while_developing(
    root: Path, settings: Settings
) -> None:
    name = "admin/css/base.css"
    for is_debug, status in ((False, 404), (True, 200)):
        settings.DEBUG = is_debug
        transport = httpx.ASGITransport(app=StaticFiles(inner))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as browser:
            assert (await browser.get(f"/static/{name}")).status_code == status
            assert (await browser.get("/static/../secret.txt")).status_code != 200

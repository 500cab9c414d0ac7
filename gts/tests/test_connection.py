"""How much of a request's head is read, and for how long, on a socket."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from gts import connection
from gts.connection import MAX_HEAD_BYTES, MAX_HEADERS, Connection
from gts.tests.processes import ROOT
from gts.web.headers import CONTENT_SECURITY_POLICY
from gts.web.request_metrics import Figures

LINE = b"GET /api/v1/me/ HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"


class Application:
    """Notes what it is asked, and answers when the body is there."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        self.is_asked.set()
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close"})
            return
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass
        if message["type"] == "http.disconnect":
            return
        await self.may_answer.wait()
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, *parts: bytes) -> None:
        """Each in a packet of its own, more or less, and until the server reads no more."""
        for part in parts:
            self.writer.write(part)
            await asyncio.sleep(0)
        await self.writer.drain()

    async def send_for_ever(self) -> None:
        async with asyncio.timeout(10):
            while True:
                await self.send(b"a" * 100_000)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines)
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(first.split()[1]), headers, body

    async def rest(self) -> bytes:
        """What comes until the server closes."""
        async with asyncio.timeout(10):
            return await self.reader.read()


class Server:
    def __init__(self, application: Application, port: int) -> None:
        self.application, self.port = application, port
        self.clients: list[Client] = []

    async def connect(self) -> Client:
        self.clients.append(Client(*await asyncio.open_connection("127.0.0.1", self.port)))
        return self.clients[-1]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Figures:
    figures = Figures()
    monkeypatch.setattr("gts.web.error_answers.figures", figures)
    return figures


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    application = Application()
    config = uvicorn.Config(application, http=Connection, ws="websockets-sansio", log_config=None)
    config.load()
    loop = asyncio.get_running_loop()
    state = ServerState()
    listening = await loop.create_server(lambda: Connection(config, state, {}), "127.0.0.1", 0)
    server = Server(application, listening.sockets[0].getsockname()[1])
    try:
        yield server
    finally:
        for client in server.clients:
            client.writer.close()
        listening.close()
        for task in list(state.tasks):
            task.cancel()


def headers(num_bytes: int, num_lines: int = 1) -> bytes:
    """So many lines of so many bytes in all."""
    each, left = divmod(num_bytes, num_lines)
    lines = [b"x: " + b"a" * (each - 5 + (left if index == 0 else 0)) for index in range(num_lines)]
    return b"".join(line + b"\r\n" for line in lines)


def whole(num_bytes: int, num_lines: int = 1) -> bytes:
    return LINE + headers(num_bytes, num_lines) + b"\r\n"


# Size -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts",
    [
        [whole(MAX_HEAD_BYTES + 1)],
        [whole(MAX_HEAD_BYTES + 1, 100)],
        [whole(4 * MAX_HEAD_BYTES)],
        [LINE + b"x: ", *[b"a" * 10_000] * 20],
        [whole(10_000, MAX_HEADERS)],  # and one more, its host
        [LINE, b"a:\r\n" * 40_000],
        [b"GET /api/v1/" + b"a" * 100_000, b" HTTP/1.1\r\nHost: localhost\r\n\r\n"],
        [b"GET /api/v1/?", *[b"a" * 10_000] * 20],
        [LINE.replace(b"GET", b"POST") + b"Content-Length: 9\r\n" + headers(70_000) + b"\r\n12345"],
        [LINE + b"Upgrade: websocket\r\nConnection: upgrade\r\n" + headers(70_000) + b"\r\n"],
    ],
    ids=[
        "whole", "lines", "larger than a packet", "never ends", "many", "very many", "address",
        "query", "body", "websocket",
    ],
)  # fmt: skip
async def test_a_head_that_is_too_large_is_a_431(
    server: Server, counted: Figures, parts: list[bytes]
) -> None:
    client = await server.connect()
    await client.send(*parts)
    status, sent, body = await client.answer()
    assert (status, json.loads(body)["code"]) == (431, "HEADERS_TOO_LARGE")
    assert str(MAX_HEADERS) in json.loads(body)["message"]
    assert (sent["connection"], sent["cache-control"]) == ("close", "no-store")
    assert sent["content-security-policy"] == CONTENT_SECURITY_POLICY.lower()
    assert len(sent["x-request-id"]) == 32 == len(json.loads(body)["request_id"])
    assert await client.rest() == b""
    assert server.application.scopes == []
    assert counted.as_json()["refusals"] == {"HEADERS_TOO_LARGE": 1}


async def test_browsers_get_a_page_and_who_asks_for_no_body_gets_none(server: Server) -> None:
    client = await server.connect()
    page = b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n"
    await client.send(page + headers(70_000) + b"\r\n")
    status, sent, body = await client.answer()
    assert (status, sent["content-type"]) == (431, "text/html; charset=utf-8")
    assert b"The headers of the request are too large" in body
    client = await server.connect()
    await client.send(whole(70_000).replace(b"GET", b"HEAD"))
    assert (await client.rest()).endswith(b"\r\n\r\n")


@pytest.mark.parametrize("num_lines", [1, MAX_HEADERS - 1])
async def test_what_is_allowed_is_read_however_it_is_cut(server: Server, num_lines: int) -> None:
    request = whole(MAX_HEAD_BYTES - len(LINE) - 2, num_lines)
    cuts = [request[index : index + 9_000] for index in range(0, len(request), 9_000)]
    client = await server.connect()
    for parts in ([request], cuts, [request + request], [request[:10], request[10:]]):
        await client.send(*parts)
        for _ in range(b"".join(parts).count(LINE)):
            assert (await client.answer())[0] == 200
    assert {len(scope["headers"]) for scope in server.application.scopes} == {num_lines + 1}


async def test_a_body_has_its_own_bounds(server: Server) -> None:
    client = await server.connect()
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
    await client.send(head + b"a" * 500_000, b"a" * 500_000)
    assert (await client.answer())[0] == 200
    await client.send(CHUNKED, b"1\r\na\r\n" * 100_000, b"0\r\n\r\n")
    assert (await client.answer())[0] == 200
    await client.send(LINE, b"\r\n")
    assert (await client.answer())[0] == 200


async def test_who_is_refused_is_read_for_a_moment_only(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_DRAINED_BYTES", 1_000_000)
    client = await server.connect()
    with pytest.raises(ConnectionError):
        await client.send_for_ever()


# Trailers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts",
    [
        [b"0\r\nx: ", *[b"a" * 10_000] * 40],
        [b"0\r\n" + headers(100_000, 50) + b"\r\n"],
        [b"0\r\n", b"a:\r\n" * 1_000],
        [b"2;x=", *[b"a" * 10_000] * 40],
    ],
    ids=["never ends", "large", "many", "extension of a chunk"],
)
async def test_what_comes_with_a_body_has_the_same_bounds(
    server: Server, parts: list[bytes]
) -> None:
    client = await server.connect()
    server.application.may_answer.clear()
    try:
        await client.send(CHUNKED, *parts)
        assert await client.rest() == b""
    except ConnectionError:
        pass  # cut off while it was sending


async def test_trailers_are_no_headers(server: Server) -> None:
    """They come after what a proxy has looked at."""
    client = await server.connect()
    await client.send(CHUNKED + b"0\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n")
    assert (await client.answer())[0] == 200
    [scope] = server.application.scopes
    names = {name for name, _ in scope["headers"]}
    assert names == {b"host", b"transfer-encoding"}


# Time -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begun", [LINE, b"GE", b"\r\n"])
async def test_a_head_that_does_not_end_is_a_408(
    server: Server, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(connection, "HEAD_S", 0.05)
    client = await server.connect()
    await client.send(begun)
    status, _, body = await client.answer()
    assert (status, json.loads(body)["code"]) == (408, "REQUEST_TIMEOUT")
    assert await client.rest() == b""


async def test_so_is_one_that_follows_another_request(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_S", 0.05)
    client = await server.connect()
    await client.send(LINE + b"\r\n")
    assert (await client.answer())[0] == 200
    await client.send(LINE, b"x: 1\r\n")
    assert (await client.answer())[0] == 408


async def test_a_connection_that_asks_nothing_is_closed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_S", 0.05)
    assert await (await server.connect()).rest() == b""


async def test_an_answer_takes_its_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where half of the next request has come meanwhile."""
    monkeypatch.setattr(connection, "HEAD_S", 0.02)
    monkeypatch.setattr(connection, "_DRAINED_S", 0.02)
    server.application.may_answer.clear()
    client = await server.connect()
    await client.send(LINE + b"\r\n")
    await server.application.is_asked.wait()
    await client.send(LINE)
    await asyncio.sleep(0.1)
    server.application.may_answer.set()
    assert (await client.answer())[0] == 200
    assert (await client.answer())[0] == 408


# WebSockets -------------------------------------------------------------------------------------


async def test_a_websocket_is_handed_over(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_S", 0.05)
    client = await server.connect()
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    await client.send(LINE + b"Upgrade: websocket\r\nConnection: upgrade\r\n" + key + b"\r\n")
    assert (await client.answer())[0] == 101
    assert [scope["type"] for scope in server.application.scopes] == ["websocket"]


# Where it is used -------------------------------------------------------------------------------


def test_every_start_of_a_web_process_names_it() -> None:
    files = [
        *(ROOT / name for name in ("Makefile", "docker-compose.yml", "Dockerfile", "README.md")),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "tools").rglob("*.py"),
    ]
    text = "\n".join(path.read_text() for path in files)
    starts = re.findall(r"uvicorn[^\n]*\bgts\.asgi:application[^\n]*", text)
    assert len(starts) >= 2
    assert [line for line in starts if "--http gts.connection:Connection" not in line] == []

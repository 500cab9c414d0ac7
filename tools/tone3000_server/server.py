"""The fake server as an ASGI application, everything in memory, and running it.

It runs in a thread beside tests or `make run`, or as a process of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import uvicorn

from tools.tone3000_server import control, resources, responses
from tools.tone3000_server.control import FakeServer
from tools.tone3000_server.oauth import COOKIE, authorize, token
from tools.tone3000_server.resources import STORAGE_PREFIX, stored_file
from tools.tone3000_server.responses import Request, Response, error, html_response, redirect
from tools.tone3000_server.state import FakeState, Options

HOST: Final = "127.0.0.1"
_START_TIMEOUT_S: Final = 10.0

Scope = MutableMapping[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_SLASHES: Final = re.compile(r"/{2,}")
_SECRET_PARAMS: Final = frozenset({"code", "access_token", "refresh_token", "code_verifier"})
_SECRET_HEADERS: Final = frozenset({"authorization", "cookie"})
_SHOWN_FIELDS: Final = frozenset({"grant_type", "client_id", "redirect_uri"})
_PIECES: Final = 10


def make_server(port: int, *, demo_dir: Path | None = None, **options: Any) -> uvicorn.Server:
    """A server that is not running yet, on loopback only."""
    public_base = options.pop("public_base", f"http://localhost:{port}")
    state = FakeState(Options(public_base=public_base, **options), demo_dir=demo_dir)
    config = uvicorn.Config(
        FakeServerApp(state),
        host=HOST,
        port=port,
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


@contextmanager
def running_fake_tone3000(
    port: int = 0, *, demo_dir: Path | None = None, **options: Any
) -> Iterator[FakeServer]:
    """The fake server in a thread; ``port`` 0: a free one. Gives the handle that drives it."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        port = listener.getsockname()[1]
        server = make_server(port, demo_dir=demo_dir, **options)
        thread = threading.Thread(
            target=server.run, args=([listener],), name="tone3000-fake", daemon=True
        )
        thread.start()
        try:
            _wait_until_started(server, thread)
            with FakeServer(f"http://localhost:{port}") as handle:
                yield handle
        finally:
            server.should_exit = True
            thread.join(_START_TIMEOUT_S)


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline_s:
            raise RuntimeError("the fake Tone 3000 did not start")
        time.sleep(0.01)


class FakeServerApp:
    def __init__(self, state: FakeState) -> None:
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = await _read(scope, receive)
        if request.path.startswith(control.PREFIX):
            await _write(control.control(self.state, request), send)
            return
        entry = _log_entry(request)
        self.state.requests.append(entry)
        response = await self._respond(request)
        entry["status"] = response.status
        await _write(response, send)

    async def _respond(self, request: Request) -> Response:
        failure = self.state.take_failure(request.path)
        if failure is not None:
            await asyncio.sleep(failure.delay_s)
            if failure.status is not None:
                headers = {"content-type": "application/json", **failure.headers}
                return Response(failure.status, failure.body.encode(), headers)
        return _route(self.state, request)


def _route(state: FakeState, request: Request) -> Response:
    path = request.path
    if not path.startswith("/api/"):
        return _page(state, request)
    if "//" in path:
        state.note("double_slash", path)
        query = f"?{request.query_string}" if request.query_string else ""
        return redirect(f"{state.options.public_base}{_SLASHES.sub('/', path)}{query}", 308)
    if not request.headers.get("user-agent"):
        state.note("missing_user_agent", path)
    if path == "/api/v1/oauth/authorize" and request.method in ("GET", "POST"):
        return authorize(state, request)
    if path == "/api/v1/oauth/token" and request.method == "POST":
        return token(state, request)
    if path.startswith(resources.PREFIX):
        return resources.resource(state, request)
    return error(404, "not_found")


def _page(state: FakeState, request: Request) -> Response:
    """For eyes: a front page, the pages that tones link to, pictures; and the storage host."""
    path = _SLASHES.sub("/", request.path)
    if path.startswith(STORAGE_PREFIX):
        return stored_file(state, request)
    if path == "/":
        return html_response(200, responses.front_page(request.cookie(COOKIE)))
    if path == "/sign-out":
        back = request.headers.get("referer", "/")
        return redirect(back, set_cookie=f"{COOKIE}=; Path=/; Max-Age=0")
    if path.startswith("/images/") and path.endswith(".svg"):
        name = path.removeprefix("/images/").removesuffix(".svg")
        is_person = not name.isdecimal()
        number = len(name) * 3 if is_person else int(name)
        svg = responses.picture(number, is_person=is_person)
        return Response(200, svg.encode(), {"content-type": "image/svg+xml"})
    tone_id = path.rpartition("-")[2]
    tone = state.catalog.tones.get(int(tone_id)) if tone_id.isdecimal() else None
    if tone is not None and tone.is_public:
        return html_response(200, responses.tone_page(tone))
    if path.strip("/") in state.catalog.users:
        return html_response(
            200, responses.document(path.strip("/"), f"<h1>{path.strip('/')}</h1>")
        )
    return html_response(404, responses.document("Not here", "<h1>Not here</h1>"))


def _log_entry(request: Request) -> dict[str, Any]:
    """What was asked, without secrets: those are shown as the beginning of their SHA-256."""
    form = request.form
    return {
        "method": request.method,
        "path": request.path,
        "query": _masked(dict(parse_qsl(request.query_string, keep_blank_values=True))),
        "body_keys": sorted(form),
        "body": {name: form[name] for name in sorted(form) if name in _SHOWN_FIELDS},
        "headers": {
            name: mask(value) if name in _SECRET_HEADERS else value
            for name, value in request.headers.items()
        },
        "user_agent": request.headers.get("user-agent", ""),
        "status": None,
    }


def _masked(params: dict[str, str]) -> dict[str, str]:
    return {
        name: mask(value) if name in _SECRET_PARAMS else value for name, value in params.items()
    }


def mask(secret: str) -> str:
    """Enough to tell two apart. The scheme of an Authorization header stays readable."""
    scheme, _, rest = secret.rpartition(" ")
    digest = hashlib.sha256(rest.encode()).hexdigest()[:8]
    return f"{scheme} …{digest}".strip()


async def _read(scope: Scope, receive: Receive) -> Request:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return Request(
        method=scope["method"],
        path=scope["path"],
        query_string=scope["query_string"].decode("latin-1"),
        headers={
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        },
        body=body,
    )


async def _write(response: Response, send: Send) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in response.headers.items()
    ]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    body = response.body[: response.num_bytes_sent]
    if response.duration_s:
        step = max(1, -(-len(body) // _PIECES))
        for start in range(0, len(body), step):
            await asyncio.sleep(response.duration_s / _PIECES)
            piece = body[start : start + step]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        body = b""
    await send({"type": "http.response.body", "body": body})

"""A token endpoint over real HTTP that answers as it is told, and remembers what it was asked.

For what a fake server of the whole of Tone 3000 would not do: nonsense, silence, slowness.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

USER_ID = "00000000-0000-4000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class Call:
    path: str
    form: dict[str, str]
    headers: dict[str, str]


@dataclass
class Endpoint:
    """Issues numbered pairs; a refresh token works once. ``answers`` overrides the next ones."""

    address: str = ""
    calls: list[Call] = field(default_factory=list)
    answers: list[tuple[int, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    lifetime_s: Any = 3600
    user: Any = field(default_factory=lambda: {"id": USER_ID, "username": "alice_tones"})
    current_refresh: str = ""
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def issue(self) -> dict[str, Any]:
        number = next(self._numbers)
        self.current_refresh = f"refresh-{number}"
        return {
            "access_token": f"access-{number}",
            "refresh_token": self.current_refresh,
            "token_type": "bearer",
            "expires_in": self.lifetime_s,
        }

    @property
    def refreshes(self) -> list[Call]:
        return [call for call in self.calls if call.form.get("grant_type") == "refresh_token"]

    def answer(self, call: Call) -> tuple[int, Any]:
        with self._lock:
            self.calls.append(call)
            if self.answers:
                return self.answers.pop(0)
            if call.path.endswith("/user"):
                return 200, self.user
            is_refresh = call.form.get("grant_type") == "refresh_token"
            if is_refresh and call.form["refresh_token"] != self.current_refresh:
                return 400, {"error": "invalid_grant"}
            return 200, self.issue()


@contextmanager
def running_endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            form = {name: values[-1] for name, values in parse_qs(body, True).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, data = endpoint.answer(Call(self.path, form, headers))
            time.sleep(endpoint.delay_s)
            content = data if isinstance(data, bytes) else json.dumps(data).encode()
            try:
                self.send_response(status)
                for name, value in endpoint.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except ConnectionError:
                pass  # the caller lost patience, which is what some tests are about

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.address = f"http://127.0.0.1:{server.server_port}/api/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

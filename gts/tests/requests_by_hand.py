"""Requests to an ASGI application, message by message: half of a body, or one that never ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gts.web.scopes import ASGIApplication


@dataclass
class Request:
    """``chunks``: what comes of the body, ``is_whole``: and that is all of it; otherwise the client
    stays, and sends no more."""

    path: str = "/"
    method: str = "GET"
    headers: Sequence[tuple[bytes, bytes]] = ()
    chunks: Sequence[bytes] = (b"",)
    is_whole: bool = True
    sent: list[Any] = field(default_factory=list)
    num_taken: int = 0
    num_taken_before_answer: int = 0

    async def send_to(self, application: ASGIApplication) -> Request:
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"localhost"), *self.headers],
            "client": ["127.0.0.1", 1],
            "server": ["127.0.0.1", 8000],
        }
        await application(scope, self._receive, self._send)
        return self

    async def _receive(self) -> Any:
        if self.num_taken == len(self.chunks):
            await asyncio.Event().wait()
        self.num_taken += 1
        is_last = self.is_whole and self.num_taken == len(self.chunks)
        chunk = self.chunks[self.num_taken - 1]
        return {"type": "http.request", "body": chunk, "more_body": not is_last}

    async def _send(self, message: Any) -> None:
        if not self.sent:
            self.num_taken_before_answer = self.num_taken
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def error(self) -> Any:
        return json.loads(self.body)

    def header(self, name: bytes) -> bytes | None:
        return dict(self.sent[0]["headers"]).get(name)


def upload(*, announced: int | None, chunks: Sequence[bytes] = (), **more: Any) -> Request:
    """A POST of a file. ``announced``: its Content-Length; None: it comes in chunks."""
    length = [] if announced is None else [(b"content-length", str(announced).encode())]
    headers = [(b"content-type", b"application/octet-stream"), *length, *more.pop("headers", ())]
    return Request("/api/v1/di-tracks/", "POST", headers, chunks, **more)

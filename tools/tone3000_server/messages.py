"""Requests and answers as the parts of the fake server see them: plain data, no server."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Request:
    """``headers``: names in lower case. ``path``: decoded, with the slashes it came with."""

    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """Of a form body; empty when it is none."""
        if self.content_type != "application/x-www-form-urlencoded":
            return {}
        return dict(parse_qsl(self.body.decode("latin-1"), keep_blank_values=True))

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def bearer(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def cookie(self, name: str) -> str:
        for part in self.headers.get("cookie", "").split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return value
        return ""


@dataclass(slots=True)
class Response:
    """``num_bytes_sent`` below the length of the body: the connection breaks there.

    ``duration_s``: over how long the body is spread.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    num_bytes_sent: int | None = None
    duration_s: float = 0.0


def json_response(status: int, document: Any, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(
        status,
        json.dumps(document).encode(),
        {"content-type": "application/json; charset=utf-8", **named},
    )


def error(status: int, code: str, description: str = "", **headers: str) -> Response:
    document = {"error": code}
    if description:
        document["error_description"] = description
    return json_response(status, document, **headers)


def html_response(status: int, html: str) -> Response:
    return Response(status, html.encode(), {"content-type": "text/html; charset=utf-8"})


def redirect(address: str, status: int = 302, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, b"", {"location": address, **named})

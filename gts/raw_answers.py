"""Errors that are answered outside of Django, in the same shapes and with the same headers."""

from __future__ import annotations

import json

from django.template.loader import render_to_string

from gts.errors import error_body
from gts.request_id import HEADER
from gts.security import scope_headers
from gts.websocket_auth import Scope, Send
from jobs.log_context import current_request_id


async def send_error(
    scope: Scope, send: Send, *, status: int, code: str, message: str, template: str
) -> None:
    """A page for browsers, else JSON; with the id of the request that this is within."""
    if _wants_page(scope):
        content, content_type = render_to_string(template).encode(), b"text/html; charset=utf-8"
    else:
        content = json.dumps(error_body(code, message)).encode()
        content_type = b"application/json"
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (HEADER.lower().encode(), current_request_id().encode()),
        *scope_headers(scope),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _wants_page(scope: Scope) -> bool:
    """A form that a browser sends by itself; scripts and programs read JSON."""
    accepted = b",".join(value for name, value in scope["headers"] if name.lower() == b"accept")
    return b"text/html" in accepted and not scope["path"].startswith("/api/")

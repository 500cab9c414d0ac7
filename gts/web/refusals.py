"""Answers of the layers before Django: an error in the one shape, as JSON or as a page."""

from __future__ import annotations

import asyncio
import json
import math
import secrets
from functools import cache
from typing import Any, Final

from django.template.loader import render_to_string

from gts.web.asgi_types import Receive, Scope, Send
from gts.web.error_answers import error_body
from gts.web.errors import AppError
from gts.web.request_context import current_request_id, within_request
from gts.web.request_id import HEADER
from gts.web.request_metrics import figures
from gts.web.security import scope_headers

# A client that is cut off while it sends sees a broken connection and not the answer. So what
# still comes is read and thrown away, for a moment.
_DRAINED_BYTES: Final = 16 * 1024 * 1024
_DRAINED_S: Final = 2.0

_Message = dict[str, Any]


async def refuse(
    scope: Scope, send: Send, error: AppError, *, template: str = "error.html"
) -> None:
    """Answer ``error`` and count it; nothing more of the body is to come."""
    _count(scope, error)
    await send_error(scope, send, error, template=template)


def refusal(scope: Scope, error: AppError) -> tuple[_Message, bytes]:
    """``error``, counted, as the message that starts the answer, and its content; for a server
    that has no application to ask yet. ``scope`` needs no more than has come of the request."""
    _count(scope, error)
    return _answer(scope, error, "error.html")


async def send_error(scope: Scope, send: Send, error: AppError, *, template: str) -> None:
    """A page for browsers, else JSON; with the id of the request that this is within, if any."""
    start, content = _answer(scope, error, template)
    await send(start)
    await send({"type": "http.response.body", "body": content})


async def refuse_body(scope: Scope, receive: Receive, send: Send, error: AppError) -> None:
    """Answer ``error`` while the body is still coming, and close the connection after that."""
    _count(scope, error)
    start, content = _answer(scope, error, "error.html")
    start["headers"].append((b"connection", b"close"))
    await send(start)
    await send({"type": "http.response.body", "body": content, "more_body": True})
    try:
        async with asyncio.timeout(_DRAINED_S):
            await _drain(receive)
    except TimeoutError:
        pass  # it is not heard to the end
    await send({"type": "http.response.body", "body": b""})


async def _drain(receive: Receive) -> None:
    num_bytes = 0
    while num_bytes <= _DRAINED_BYTES:
        message = await receive()
        num_bytes += len(message.get("body", b""))
        if not message.get("more_body", False):
            return


def _answer(scope: Scope, error: AppError, template: str) -> tuple[_Message, bytes]:
    request_id = current_request_id() or secrets.token_hex(16)
    if _wants_page(scope):
        content, content_type = _page(template, error.status, error.message), b"text/html"
        content_type += b"; charset=utf-8"
    else:
        with within_request(request_id):
            body = error_body(error.code, error.message, error.details)
        content, content_type = json.dumps(body).encode(), b"application/json"
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (HEADER.lower().encode(), request_id.encode()),
        *scope_headers(scope),
    ]
    wait_s: float | None = getattr(error, "wait", None)
    if wait_s is not None:
        headers.append((b"retry-after", str(math.ceil(wait_s)).encode()))
    if error.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="api"'))
    return {"type": "http.response.start", "status": error.status, "headers": headers}, content


def _count(scope: Scope, error: AppError) -> None:
    figures.answered(scope.get("method", ""), error.status, 0.0)
    figures.refused(error.code)


def _wants_page(scope: Scope) -> bool:
    """A form that a browser sends by itself; scripts and programs read JSON."""
    accepted = b",".join(value for name, value in scope["headers"] if name.lower() == b"accept")
    return b"text/html" in accepted and not scope["path"].startswith("/api/")


@cache
def _page(template: str, status: int, message: str) -> bytes:
    """Kept, because it is needed when there is least time for it."""
    return render_to_string(template, {"title": message, "status": status}).encode()

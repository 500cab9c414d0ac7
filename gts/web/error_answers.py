"""The one JSON shape of every error, and errors as answers: for programs, and as pages.

``answer_of`` is for what is inside Django, ``refuse`` and the others with a scope for the layers
before it.
"""

from __future__ import annotations

import asyncio
import json
import math
import secrets
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from gts.web.errors import AppError, ErrorDetail
from gts.web.headers import scope_headers
from gts.web.request_id import HEADER, current_request_id, within_request
from gts.web.request_metrics import figures
from gts.web.scopes import Receive, Scope, Send

INTERNAL_MESSAGE: Final = (
    "Something went wrong on our side. Please name the request id when you report it."
)
# Errors listed in one response. More do not help, and would make it larger than the request.
MAX_DETAILS: Final = 100
# What is told may repeat what was sent, and that may be long. In characters: of one message and of
# one name in a pointer; in bytes: of all details together.
_MAX_MESSAGE: Final = 400
_MAX_NAME: Final = 50
_MAX_IN_ALL: Final = 80_000
# Of what is longer: its first and its last words, which say what is wrong with it.
_HEAD: Final = 60
_TAIL: Final = 40

# A client that is cut off while it sends sees a broken connection and not the answer. So what
# still comes is read and thrown away, for a moment.
_DRAINED_BYTES: Final = 16 * 1024 * 1024
_DRAINED_S: Final = 2.0

_Message = dict[str, Any]


def error_body(code: str, message: str, details: Iterable[ErrorDetail] = ()) -> dict[str, Any]:
    """What clients get for anything that goes wrong. ``message`` is for people: no internals."""
    left = iter(details)
    listed = list(_first(left))
    message = shortened(message)
    if num_more := sum(1 for _ in left):
        message = f"{message} The first {len(listed)} are listed, {num_more} more are not."
    return {
        "code": code,
        "message": message,
        "details": listed,
        "request_id": current_request_id(),
    }


def _first(details: Iterator[ErrorDetail]) -> Iterator[dict[str, str]]:
    """As many as are told; the others are left in ``details``."""
    room = _MAX_IN_ALL
    for detail in islice(details, MAX_DETAILS):
        told = _told(detail)
        yield told
        room -= len(json.dumps(told))
        if room <= 0:
            return


def _told(detail: ErrorDetail) -> dict[str, str]:
    return {
        "pointer": _short_pointer(detail.pointer),
        "code": detail.code,
        "message": shortened(detail.message),
    }


def shortened(message: str) -> str:
    """``message`` without its middle, if it is long."""
    if len(message) <= _MAX_MESSAGE:
        return message
    return f"{message[:_HEAD]}…{message[-_TAIL:]}"


def _short_pointer(pointer: str) -> str:
    """With each name cut that is long: what has such a name is no field of ours."""
    return "/".join(
        name if len(name) <= _MAX_NAME else f"{name[:_MAX_NAME].removesuffix('~')}…"
        for name in pointer.split("/")
    )


def json_error(
    status: int, code: str, message: str, details: Iterable[ErrorDetail] = ()
) -> JsonResponse:
    return JsonResponse(error_body(code, message, details), status=status)


def is_for_programs(request: HttpRequest) -> bool:
    """Programs get JSON: everything below the API, and clients that do not take HTML."""
    return request.path_info.startswith("/api/") or not request.accepts("text/html")


def answer_of(request: HttpRequest, error: AppError) -> HttpResponse:
    """``error`` for who asks by ``request``, as JSON or as a page."""
    if is_for_programs(request):
        answer: HttpResponse = json_error(error.status, error.code, error.message, error.details)
    elif error.status == 404:
        answer = error_page(404, "404.html")
    else:
        answer = error_page(
            error.status, "error.html", title=shortened(error.message), status=error.status
        )
    wait_s: float | None = getattr(error, "wait", None)
    if wait_s is not None:
        answer.headers["Retry-After"] = str(math.ceil(wait_s))
    return answer


def error_page(status_code: int, template: str, **context: Any) -> HttpResponse:
    """Rendered without the request: what has failed may be what it would ask for."""
    return HttpResponse(render_to_string(template, context), status=status_code)


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

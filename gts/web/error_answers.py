"""The one JSON shape of every error, and errors as answers: for programs, and as pages."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from gts.web.errors import AppError, ErrorDetail
from gts.web.request_context import current_request_id

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

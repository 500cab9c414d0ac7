"""The one JSON shape of every error, and how errors outside of the REST framework come to it."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from accounts.database import is_database_away
from accounts.errors import AppError, DiskFullError, ErrorDetail, UnavailableError
from gts.hosts import CODE as UNKNOWN_HOST
from gts.hosts import unknown_host
from jobs.log_context import current_request_id
from jobs.pipeline.files import is_disk_full
from jobs.stores import StorageAwayError

INTERNAL_MESSAGE: Final = (
    "Something went wrong on our side. Please name the request id when you report it."
)
logger = logging.getLogger(__name__)

_DATABASE_WAIT_S: Final = 5.0
_DISK_FULL_WAIT_S: Final = 60.0


def error_body(code: str, message: str, details: Iterable[ErrorDetail] = ()) -> dict[str, Any]:
    """What clients get for anything that goes wrong. ``message`` is for people: no internals."""
    return {
        "code": code,
        "message": message,
        "details": [
            {"pointer": detail.pointer, "code": detail.code, "message": detail.message}
            | ({"existing_id": detail.existing_id} if detail.existing_id else {})
            for detail in details
        ],
        "request_id": current_request_id(),
    }


def json_error(
    status: int, code: str, message: str, details: Iterable[ErrorDetail] = ()
) -> JsonResponse:
    return JsonResponse(error_body(code, message, details), status=status)


def is_for_programs(request: HttpRequest) -> bool:
    """Programs get JSON: everything below the API, and whoever does not take HTML."""
    return request.path_info.startswith("/api/") or not request.accepts("text/html")


def trouble_as_answer(error: BaseException) -> AppError | None:
    """What to answer when something that GTS runs on is away or full; ``None``: it is no such
    thing. The reason is for the log."""
    if isinstance(error, StorageAwayError):
        logger.warning("the storage is away: %s", error)
        message = "Files cannot be reached just now. Try again later."
        return UnavailableError(message, code="STORAGE_UNAVAILABLE", wait=StorageAwayError.wait)
    if is_disk_full(error):
        logger.error("a disk is full, free some of it or move TMPDIR: %s", error)
        return DiskFullError(
            "The server has no room for temporary files. Its operator has to free the disk of "
            "TMPDIR, or to name a larger one; then try again.",
            wait=_DISK_FULL_WAIT_S,
        )
    if is_database_away(error):
        logger.warning("the database gives no connection, or has lost it: %s", error)
        message = "The database has no time for this just now. Try again in a few seconds."
        return UnavailableError(message, code="DATABASE_UNAVAILABLE", wait=_DATABASE_WAIT_S)
    return None


class AppErrorMiddleware:
    """Answers an ``AppError`` that left a plain Django view. API views never get this far."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        # In async mode this is a coroutine, which the caller awaits.
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        answer = error if isinstance(error, AppError) else trouble_as_answer(error)
        return None if answer is None else answer_of(request, answer)


def answer_of(request: HttpRequest, error: AppError) -> HttpResponse:
    """``error`` for who asks by ``request``, as JSON or as a page."""
    if is_for_programs(request):
        answer: HttpResponse = json_error(error.status, error.code, error.message, error.details)
    elif error.status == 404:
        answer = error_page(404, "404.html")
    else:
        answer = error_page(error.status, "error.html", title=error.message, status=error.status)
    wait_s: float | None = getattr(error, "wait", None)
    if wait_s is not None:
        answer.headers["Retry-After"] = str(math.ceil(wait_s))
    return answer


def error_page(status_code: int, template: str, **context: Any) -> HttpResponse:
    """Rendered without the request: what has failed may be what it would ask for."""
    return HttpResponse(render_to_string(template, context), status=status_code)


# The handlers that gts.urls names.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost):
        host = unknown_host(request.META.get("HTTP_HOST", ""))
        if is_for_programs(request):
            return json_error(400, UNKNOWN_HOST, host.message)
        return error_page(400, "unknown_host.html", host=host)
    if is_for_programs(request):
        return json_error(400, "BAD_REQUEST", "This request cannot be understood.")
    return error_page(400, "400.html")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    # What is not yours does not exist for you.
    if is_for_programs(request):
        return json_error(404, "NOT_FOUND", "There is no such thing here.")
    return error_page(403, "403.html")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if is_for_programs(request):
        return json_error(403, "CSRF_FAILED", "The token against forged requests is missing.")
    return error_page(403, "403.html")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_for_programs(request):
        return json_error(404, "NOT_FOUND", "There is no such thing here.")
    return error_page(404, "404.html")


def server_error(request: HttpRequest) -> HttpResponse:
    """Also of what went wrong around a view, in a middleware: there it may be trouble as well."""
    error = sys.exc_info()[1]
    trouble = None if error is None else trouble_as_answer(error)
    if trouble is not None:
        return answer_of(request, trouble)
    if is_for_programs(request):
        return json_error(
            500,
            "INTERNAL",
            INTERNAL_MESSAGE,
        )
    return error_page(500, "500.html")

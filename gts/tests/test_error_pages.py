"""Pages about errors, whatever has failed; and names that this server does not answer to."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import DisallowedHost, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from gts import errors
from gts.asgi import application
from gts.web.bodies import BodyLimit
from gts.web.errors import ConflictError, LimitError, TooLargeError, UnavailableError
from gts.web.hosts import unknown_host
from jobs.context_processors import notifications

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def bare_request(**headers: str) -> HttpRequest:
    """As before any middleware: no session, no user, no messages."""
    return RequestFactory().get("/page/", headers={**BROWSER, **headers})


# No test here asks for a database, so that one that is needed is an error.
@pytest.mark.parametrize("status_code", [400, 403, 404, 409, 413, 429, 500, 503])
def test_pages_about_errors_need_nothing(status_code: int) -> None:
    request = bare_request()
    middleware = errors.AppErrorMiddleware(lambda request: HttpResponse())
    answers: dict[int, Callable[[], HttpResponse | None]] = {
        400: lambda: errors.bad_request(request, SuspiciousOperation("secret")),
        403: lambda: errors.permission_denied(request, PermissionDenied("secret")),
        404: lambda: errors.page_not_found(request, Http404("secret")),
        409: lambda: middleware.process_exception(request, ConflictError("Not <b>now</b>.")),
        413: lambda: middleware.process_exception(request, TooLargeError("Too large.")),
        429: lambda: middleware.process_exception(request, LimitError("Enough.")),
        500: lambda: errors.server_error(request),
        503: lambda: middleware.process_exception(request, UnavailableError("Away.")),
    }
    answer = answers[status_code]()
    assert answer is not None
    page = answer.content.decode()
    assert answer.status_code == status_code
    assert answer["Content-Type"].startswith("text/html")
    assert f">{status_code}</p>" in page
    assert "secret" not in page
    assert "<b>" not in page
    assert "None" not in page


def test_a_forged_form_is_refused_with_a_page_or_json() -> None:
    assert errors.csrf_failure(bare_request()).status_code == 403
    answer = errors.csrf_failure(bare_request(Accept="application/json"), reason="secret")
    assert json.loads(answer.content)["code"] == "CSRF_FAILED"


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login/", {"username": "x"}, headers=BROWSER)
    assert answer.status_code == 403
    assert b"This request was refused." in answer.content


def test_pages_show_what_they_can_without_a_user() -> None:
    assert notifications(bare_request()) == {}


async def test_an_upload_that_is_too_large_gets_a_page_or_json() -> None:
    for accept, path, kind in (
        (b"text/html", "/di/", b"text/html; charset=utf-8"),
        (b"text/html", "/api/v1/di-tracks/", b"application/json"),
        (b"*/*", "/di/", b"application/json"),
    ):
        headers = [(b"accept", accept), (b"content-length", b"9999999999999")]
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any, sent: list[Any] = sent) -> None:
            sent.append(message)

        async def never(*_: Any) -> None:
            raise AssertionError("it was let through")

        scope = {"type": "http", "path": path, "headers": headers}
        await BodyLimit(never)(scope, receive, send)
        assert sent[0]["status"] == 413
        assert dict(sent[0]["headers"])[b"content-type"] == kind


# Unknown names ------------------------------------------------------------------------------------


@pytest.fixture(params=["embedded", "production"])
def mode(request: pytest.FixtureRequest, settings: Settings) -> str:
    settings.IS_EMBEDDED = request.param == "embedded"
    settings.ALLOWED_HOSTS = ["localhost"]
    settings.SECURE_SSL_REDIRECT = False
    return str(request.param)


def test_an_unknown_name_is_a_page_that_says_so(mode: str) -> None:
    answer = Client(raise_request_exception=False).get(
        "/", headers={**BROWSER, "Host": "gts.lan:8000"}
    )
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "<strong>gts.lan:8000</strong>" in page
    # Only who may well be its operator is told how it is set up.
    advice = "start GTS with <code>GTS_ALLOWED_HOSTS=gts.lan</code>"
    assert (advice in page) == (mode == "embedded")
    assert "make run" not in page  # its HOST and PORT are not known here
    assert ("GTS_ALLOWED_HOSTS" in page) == (mode == "embedded")


def test_an_unknown_name_is_json_for_programs(mode: str) -> None:
    answer = Client(raise_request_exception=False).get(
        "/api/v1/me/", headers={"Host": "gts.lan", "X-Request-ID": "r-1"}
    )
    error = answer.json()
    assert answer.status_code == 400
    assert set(error) == {"code", "message", "details", "request_id"}
    assert (error["code"], error["request_id"]) == ("UNKNOWN_HOST", "r-1")
    assert "“gts.lan”" in error["message"]
    assert ("GTS_ALLOWED_HOSTS" in error["message"]) == (mode == "embedded")


@pytest.mark.parametrize(
    "header",
    ["<script>alert(1)</script>", "x" * 5000, "a_b", "", "evil\x1b[2J.example", "[::", "ü"],
)
def test_a_name_is_shown_short_and_harmless(header: str, settings: Settings) -> None:
    settings.IS_EMBEDDED = True
    answer = errors.bad_request(bare_request(Host=header), DisallowedHost())
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert len(page) < 5000
    assert len(unknown_host(header).message) < 300


def test_the_log_names_our_setting_in_one_line(mode: str, caplog: pytest.LogCaptureFixture) -> None:
    Client(raise_request_exception=False).get("/", headers={"Host": "evil.example"})
    said = [record for record in caplog.records if "evil.example" in record.getMessage()]
    assert [record.name for record in said] == ["gts.web.hosts"]
    assert "GTS_ALLOWED_HOSTS" in said[0].getMessage()
    assert said[0].exc_info is None
    assert said[0].levelno == logging.WARNING


@pytest.mark.parametrize("can_answer", [True, False])
async def test_a_websocket_by_an_unknown_name_is_refused(
    can_answer: bool, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    scope = {
        "type": "websocket",
        "path": "/ws/notifications/",
        "headers": [(b"host", b"gts.lan:8000")],
        "extensions": {"websocket.http.response": {}} if can_answer else {},
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await application(scope, receive, send)
    if not can_answer:
        assert sent == [{"type": "websocket.close"}]
        return
    start, body = sent
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 400)
    assert dict(start["headers"])[b"x-content-type-options"] == b"nosniff"
    error = json.loads(body["body"])
    assert error["code"] == "UNKNOWN_HOST"
    assert error["request_id"]

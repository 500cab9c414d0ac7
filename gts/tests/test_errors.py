from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from pytest_django import Settings
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gts.web.api.serializers import BoundedList, BoundedListField, StrictSerializer
from gts.web.errors import (
    AppError,
    ConflictError,
    ErrorDetail,
    InvalidInputError,
    NotFoundError,
    UnauthorizedError,
)

_to_raise: list[Exception] = []


class BlockInput(StrictSerializer):
    slot = serializers.ChoiceField(choices=["amp"])
    gains = BoundedListField(child=serializers.IntegerField(), max_length=9, required=False)


class EchoInput(StrictSerializer):
    name = serializers.CharField(max_length=5)
    blocks = BoundedList(child=BlockInput(), max_length=10, required=False)
    id = serializers.CharField(read_only=True)


class EchoView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        raise _to_raise[-1]

    def post(self, request: Request) -> Response:
        data = EchoInput(data=request.data)
        data.is_valid(raise_exception=True)
        return Response(data.validated_data)


def plain(request: HttpRequest) -> HttpResponse:
    raise _to_raise[-1]


async def plain_async(request: HttpRequest) -> HttpResponse:
    raise _to_raise[-1]


urlpatterns = [
    path("api/echo/", EchoView.as_view()),
    path("api/plain/", plain),
    path("api/plain-async/", plain_async),
    path("page/", plain),
    path("", include("gts.urls")),
]
handler400 = "gts.errors.bad_request"
handler403 = "gts.errors.permission_denied"
handler404 = "gts.errors.page_not_found"
handler500 = "gts.errors.server_error"


@pytest.fixture(autouse=True)
def _urls(settings: Settings) -> Iterator[None]:
    settings.ROOT_URLCONF = __name__
    yield
    _to_raise.clear()


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False, HTTP_HOST="localhost")


def post(client: Client, data: Any) -> tuple[int, list[tuple[str, str]]]:
    body = data if isinstance(data, bytes) else json.dumps(data)
    answer = client.post("/api/echo/", body, content_type="application/json")
    error = answer.json()
    assert set(error) == {"code", "message", "details", "request_id"}
    return answer.status_code, [(d["pointer"], d["code"]) for d in error["details"]]


def test_every_mistake_of_the_input_is_pointed_at(client: Client) -> None:
    data = {
        "name": "too long",
        "id": "1",
        "a/b~c": 1,
        "blocks": [
            {"slot": "amp"},
            {"slot": "cab", "gains": [1, "x", 2.5], "extra": None},
            "no object",
        ],
    }
    status, details = post(client, data)
    assert status == 422
    assert sorted(details) == [
        ("/a~1b~0c", "UNKNOWN_FIELD"),
        ("/blocks/1/extra", "UNKNOWN_FIELD"),
        ("/blocks/1/gains/1", "INVALID"),
        ("/blocks/1/gains/2", "INVALID"),
        ("/blocks/1/slot", "INVALID_CHOICE"),
        ("/blocks/2", "INVALID"),
        ("/id", "READ_ONLY"),
        ("/name", "MAX_LENGTH"),
    ]


def test_a_body_that_is_no_object_is_invalid(client: Client) -> None:
    assert post(client, ["x"]) == (422, [("", "INVALID")])


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"name": "\\ud800"}',
        b"[" * 100_000,
        b'{"name": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_not_json_is_a_400(client: Client, body: bytes) -> None:
    assert post(client, body) == (400, [])


def test_a_body_over_the_limit_is_a_413(client: Client, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert post(client, {"name": "x" * 100}) == (413, [])


def test_null_characters_are_an_error_of_the_field(client: Client) -> None:
    assert post(client, {"name": "a\x00"}) == (422, [("/name", "NULL_CHARACTERS_NOT_ALLOWED")])


def test_other_kinds_of_content_are_a_415(client: Client) -> None:
    answer = client.post("/api/echo/", {"name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_other_methods_are_a_405(client: Client) -> None:
    answer = client.delete("/api/echo/")
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert "GET" in answer["Allow"]


class _Throttled(exceptions.Throttled):
    def __init__(self) -> None:
        super().__init__(wait=12.3)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404("/srv/secret"), 404, "NOT_FOUND"),
        (PermissionDenied("secret"), 404, "NOT_FOUND"),
        (exceptions.PermissionDenied("secret"), 404, "NOT_FOUND"),
        (exceptions.NotAuthenticated(), 401, "NOT_AUTHENTICATED"),
        (exceptions.AuthenticationFailed(), 401, "AUTHENTICATION_FAILED"),
        (_Throttled(), 429, "THROTTLED"),
        (SuspiciousOperation("secret"), 400, "BAD_REQUEST"),
        (ModelValidationError({"name": ["no"]}), 422, "INVALID"),
        (UnauthorizedError("Who?"), 401, "NOT_AUTHENTICATED"),
        (ConflictError("Now?", code="WRONG_STATE"), 409, "WRONG_STATE"),
        (NotFoundError("No."), 404, "NOT_FOUND"),
        (RuntimeError("secret"), 500, "INTERNAL"),
    ],
)
def test_errors_have_one_shape(client: Client, error: Exception, status: int, code: str) -> None:
    _to_raise.append(error)
    answer = client.get("/api/echo/", headers={"X-Request-ID": "abc-123"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["request_id"] == answer["X-Request-ID"] == "abc-123"
    assert answer.json()["message"]
    assert "secret" not in answer.content.decode()
    assert ("Retry-After" in answer) == (status == 429)
    assert ("WWW-Authenticate" in answer) == (status == 401)


def test_the_details_of_a_service_are_kept(client: Client) -> None:
    detail = ErrorDetail("/blocks/0", "NO_AMP", "An amp is needed.")
    _to_raise.append(InvalidInputError("An amp is needed.", details=[detail]))
    assert client.get("/api/echo/").json()["details"] == [
        {"pointer": "/blocks/0", "code": "NO_AMP", "message": "An amp is needed."}
    ]


def test_an_error_of_a_model_points_at_its_field(client: Client) -> None:
    _to_raise.append(ModelValidationError({"name": ["no"]}))
    assert client.get("/api/echo/").json()["details"][0]["pointer"] == "/name"


@pytest.mark.parametrize("address", ["/api/plain/", "/api/plain-async/"])
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConflictError("Not now."), 409),
        (Http404(), 404),
        (PermissionDenied(), 404),
        (SuspiciousOperation("secret"), 400),
        (RuntimeError("secret"), 500),
    ],
)
def test_plain_views_below_the_api_answer_alike(
    client: Client, address: str, error: Exception, status: int
) -> None:
    _to_raise.append(error)
    answer = client.get(address)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "message", "details", "request_id"}
    assert "secret" not in answer.content.decode()


async def test_async_views_on_an_event_loop_answer_alike(async_client: Any) -> None:
    _to_raise.append(AppError("Not like that."))
    answer = await async_client.get("/api/plain-async/", headers={"X-Request-ID": "loop"})
    assert (answer.status_code, answer.json()["request_id"]) == (400, "loop")
    assert answer["X-Request-ID"] == "loop"


def test_pages_get_pages(client: Client) -> None:
    _to_raise.append(NotFoundError("No."))
    answer = client.get("/page/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (404, "text/html")


def test_programs_get_json_from_pages(client: Client) -> None:
    _to_raise.append(NotFoundError("No."))
    answer = client.get("/page/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["get", "post", "delete"])
@pytest.mark.parametrize("address", ["/api/", "/api/v1/nothing/", "/api/v2/me/", "/api/x\x00y/"])
def test_unknown_addresses_below_the_api_are_json(
    client: Client, method: str, address: str
) -> None:
    answer = getattr(client, method)(address)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_a_forgotten_slash_is_forgiven_when_reading(client: Client) -> None:
    answer = client.get("/api/v1/me?x=1")
    assert (answer.status_code, answer["Location"]) == (301, "/api/v1/me/?x=1")
    assert client.get("/api/v1/nothing").status_code == 404
    assert client.patch("/api/v1/me").status_code == 404

"""What every view of the API shares: who asks, in which pages, with which errors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelValidationError
from django.core.paginator import Paginator
from django.http import Http404
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import authentication, exceptions, pagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.settings import api_settings
from rest_framework_simplejwt.authentication import JWTAuthentication as BaseJWTAuthentication
from rest_framework_simplejwt.tokens import Token

from accounts.errors import (
    AppError,
    ErrorDetail,
    InvalidInputError,
    NotFoundError,
    TooLargeError,
    UnauthorizedError,
)
from accounts.models import User
from accounts.selectors import access_token_read, token_user_get
from gts.errors import error_body

# Errors ------------------------------------------------------------------------------------------


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Every error in the one shape. ``None``: not an answer but a bug, which becomes a 500."""
    known = _as_app_error(error)
    if known is None:
        return None
    headers: dict[str, str] = {}
    if known.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="api"'
    wait_s: float | None = getattr(error, "wait", None)  # of a throttle
    if wait_s is not None:
        headers["Retry-After"] = str(math.ceil(wait_s))
    if isinstance(error, exceptions.MethodNotAllowed):
        headers["Allow"] = ", ".join(context["view"].allowed_methods)
    return Response(
        error_body(known.code, known.message, known.details), status=known.status, headers=headers
    )


def _as_app_error(error: Exception) -> AppError | None:
    match error:
        case AppError():
            return error
        case Http404() | PermissionDenied() | exceptions.PermissionDenied():
            # What is not yours does not exist for you: 404, never 403.
            return NotFoundError("There is no such thing here.")
        case RequestDataTooBig():
            return TooLargeError("The body of the request is too large.")
        case SuspiciousOperation():
            return AppError("This request cannot be understood.")
        case ModelValidationError():
            return _invalid(as_serializer_error(error))
        case exceptions.ValidationError():
            return _invalid(error.detail)
        case exceptions.APIException():
            return _from_api_exception(error)
        case _:
            return None


def _from_api_exception(error: exceptions.APIException) -> AppError:
    detail = error.detail
    if isinstance(detail, Mapping):  # the tokens of simplejwt explain themselves at length
        code, message = str(detail.get("code", "")), str(detail.get("detail", ""))
    else:
        code, message = str(getattr(detail, "code", "")), str(detail)
    known = AppError(message, code=(code or error.default_code).upper())
    known.status = error.status_code
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        known.status = 401  # the framework makes it a 403 where nothing can be challenged
    return known


def _invalid(detail: Any) -> InvalidInputError:
    details = tuple(_flatten(detail, ""))
    many = f"The input has {len(details)} mistakes."
    return InvalidInputError(details[0].message if len(details) == 1 else many, details=details)


def _flatten(detail: Any, pointer: str) -> Iterator[ErrorDetail]:
    """The leaves of a validation error, each with the JSON pointer to what it is about."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            is_about_all = key == api_settings.NON_FIELD_ERRORS_KEY
            yield from _flatten(value, pointer if is_about_all else f"{pointer}/{_escape(key)}")
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        for index, value in enumerate(detail):
            is_leaf = isinstance(value, str)
            yield from _flatten(value, pointer if is_leaf else f"{pointer}/{index}")
    else:
        code = str(getattr(detail, "code", None) or "invalid").upper()
        yield ErrorDetail(pointer, code, str(detail))


def _escape(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")  # RFC 6901


# Who asks ----------------------------------------------------------------------------------------


class JWTAuthentication(BaseJWTAuthentication):
    """``Authorization: Bearer`` with an access token that names its user by UUID."""

    def get_validated_token(self, raw_token: bytes) -> Token:
        return access_token_read(raw_token.decode("latin-1"))

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override]
        return token_user_get(validated_token)


class SessionAuthentication(authentication.SessionAuthentication):
    """The session of the web pages. Without a valid CSRF token it counts for nothing."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied as error:
            raise UnauthorizedError(
                "The CSRF token is missing or wrong.", code="CSRF_FAILED"
            ) from error


# Lists -------------------------------------------------------------------------------------------


class FilterBackend(DjangoFilterBackend):  # type: ignore[misc]  # it has no types
    """Filters of django-filter. A bad value is a 422 that names the filter."""


class PageNumberPagination(pagination.PageNumberPagination):
    """``?page=2&page_size=50``. A number that is none is a 422, a page past the last a 404."""

    page_size = 24
    max_page_size = 100
    page_size_query_param = "page_size"
    last_page_strings = ()

    def get_page_size(self, request: Request) -> int:
        return self._number(request, "page_size", default=self.page_size, highest=100)

    def get_page_number(self, request: Request, paginator: Paginator[Any]) -> int:
        return self._number(request, "page", default=1, highest=1_000_000_000)

    def _number(self, request: Request, name: str, *, default: int, highest: int) -> int:
        text = request.query_params.get(name)
        if text is None:
            return default
        # isdecimal() alone would let through digits of other scripts; len() bounds int().
        if text.isascii() and text.isdecimal() and len(text) < 11 and 1 <= int(text) <= highest:
            return int(text)
        message = f"A whole number from 1 to {highest} is needed."
        raise InvalidInputError(message, details=[ErrorDetail(f"/{name}", "INVALID", message)])

"""What every view of the API shares: who asks, in which pages, with which errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelValidationError
from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django_filters import CharFilter
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import authentication, exceptions
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework_simplejwt.authentication import JWTAuthentication as BaseJWTAuthentication
from rest_framework_simplejwt.tokens import Token

from accounts.models import PersonalAccessToken, TokenScope, User
from accounts.selectors import access_token_read, token_user_get
from accounts.tokens.personal import is_personal_token, personal_token_read
from gts.errors import trouble_as_answer
from gts.web.api.parsers import findings_in, invalid_input
from gts.web.error_answers import error_body
from gts.web.errors import (
    AppError,
    CSRFError,
    DuplicateError,
    ErrorDetail,
    InsufficientScopeError,
    InvalidInputError,
    NotFoundError,
    TooLargeError,
)

# Errors ------------------------------------------------------------------------------------------


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Every error in the one shape. ``None``: not an answer but a bug, which becomes a 500."""
    known = _as_app_error(error)
    if known is None:
        return None
    headers: dict[str, str] = {}
    if known.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="api"'
    # Of what is away or full, or of a throttle of the framework.
    wait_s: float | None = getattr(known, "wait", None) or getattr(error, "wait", None)
    if wait_s is not None:
        headers["Retry-After"] = str(math.ceil(wait_s))
    if isinstance(error, exceptions.MethodNotAllowed):
        headers["Allow"] = ", ".join(context["view"].allowed_methods)
    body = error_body(known.code, known.message, known.details)
    if isinstance(known, DuplicateError):
        uuid = known.existing.id
        url = reverse(f"api-{known.existing.resource}", args=[uuid])
        body["existing"] = {"id": str(uuid), "url": url}
    return Response(body, status=known.status, headers=headers)


def _as_app_error(error: Exception) -> AppError | None:
    match error:
        case AppError():
            return error
        case Http404() | PermissionDenied() | exceptions.PermissionDenied():
            # What is not yours does not exist for you: 404, never 403.
            return NotFoundError("Not found.")
        case RequestDataTooBig():
            return TooLargeError("The body of the request is too large.")
        case SuspiciousOperation():
            return AppError("This request cannot be understood.")
        case ModelValidationError():
            return invalid_input(tuple(findings_in(as_serializer_error(error))))
        case exceptions.ValidationError():
            return invalid_input(tuple(findings_in(error.detail)))
        case exceptions.APIException():
            return _from_api_exception(error)
        case _:
            return trouble_as_answer(error)


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


# Who asks ----------------------------------------------------------------------------------------


class JWTAuthentication(BaseJWTAuthentication):
    """``Authorization: Bearer`` with an access token that names its user by UUID."""

    def get_validated_token(self, raw_token: bytes) -> Token:
        return access_token_read(raw_token.decode("latin-1"))

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override]
        return token_user_get(validated_token)


class PersonalTokenAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer gts_pat_…``. With the scope *read* only for safe methods."""

    def authenticate(self, request: Request) -> tuple[User, PersonalAccessToken] | None:
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not is_personal_token(encoded.strip()):
            return None
        token = personal_token_read(encoded.strip())
        if token.scope != TokenScope.WRITE and request.method not in SAFE_METHODS:
            raise InsufficientScopeError(
                "This token may only read. Make one that may write on the Account page."
            )
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The session of the web pages; what it changes needs its CSRF token."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied as error:
            raise CSRFError("The CSRF token is missing or wrong.") from error


# Lists -------------------------------------------------------------------------------------------


class FilterBackend(DjangoFilterBackend):  # type: ignore[misc]  # it has no types
    """Filters of django-filter. A bad value is a 422 that names the filter.

    So is no value at all, except for text: it would be taken for no filter.
    """

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> Any:
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            return queryset
        details = [
            ErrorDetail(f"/{name}", "INVALID", "A value is needed.")
            for name, one in filterset.filters.items()
            if not isinstance(one, CharFilter) and "" in request.query_params.getlist(name)
        ]
        if details:
            raise InvalidInputError(details[0].message, details=details)
        return super().filter_queryset(request, queryset, view)

    def get_filterset_kwargs(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> dict[str, Any]:
        """Without ``format=json``, which is how an answer is wanted and not which captures."""
        kwargs: dict[str, Any] = super().get_filterset_kwargs(request, queryset, view)
        if kwargs["data"].get("format") == "json":
            kwargs["data"] = kwargs["data"].copy()
            del kwargs["data"]["format"]
        return kwargs

"""Where one is logged in, over the API."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework_simplejwt.tokens import Token

from accounts.models import User
from accounts.selectors import FAMILY_CLAIM
from accounts.sessions.logins import (
    CurrentLogin,
    LoginKind,
    current_login,
    login_end,
    logins_end_others,
    logins_list,
)
from gts.web.api.views import APIView
from gts.web.client_ip import client_address


class SessionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(
        choices=LoginKind.choices,
        help_text="browser: a session; program: a pair of tokens, and all that it was traded for",
    )
    name = serializers.CharField(help_text="of the browser or program, as it says; may be empty")
    address = serializers.CharField(
        allow_null=True, help_text="where a browser logged in, where a program was last"
    )
    started_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(
        allow_null=True, help_text="of a program: when it last traded its tokens"
    )
    expires_at = serializers.DateTimeField()
    is_current = serializers.BooleanField(help_text="the one by which this was asked")


class LoginListView(APIView):
    @extend_schema(
        operation_id="session_list",
        tags=["accounts"],
        responses=SessionOutput(many=True),
        summary="Where I am logged in: the current one first, then the newest",
        description="At most 100 browsers and 100 programs. Personal access tokens are no logins: "
        "`me/tokens/` has them.",
    )
    def get(self, request: Request) -> Response:
        found = logins_list(cast(User, request.user), _current(request))
        return Response(SessionOutput(found, many=True).data)

    @extend_schema(
        operation_id="session_end_others",
        tags=["accounts"],
        responses={204: None},
        summary="End all my sessions and programs but the one by which this is asked",
    )
    def delete(self, request: Request) -> Response:
        logins_end_others(
            user=cast(User, request.user),
            current=_current(request),
            address=client_address(request._request),
        )
        return Response(status=204)


class LoginEndView(APIView):
    @extend_schema(
        operation_id="session_end",
        tags=["accounts"],
        responses={204: None},
        summary="End one of my sessions or programs, at once",
    )
    def delete(self, request: Request, uuid: UUID) -> Response:
        address = client_address(request._request)
        login_end(user=cast(User, request.user), login_id=uuid, address=address)
        return Response(status=204)


def _current(request: Request) -> CurrentLogin:
    if request.auth is None:
        return current_login(request._request)
    if isinstance(request.auth, Token):
        return CurrentLogin(family=str(request.auth.get(FAMILY_CLAIM) or ""))
    return CurrentLogin()

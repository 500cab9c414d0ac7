"""The API of accounts: tokens, the profile of who asks, and where one is logged in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final, NoReturn, cast
from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework_simplejwt.tokens import Token

from accounts import audit
from accounts.models import AUDIO_INTERFACE_KEY, AuditAction, User
from accounts.personal_data import export_chunks, user_erase
from accounts.quotas import quotas_get
from accounts.selectors import FAMILY_CLAIM
from accounts.services import user_update
from accounts.sessions.logins import (
    CurrentLogin,
    LoginKind,
    current_login,
    login_end,
    logins_end_others,
    logins_list,
)
from accounts.sessions.store import browser_name
from accounts.tokens.families import token_pair_create, token_pair_rotate, token_revoke
from gts.web.api.serializers import StrictSerializer
from gts.web.api.throttles import TokenThrottle
from gts.web.api.views import APIView
from gts.web.client_ip import client_address
from gts.web.database import in_database
from gts.web.errors import SessionNeededError

# By what a request may be proved. The settings name the classes: nothing here imports gts.
_SCHEMES: Final = cast(
    Sequence[type[BaseAuthentication]], api_settings.DEFAULT_AUTHENTICATION_CLASSES
)
# For what makes tokens: one that leaked must not live on in others.
BY_SESSION: Final = [scheme for scheme in _SCHEMES if issubclass(scheme, SessionAuthentication)]
_BY_TOKEN: Final = [scheme for scheme in _SCHEMES if scheme not in BY_SESSION]


class MakesTokens(APIView):
    """Tells who has a good token that a session is needed (403), and not that nothing was sent."""

    def permission_denied(
        self, request: Request, message: str | None = None, code: str | None = None
    ) -> NoReturn:
        if not request.successful_authenticator:
            for scheme in _BY_TOKEN:
                if scheme().authenticate(request) is not None:
                    raise SessionNeededError(
                        "A token cannot make tokens: log in with a browser, and make one there."
                    )
        super().permission_denied(request, message, code)


class TokenRefreshInput(StrictSerializer):
    refresh = serializers.CharField(max_length=4096, trim_whitespace=False)


class TokenPairOutput(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="for the header Authorization: Bearer")
    refresh = serializers.CharField(help_text="buys the next pair, once")


class MeUpdateInput(StrictSerializer):
    display_name = serializers.CharField(max_length=100, allow_blank=True, required=False)
    audio_interface = serializers.RegexField(
        AUDIO_INTERFACE_KEY,
        max_length=80,
        allow_blank=True,
        required=False,
        help_text="key of the audio interface used last, as audio-interfaces/ has it; empty: none",
    )


class MeDeleteInput(StrictSerializer):
    confirm = serializers.CharField(
        max_length=100, trim_whitespace=False, help_text="the user name, typed again"
    )


class QuotasOutput(serializers.Serializer[Any]):
    storage_used_bytes = serializers.IntegerField(help_text="DI tracks, captures, rendered files")
    storage_limit_bytes = serializers.IntegerField(allow_null=True, help_text="null: no limit")
    renders_used_per_day = serializers.IntegerField(help_text="queued within the last 24 hours")
    renders_limit_per_day = serializers.IntegerField(allow_null=True, help_text="null: no limit")


class MeOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="uuid")
    username = serializers.CharField()
    display_name = serializers.CharField()
    audio_interface = serializers.CharField(
        help_text="key of the audio interface used last, as audio-interfaces/ has it; may be empty"
    )
    is_operator = serializers.BooleanField(source="is_staff")
    created_at = serializers.DateTimeField(source="date_joined")
    quotas = serializers.SerializerMethodField()

    @extend_schema_field(QuotasOutput)
    def get_quotas(self, user: User) -> Any:
        return QuotasOutput(self.context["quotas"]).data


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


class TokenCreateView(MakesTokens):
    throttle_classes = [TokenThrottle]
    # Only a session buys a pair: an access token that leaked must not live on for ever.
    authentication_classes = BY_SESSION

    @extend_schema(
        operation_id="token_create",
        tags=["accounts"],
        request=None,
        responses=TokenPairOutput,
        summary="A pair of tokens for who is logged in here",
    )
    def post(self, request: Request) -> Response:
        user = cast(User, request.user)
        pair = token_pair_create(user=user, address=_address(request), program=_program(request))
        return Response(TokenPairOutput(pair).data)


class TokenRefreshView(APIView):
    throttle_classes = [TokenThrottle]
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="token_refresh",
        tags=["accounts"],
        request=TokenRefreshInput,
        responses=TokenPairOutput,
        summary="Trade a refresh token for a new pair; the old one is spent",
        description="A spent token that comes again ends all that descend from the same login.",
    )
    def post(self, request: Request) -> Response:
        data = TokenRefreshInput(data=request.data)
        data.is_valid(raise_exception=True)
        pair = token_pair_rotate(
            **data.validated_data, address=_address(request), program=_program(request)
        )
        return Response(TokenPairOutput(pair).data)


class TokenRevokeView(APIView):
    throttle_classes = [TokenThrottle]
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="token_revoke",
        tags=["accounts"],
        request=TokenRefreshInput,
        responses={204: None},
        summary="Make a refresh token worthless, and all that descend from the same login",
    )
    def post(self, request: Request) -> Response:
        data = TokenRefreshInput(data=request.data)
        data.is_valid(raise_exception=True)
        token_revoke(**data.validated_data, address=_address(request))
        return Response(status=204)


class MeView(APIView):
    @extend_schema(
        operation_id="me_read", tags=["accounts"], responses=MeOutput, summary="Who am I"
    )
    def get(self, request: Request) -> Response:
        return Response(_me(cast(User, request.user)))

    @extend_schema(
        operation_id="me_update",
        tags=["accounts"],
        request=MeUpdateInput,
        responses=MeOutput,
        summary="Change my profile",
    )
    def patch(self, request: Request) -> Response:
        user = cast(User, request.user)
        data = MeUpdateInput(data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        return Response(_me(user_update(user=user, **data.validated_data)))

    @extend_schema(
        operation_id="me_delete",
        tags=["accounts"],
        request=MeDeleteInput,
        responses={204: None},
        summary="Erase my account, all my rows and all my files",
        description="The body repeats the user name. What runs is cancelled first. Nothing of it "
        "can be brought back: `me/export/` gives a copy.",
    )
    def delete(self, request: Request) -> Response:
        data = MeDeleteInput(data=request.data)
        data.is_valid(raise_exception=True)
        user_erase(user=cast(User, request.user), **data.validated_data)
        return Response(status=204)


class MeExportView(APIView):
    @extend_schema(
        operation_id="me_export",
        tags=["accounts"],
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
        summary="Everything that is kept of me, as a zip of JSON and files",
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        user = cast(User, request.user)
        chunks: Iterator[bytes] = iter(())
        if request.method != "HEAD":  # which gives nothing away
            audit.record(AuditAction.EXPORTED, user=user, address=_address(request))
            chunks = export_chunks(user)
        return StreamingHttpResponse(
            _beside_the_loop(chunks),
            content_type="application/zip",
            headers={
                "Content-Disposition": f'attachment; filename="gts-export-{user.uuid}.zip"',
                "Cache-Control": "private, no-store",
            },
        )


async def _beside_the_loop(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (chunk := await in_database(next, chunks, None)) is not None:
        if chunk:
            yield chunk


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
        user = cast(User, request.user)
        logins_end_others(user=user, current=_current(request), address=_address(request))
        return Response(status=204)


class LoginEndView(APIView):
    @extend_schema(
        operation_id="session_end",
        tags=["accounts"],
        responses={204: None},
        summary="End one of my sessions or programs, at once",
    )
    def delete(self, request: Request, uuid: UUID) -> Response:
        login_end(user=cast(User, request.user), login_id=uuid, address=_address(request))
        return Response(status=204)


def _address(request: Request) -> str | None:
    return client_address(request._request)


def _program(request: Request) -> str:
    return browser_name(request.headers.get("User-Agent", ""))


def _me(user: User) -> dict[str, Any]:
    return dict(MeOutput(user, context={"quotas": quotas_get(user)}).data)


def _current(request: Request) -> CurrentLogin:
    if request.auth is None:
        return current_login(request._request)
    if isinstance(request.auth, Token):
        return CurrentLogin(family=str(request.auth.get(FAMILY_CLAIM) or ""))
    return CurrentLogin()

"""Tokens, and the profile of who asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit
from accounts.api.schemes import BY_SESSION, MakesTokens
from accounts.api.serializers import (
    MeDeleteInput,
    MeOutput,
    MeUpdateInput,
    TokenPairOutput,
    TokenRefreshInput,
)
from accounts.erasure import user_erase
from accounts.models import AuditAction, User
from accounts.personal_data import export_chunks
from accounts.quotas import quotas_get
from accounts.services import user_update
from accounts.sessions.browsers import browser_name
from accounts.tokens.families import token_pair_create, token_pair_rotate, token_revoke
from gts.web.api.throttles import TokenThrottle
from gts.web.api.views import APIView
from gts.web.client_ip import client_address
from gts.web.database import in_database


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
        changed = {"display_name": user.display_name, **data.validated_data}
        return Response(_me(user_update(user=user, **changed)))

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


def _address(request: Request) -> str | None:
    return client_address(request._request)


def _program(request: Request) -> str:
    return browser_name(request.headers.get("User-Agent", ""))


def _me(user: User) -> dict[str, Any]:
    return dict(MeOutput(user, context={"quotas": quotas_get(user)}).data)

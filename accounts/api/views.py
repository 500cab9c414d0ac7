"""Tokens, and the profile of who asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication

from accounts.api.serializers import (
    MeOutput,
    MeUpdateInput,
    TokenPairOutput,
    TokenRefreshInput,
)
from accounts.models import User
from accounts.services import (
    token_pair_create,
    token_pair_rotate,
    token_revoke,
    user_update,
)

# The settings name these classes, because nothing here may import gts.
_SCHEMES = cast(Sequence[type[BaseAuthentication]], api_settings.DEFAULT_AUTHENTICATION_CLASSES)


class TokenCreateView(APIView):
    # Only a session buys a pair: an access token that leaked must not live on for ever.
    authentication_classes = [
        scheme for scheme in _SCHEMES if not issubclass(scheme, JWTAuthentication)
    ]

    @extend_schema(
        operation_id="token_create",
        tags=["accounts"],
        request=None,
        responses=TokenPairOutput,
        summary="A pair of tokens for who is logged in here",
    )
    def post(self, request: Request) -> Response:
        pair = token_pair_create(user=cast(User, request.user))
        return Response(TokenPairOutput(pair).data)


class TokenRefreshView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="token_refresh",
        tags=["accounts"],
        request=TokenRefreshInput,
        responses=TokenPairOutput,
        summary="Trade a refresh token for a new pair; the old one is spent",
    )
    def post(self, request: Request) -> Response:
        data = TokenRefreshInput(data=request.data)
        data.is_valid(raise_exception=True)
        return Response(TokenPairOutput(token_pair_rotate(**data.validated_data)).data)


class TokenRevokeView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="token_revoke",
        tags=["accounts"],
        request=TokenRefreshInput,
        responses={204: None},
        summary="Make a refresh token worthless",
    )
    def post(self, request: Request) -> Response:
        data = TokenRefreshInput(data=request.data)
        data.is_valid(raise_exception=True)
        token_revoke(**data.validated_data)
        return Response(status=204)


class MeView(APIView):
    @extend_schema(
        operation_id="me_read", tags=["accounts"], responses=MeOutput, summary="Who am I"
    )
    def get(self, request: Request) -> Response:
        return Response(MeOutput(request.user).data)

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
        return Response(MeOutput(user_update(user=user, **changed)).data)

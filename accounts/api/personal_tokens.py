"""Personal access tokens over the API. Made by a session only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.views import BY_SESSION, MakesTokens
from accounts.models import PersonalAccessToken, TokenScope, User
from accounts.tokens.personal import (
    MAX_LIFETIME_DAYS,
    personal_token_create,
    personal_token_get,
    personal_token_revoke,
    personal_tokens_list,
)
from gts.web.api.responses import created
from gts.web.api.serializers import StrictSerializer
from gts.web.api.throttles import TokenThrottle
from gts.web.api.views import APIView, GenericAPIView
from gts.web.client_ip import client_address


class PersonalTokenInput(StrictSerializer):
    name = serializers.CharField(max_length=100, help_text="what it is for")
    scope = serializers.ChoiceField(
        choices=TokenScope.choices, help_text="read: GET, HEAD and OPTIONS only"
    )
    lifetime_days = serializers.IntegerField(
        min_value=1, max_value=MAX_LIFETIME_DAYS, default=90, help_text="until it expires"
    )


class PersonalTokenOutput(serializers.Serializer[PersonalAccessToken]):
    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField()
    scope = serializers.ChoiceField(choices=TokenScope.choices)
    prefix = serializers.CharField(help_text="how it begins, to tell it from others")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(
        allow_null=True, help_text="to a minute; null: never used"
    )


class PersonalTokenMadeOutput(PersonalTokenOutput):
    token = serializers.SerializerMethodField(help_text="itself: shown now and never again")

    def get_token(self, row: PersonalAccessToken) -> str:
        return cast(str, self.context["token"])


class PersonalTokenListView(MakesTokens, GenericAPIView[PersonalAccessToken]):
    serializer_class = PersonalTokenOutput
    queryset = PersonalAccessToken.objects.none()
    throttle_classes = [*GenericAPIView.throttle_classes, TokenThrottle]

    def get_authenticators(self) -> list[BaseAuthentication]:
        if getattr(self.request, "method", "") == "POST":
            return [scheme() for scheme in BY_SESSION]
        return super().get_authenticators()

    def get_queryset(self) -> QuerySet[PersonalAccessToken]:
        if getattr(self, "swagger_fake_view", False):
            return PersonalAccessToken.objects.none()
        return personal_tokens_list(cast(User, self.request.user))

    @extend_schema(
        operation_id="personal_token_list",
        tags=["accounts"],
        responses=PersonalTokenOutput(many=True),
        summary="My personal access tokens that were not revoked, the newest first",
    )
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="personal_token_create",
        tags=["accounts"],
        filters=False,
        request=PersonalTokenInput,
        responses={201: PersonalTokenMadeOutput},
        summary="A new personal access token, for who is logged in here; it is shown once",
        description="Takes a session: a token cannot make tokens (403 SESSION_NEEDED).",
    )
    def post(self, request: Request) -> Response:
        data = PersonalTokenInput(data=request.data)
        data.is_valid(raise_exception=True)
        values: dict[str, Any] = data.validated_data
        row, token = personal_token_create(
            user=cast(User, request.user),
            name=values["name"],
            scope=TokenScope(values["scope"]),
            lifetime=timedelta(days=values["lifetime_days"]),
            address=client_address(request._request),
        )
        made = PersonalTokenMadeOutput(row, context={"token": token})
        response = created(made.data, "api-personal-token", row.uuid)
        response["Cache-Control"] = "no-store"
        return response


class PersonalTokenView(APIView):
    @extend_schema(
        operation_id="personal_token_read",
        tags=["accounts"],
        responses=PersonalTokenOutput,
        summary="One of my personal access tokens; not the token itself",
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        return Response(
            PersonalTokenOutput(personal_token_get(cast(User, request.user), uuid)).data
        )

    @extend_schema(
        operation_id="personal_token_revoke",
        tags=["accounts"],
        responses={204: None},
        summary="Revoke a personal access token, at once",
    )
    def delete(self, request: Request, uuid: UUID) -> Response:
        user = cast(User, request.user)
        personal_token_revoke(user=user, token_id=uuid, address=client_address(request._request))
        return Response(status=204)

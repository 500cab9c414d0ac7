"""Shapes of accounts in the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from gts.web.api.serializers import StrictSerializer


class TokenRefreshInput(StrictSerializer):
    refresh = serializers.CharField(max_length=4096, trim_whitespace=False)


class TokenPairOutput(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="for the header Authorization: Bearer")
    refresh = serializers.CharField(help_text="buys the next pair, once")


class MeUpdateInput(StrictSerializer):
    display_name = serializers.CharField(max_length=100, allow_blank=True, required=False)


class MeDeleteInput(StrictSerializer):
    confirm = serializers.CharField(
        max_length=100, trim_whitespace=False, help_text="the user name, typed again"
    )


class QuotasOutput(serializers.Serializer[Any]):
    storage_used_bytes = serializers.IntegerField(help_text="recordings, captures, rendered files")
    storage_limit_bytes = serializers.IntegerField(allow_null=True, help_text="null: no limit")
    renders_used_per_day = serializers.IntegerField(help_text="queued within the last 24 hours")
    renders_limit_per_day = serializers.IntegerField(allow_null=True, help_text="null: no limit")


class MeOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="uuid")
    username = serializers.CharField()
    display_name = serializers.CharField()
    is_operator = serializers.BooleanField(source="is_staff")
    created_at = serializers.DateTimeField(source="date_joined")
    quotas = serializers.SerializerMethodField()

    @extend_schema_field(QuotasOutput)
    def get_quotas(self, user: User) -> Any:
        return QuotasOutput(self.context["quotas"]).data

"""Shapes of accounts in the API, and the manners of all input in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

UNKNOWN_FIELD = "There is no such field."
READ_ONLY_FIELD = "This field cannot be set."


class StrictSerializer(serializers.Serializer[Any]):
    """Input in which an unknown or a read-only field is an error, together with all others."""

    def to_internal_value(self, data: Any) -> Any:
        strangers = self._strangers(data) if isinstance(data, Mapping) else {}
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            if strangers and isinstance(error.detail, dict):
                raise ValidationError({**error.detail, **strangers}) from error
            raise
        if strangers:
            raise ValidationError(strangers)
        return value

    def _strangers(self, data: Mapping[str, Any]) -> dict[str, list[ErrorDetail]]:
        strangers = {}
        for name in data:
            field = self.fields.get(name)
            if field is None:
                strangers[name] = [ErrorDetail(UNKNOWN_FIELD, code="unknown_field")]
            elif field.read_only:
                strangers[name] = [ErrorDetail(READ_ONLY_FIELD, code="read_only")]
        return strangers


class TokenRefreshInput(StrictSerializer):
    refresh = serializers.CharField(max_length=4096, trim_whitespace=False)


class TokenPairOutput(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="for the header Authorization: Bearer")
    refresh = serializers.CharField(help_text="buys the next pair, once")


class MeUpdateInput(StrictSerializer):
    display_name = serializers.CharField(max_length=100, allow_blank=True, required=False)


class MeOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="uuid")
    username = serializers.CharField()
    display_name = serializers.CharField()
    is_operator = serializers.BooleanField(source="is_staff")
    created_at = serializers.DateTimeField(source="date_joined")

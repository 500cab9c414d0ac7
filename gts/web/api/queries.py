"""Query strings, read as strictly as bodies: parameters, and filters that every app needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django_filters.fields import BaseCSVField
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

_WHOLE_NUMBER = re.compile("-?[0-9]+")
_NO_NAME = "There is nothing between two commas."
_REPEATED = "Each name may come once."


class QuerySerializer(serializers.Serializer[Any]):
    """What may be asked behind a ``?`` and is no filter.

    What is there without a value has a wrong one.
    """

    @classmethod
    def values_of(cls, request: Request) -> dict[str, Any]:
        query = cls(data=request.query_params.dict())  # of a form, empty would be missing
        query.is_valid(raise_exception=True)
        return dict(query.validated_data)


class WholeNumberField(serializers.IntegerField):
    """Digits. ``int()`` would also take "1.0", "1_0" and the digits of other scripts."""

    def to_internal_value(self, data: Any) -> int:
        if not _WHOLE_NUMBER.fullmatch(data):
            self.fail("invalid")
        return super().to_internal_value(data)


class TrueFalseField(serializers.BooleanField):
    """``true`` or ``false``."""

    def to_internal_value(self, data: Any) -> bool:
        if data not in ("true", "false"):
            self.fail("invalid")
        return bool(data == "true")


@extend_schema_field(OpenApiTypes.BOOL)
class TrueFalseFilter(django_filters.TypedChoiceFilter):  # type: ignore[misc]  # it has no types
    """``true`` or ``false`` and nothing else: another word is an error, not "no filter"."""

    def __init__(self, **options: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(choices=choices, coerce=lambda text: text == "true", **options)


class _OrderField(BaseCSVField):  # type: ignore[misc]
    def clean(self, value: Sequence[str] | None) -> Any:
        if value and not all(value):
            raise ValidationError(_NO_NAME, code="invalid")
        if value and len({name.removeprefix("-") for name in value}) < len(value):
            raise ValidationError(_REPEATED, code="invalid")
        return super().clean(value)


class StableOrderingFilter(django_filters.OrderingFilter):  # type: ignore[misc]
    """Equal rows keep their order from page to page, in the direction of an index.

    A place between commas without a name is an error, not "no order".
    """

    base_field_class = _OrderField

    def filter(self, rows: QuerySet[Any], value: Sequence[str] | None) -> QuerySet[Any]:
        if not value:
            return rows
        order = [self.get_ordering_value(name) for name in value]
        return rows.order_by(*order, "-pk" if value[-1].startswith("-") else "pk")


class NamedFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Of rows that are someone's own and have a name: their querysets have ``named``."""

    search = django_filters.CharFilter(
        method="by_name", max_length=200, help_text="words, or parts of words, of the name"
    )
    ordering = StableOrderingFilter(fields={"created_at": "created_at", "name": "name"})

    def by_name(self, rows: Any, name: str, value: str) -> QuerySet[Any]:
        return cast(QuerySet[Any], rows.named(value))

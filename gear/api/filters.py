"""What lists of gear and captures can be narrowed down by."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from gear.models import Capture, GearItem
from gear.models.item import CaptureFormat, FileStatus, GearKind, GearSource
from gear.querysets import CaptureQuerySet, GearItemQuerySet


class GearFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    search = filters.CharFilter(
        method="by_text", max_length=200, help_text="words in the name or the make"
    )
    kind = filters.MultipleChoiceFilter(choices=GearKind.choices)
    source = filters.ChoiceFilter(choices=GearSource.choices)
    format = filters.ChoiceFilter(choices=CaptureFormat.choices, method="by_format")
    make = filters.CharFilter(lookup_expr="iexact", max_length=100)
    ordering = filters.OrderingFilter(
        fields={"created_at": "created_at", "name": "name", "make": "make"}
    )

    class Meta:
        model = GearItem
        fields: list[str] = []

    def by_text(self, queryset: GearItemQuerySet, name: str, value: str) -> QuerySet[GearItem]:
        return queryset.matching(value)

    def by_format(self, queryset: GearItemQuerySet, name: str, value: str) -> QuerySet[GearItem]:
        return queryset.with_format(value)


class CaptureFilter(filters.FilterSet):  # type: ignore[misc]
    kind = filters.MultipleChoiceFilter(field_name="gear__kind", choices=GearKind.choices)
    format = filters.ChoiceFilter(choices=CaptureFormat.choices)
    status = filters.ChoiceFilter(choices=FileStatus.choices)
    is_usable = filters.BooleanFilter(method="by_use", help_text="inspected, and can be played")

    class Meta:
        model = Capture
        fields: list[str] = []

    def by_use(self, queryset: CaptureQuerySet, name: str, value: bool) -> QuerySet[Capture]:
        return queryset.usable() if value else queryset.unusable()

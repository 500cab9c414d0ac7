"""What lists of gear and captures can be narrowed down by."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from gear.models import Capture, CaptureQuerySet, GearItem, GearItemQuerySet
from gear.models.item import CaptureFormat, FileState, GearKind, GearSource
from gts.web.api.filters import StableOrderingFilter, TrueFalseFilter

# Each is a condition of its own in the query.
_MAX_TAGS = 10


class GearFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    kind = filters.MultipleChoiceFilter(choices=GearKind.choices, distinct=False)
    source = filters.ChoiceFilter(choices=GearSource.choices, method="by_source")
    format = filters.ChoiceFilter(choices=CaptureFormat.choices, method="by_format")
    make = filters.CharFilter(
        lookup_expr="iexact", max_length=100, help_text="exactly; case does not matter"
    )
    licence = filters.CharFilter(
        lookup_expr="iexact", max_length=100, help_text="exactly; case does not matter"
    )
    architecture = filters.CharFilter(
        method="by_architecture",
        max_length=32,
        help_text="how that of one of its captures begins: A1, A2, LSTM",
    )
    tag = filters.CharFilter(
        method="by_tags",
        max_length=50,
        help_text="one of my tags or of its owner's; several: all of them",
    )
    # After all that narrows: typos are looked for where nothing else is left to find.
    search = filters.CharFilter(
        method="by_text",
        max_length=200,
        help_text="words of the name, make, creator or description, the best first; with typos "
        "where nothing has them as they are",
    )
    ordering = StableOrderingFilter(
        fields={"created_at": "created_at", "name": "name", "make": "make"}
    )

    class Meta:
        model = GearItem
        fields: list[str] = []

    def by_text(self, queryset: GearItemQuerySet, name: str, value: str) -> QuerySet[GearItem]:
        return queryset.matching(value)

    def by_source(self, queryset: GearItemQuerySet, name: str, value: str) -> QuerySet[GearItem]:
        return queryset.from_source(value, self.request.user)

    def by_format(self, queryset: GearItemQuerySet, name: str, value: str) -> QuerySet[GearItem]:
        return queryset.with_format(value)

    def by_architecture(
        self, queryset: GearItemQuerySet, name: str, value: str
    ) -> QuerySet[GearItem]:
        return queryset.with_architecture(value)

    def by_tags(self, queryset: GearItemQuerySet, name: str, value: str) -> QuerySet[GearItem]:
        for tag in filter(None, self.data.getlist(name)[:_MAX_TAGS]):
            queryset = queryset.tagged(self.request.user, tag)
        return queryset


class CaptureFilter(filters.FilterSet):  # type: ignore[misc]
    kind = filters.MultipleChoiceFilter(
        field_name="gear__kind", choices=GearKind.choices, distinct=False
    )
    format = filters.ChoiceFilter(choices=CaptureFormat.choices)
    state = filters.ChoiceFilter(choices=FileState.choices)
    is_usable = TrueFalseFilter(method="by_use", help_text="inspected, and can be played")

    class Meta:
        model = Capture
        fields: list[str] = []

    def by_use(self, queryset: CaptureQuerySet, name: str, value: bool) -> QuerySet[Capture]:
        return queryset.usable() if value else queryset.unusable()

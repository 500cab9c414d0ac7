"""Captures to choose from, over HTTP: the list, by what it is narrowed, and what they have in
common."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from gear.api.serializers import CatalogCaptureOutput
from gear.models import Capture, CaptureQuerySet
from gear.models.item import CaptureFormat, FileState, GearKind, GearSource
from gear.selectors import Facets, capture_facets, capture_list, catalog_list
from gts.web.api.queries import StableOrderingFilter, TrueFalseFilter
from gts.web.api.views import GenericAPIView

_OWN: tuple[str, ...] = ("mine", "favorites")
_SCOPES = [("mine", "My own"), ("public", "Shared with everybody"), ("favorites", "My favorites")]
# Each is a condition of its own in the query.
_MAX_TAGS = 10


class CaptureFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    scope = filters.ChoiceFilter(
        choices=_SCOPES,
        method="by_scope",
        help_text="of my own gear; shared with everybody; favorites of my library",
    )
    kind = filters.MultipleChoiceFilter(
        field_name="gear__kind", choices=GearKind.choices, distinct=False
    )
    format = filters.ChoiceFilter(choices=CaptureFormat.choices)
    source = filters.ChoiceFilter(field_name="gear__source", choices=GearSource.choices)
    state = filters.ChoiceFilter(choices=FileState.choices)
    is_usable = TrueFalseFilter(method="by_use", help_text="inspected, and can be played")
    make = filters.CharFilter(
        field_name="gear__make",
        lookup_expr="iexact",
        max_length=100,
        help_text="exactly; case does not matter",
    )
    licence = filters.CharFilter(
        field_name="gear__licence",
        lookup_expr="iexact",
        max_length=100,
        help_text="exactly; case does not matter",
    )
    architecture = filters.CharFilter(
        method="by_architecture", max_length=32, help_text="how it begins: A1, A2, LSTM"
    )
    tag = filters.CharFilter(
        method="by_tags",
        max_length=50,
        help_text="one of my tags or of its gear's owner; several: all of them",
    )
    gain_min = filters.NumberFilter(
        field_name="gain",
        lookup_expr="gte",
        min_value=0,
        max_value=1,
        help_text="what its file says: how much it compresses; without those that say nothing",
    )
    gain_max = filters.NumberFilter(
        field_name="gain", lookup_expr="lte", min_value=0, max_value=1, help_text="as gain_min"
    )
    is_calibrated = TrueFalseFilter(
        field_name="input_level_dbu",
        lookup_expr="isnull",
        exclude=True,
        help_text="it is known at which level it was captured",
    )
    # After all that narrows: typos are looked for where nothing else is left to find.
    search = filters.CharFilter(
        method="by_text",
        max_length=200,
        help_text="words of the gear's name, make, creator or description, the best first; with "
        "typos where nothing has them as they are; of my own and of favorites also of my nickname",
    )
    ordering = StableOrderingFilter(
        fields={"created_at": "created_at", "gear__name": "name", "gear__make": "make"}
    )

    class Meta:
        model = Capture
        fields: list[str] = []

    def by_scope(self, queryset: CaptureQuerySet, name: str, value: str) -> QuerySet[Capture]:
        match value:
            case "mine":
                return queryset.owned_by(self.request.user)
            case "favorites":
                return queryset.favorites_of(self.request.user)
            case _:
                return queryset.shared()

    def by_use(self, queryset: CaptureQuerySet, name: str, value: bool) -> QuerySet[Capture]:
        return queryset.usable() if value else queryset.unusable()

    def by_architecture(
        self, queryset: CaptureQuerySet, name: str, value: str
    ) -> QuerySet[Capture]:
        return queryset.with_architecture(value)

    def by_tags(self, queryset: CaptureQuerySet, name: str, value: str) -> QuerySet[Capture]:
        for tag in filter(None, self.data.getlist(name)[:_MAX_TAGS]):
            queryset = queryset.tagged(self.request.user, tag)
        return queryset

    def by_text(self, queryset: CaptureQuerySet, name: str, value: str) -> QuerySet[Capture]:
        if self.data.get("scope") in _OWN:
            return queryset.matching_own(value, self.request.user)
        return queryset.matching(value)


class FacetValueOutput(serializers.Serializer[Any]):
    value = serializers.CharField()
    num_captures = serializers.IntegerField()


class CaptureFacetsOutput(serializers.Serializer[Facets]):
    num_captures = serializers.IntegerField(help_text="so many were looked at")
    is_complete = serializers.BooleanField(help_text="else the list is longer than that")
    kinds = serializers.SerializerMethodField()
    makes = serializers.SerializerMethodField()
    licences = serializers.SerializerMethodField()
    architectures = serializers.SerializerMethodField()
    tags = serializers.SerializerMethodField()

    @extend_schema_field(FacetValueOutput(many=True))
    def get_kinds(self, facets: Facets) -> list[dict[str, Any]]:
        return _values(facets.kinds)

    @extend_schema_field(FacetValueOutput(many=True))
    def get_makes(self, facets: Facets) -> list[dict[str, Any]]:
        return _values(facets.makes)

    @extend_schema_field(FacetValueOutput(many=True))
    def get_licences(self, facets: Facets) -> list[dict[str, Any]]:
        return _values(facets.licences)

    @extend_schema_field(FacetValueOutput(many=True))
    def get_architectures(self, facets: Facets) -> list[dict[str, Any]]:
        return _values(facets.architectures)

    @extend_schema_field(FacetValueOutput(many=True))
    def get_tags(self, facets: Facets) -> list[dict[str, Any]]:
        return _values(facets.tags)


def _values(counted: list[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"value": value, "num_captures": number} for value, number in counted]


class CaptureListView(GenericAPIView[Capture]):
    permission_classes = [IsAuthenticatedOrReadOnly]
    filterset_class = CaptureFilter
    serializer_class = CatalogCaptureOutput

    def get_queryset(self) -> CaptureQuerySet:
        return catalog_list(self.request.user)

    @extend_schema(
        operation_id="capture_list",
        tags=["gear"],
        responses=CatalogCaptureOutput(many=True),
        summary="Captures of shared gear and of my own, newest first; without a login the former",
    )
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class CaptureFacetsView(GenericAPIView[Any]):
    permission_classes = [IsAuthenticatedOrReadOnly]
    filterset_class = CaptureFilter
    pagination_class = None
    serializer_class = CaptureFacetsOutput

    def get_queryset(self) -> CaptureQuerySet:
        return capture_list(self.request.user)

    @extend_schema(
        operation_id="capture_facets",
        tags=["gear"],
        responses=CaptureFacetsOutput,
        summary="Makes, kinds, architectures, licences and tags of the captures that a list has",
        description="Takes the filters of that list. Of a long one 1,000 are looked at.",
    )
    def get(self, request: Request) -> Response:
        found = cast(CaptureQuerySet, self.filter_queryset(self.get_queryset()))
        return Response(CaptureFacetsOutput(capture_facets(found, request.user)).data)

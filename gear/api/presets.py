"""Named settings of built-in processors over HTTP."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gear.api.serializers import ParametersField, ParameterValueField
from gear.chains.block_parameters import describe
from gear.models import Preset, PresetQuerySet
from gear.selectors import preset_get, preset_list
from gear.services.presets import preset_create, preset_delete, preset_update
from gts.web.api.filters import StableOrderingFilter
from gts.web.api.responses import created
from gts.web.api.serializers import StrictSerializer
from gts.web.api.views import APIView, GenericAPIView
from jobs.pipeline.effects.blocks import BLOCK_TYPES

_PROCESSORS = [(name, block_type.title) for name, block_type in BLOCK_TYPES.items()]


class PresetFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    processor = filters.MultipleChoiceFilter(choices=_PROCESSORS, distinct=False)
    search = filters.CharFilter(
        field_name="name", lookup_expr="icontains", max_length=100, help_text="a part of the name"
    )
    ordering = StableOrderingFilter(fields={"name": "name", "created_at": "created_at"})

    class Meta:
        model = Preset
        fields: list[str] = []


class PresetUpdateInput(StrictSerializer):
    name = serializers.CharField(max_length=100)
    parameters = ParametersField(help_text="as of a block; what is left out is the default")


class PresetInput(PresetUpdateInput):
    processor = serializers.CharField(max_length=32, help_text="a name of block-types/")


class PresetOutput(serializers.Serializer[Preset]):
    id = serializers.UUIDField(source="uuid")
    processor = serializers.CharField()
    name = serializers.CharField()
    parameters = serializers.DictField(child=ParameterValueField())
    settings = serializers.SerializerMethodField(help_text="the parameters for people")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_settings(self, preset: Preset) -> str:
        return describe(preset.processor, None, preset.parameters)


class PresetListView(GenericAPIView[Preset]):
    filterset_class = PresetFilter
    serializer_class = PresetOutput

    def get_queryset(self) -> PresetQuerySet:
        return preset_list(self.request.user)

    @extend_schema(
        operation_id="preset_list",
        tags=["chains"],
        responses=PresetOutput(many=True),
        summary="My presets, by processor and name",
    )
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="preset_create",
        tags=["chains"],
        filters=False,
        request=PresetInput,
        responses={201: PresetOutput},
        summary="Keep settings of a processor; checked as those of a block",
    )
    @idempotent
    def post(self, request: Request) -> Response:
        data = PresetInput(data=request.data)
        preset = preset_create(owner=cast(User, request.user), **_values(data))
        return created(PresetOutput(preset).data, "api-preset", preset.uuid)


class PresetView(APIView):
    @extend_schema(
        operation_id="preset_read", tags=["chains"], responses=PresetOutput, summary="One preset"
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        return Response(PresetOutput(preset_get(request.user, uuid)).data)

    @extend_schema(
        operation_id="preset_update",
        tags=["chains"],
        request=PresetUpdateInput,
        responses=PresetOutput,
        summary="Change a preset; chains that were built with it stay as they are",
    )
    def patch(self, request: Request, uuid: UUID) -> Response:
        preset = preset_get(request.user, uuid)
        data = PresetUpdateInput(data=request.data, partial=True)
        return Response(PresetOutput(preset_update(preset=preset, **_values(data))).data)

    @extend_schema(
        operation_id="preset_delete",
        tags=["chains"],
        responses={204: None},
        summary="Delete a preset; chains that were built with it stay as they are",
    )
    def delete(self, request: Request, uuid: UUID) -> Response:
        preset_delete(preset=preset_get(request.user, uuid))
        return Response(status=204)


def _values(data: StrictSerializer) -> dict[str, Any]:
    data.is_valid(raise_exception=True)
    return dict(data.validated_data)

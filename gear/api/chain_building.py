"""What helps to build a chain, over HTTP: what may come next, and presets of its processors."""

from __future__ import annotations

import dataclasses
from typing import Any, cast
from uuid import UUID

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gear.api.serializers import (
    MAX_BLOCKS_READ,
    ChainBlockInput,
    ChainErrorOutput,
    ParametersField,
    ParameterValueField,
)
from gear.chains.grammar import describe_settings
from gear.models import Preset, PresetQuerySet
from gear.models.chain import Slot
from gear.models.item import GearKind
from gear.selectors import preset_get, preset_list
from gear.services.chains import (
    PlannedBlock,
    chain_guidance,
    preset_create,
    preset_delete,
    preset_update,
)
from gts.web.api.queries import StableOrderingFilter
from gts.web.api.responses import created
from gts.web.api.serializers import BoundedList, StrictSerializer
from gts.web.api.views import APIView, GenericAPIView
from jobs.pipeline.effects.blocks import BLOCK_TYPES

_PROCESSORS = [(name, block_type.title) for name, block_type in BLOCK_TYPES.items()]


class GuidanceBlockInput(ChainBlockInput):
    """A block as for a chain; parameters are looked at when the chain is stored."""

    kind = serializers.ChoiceField(
        choices=GearKind.choices,
        required=False,
        help_text="in place of a capture: any gear of that kind",
    )


class GuidanceInput(StrictSerializer):
    blocks = BoundedList(
        child=GuidanceBlockInput(),
        max_length=MAX_BLOCKS_READ,
        help_text="what there is so far; may be empty",
    )


class NextBlocksOutput(serializers.Serializer[Any]):
    slot = serializers.ChoiceField(choices=Slot.choices)
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=GearKind.choices))
    processors = serializers.ListField(
        child=serializers.CharField(), help_text="names of block-types/"
    )


class GuidanceOutput(serializers.Serializer[Any]):
    is_complete = serializers.BooleanField(help_text="it can be played as it is")
    message = serializers.CharField(help_text="one sentence for people")
    next = NextBlocksOutput(many=True, help_text="what may come next; each leads to a whole chain")
    errors = ChainErrorOutput(  # type: ignore[assignment]
        many=True, help_text="what more blocks do not repair; then nothing may come next"
    )


class ChainGuidanceView(APIView):
    @extend_schema(
        operation_id="chain_guidance",
        tags=["chains"],
        request=GuidanceInput,
        responses=GuidanceOutput,
        summary="What may come next in a chain that is being built; nothing is stored",
    )
    def post(self, request: Request) -> Response:
        data = GuidanceInput(data=request.data)
        data.is_valid(raise_exception=True)
        blocks = [
            PlannedBlock(
                slot=block["slot"],
                capture_id=block.get("capture_id"),
                processor=block.get("processor", ""),
                kind=block.get("kind", ""),
            )
            for block in data.validated_data["blocks"]
        ]
        guidance = chain_guidance(cast(User, request.user), blocks)
        return Response(GuidanceOutput(dataclasses.asdict(guidance)).data)


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
        return describe_settings(preset.processor, None, preset.parameters)


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

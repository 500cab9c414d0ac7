"""Guidance for a chain that is being built, over HTTP."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from gear.api.serializers import MAX_BLOCKS_READ, ChainBlockInput, ChainErrorOutput
from gear.models.chain import Slot
from gear.models.item import GearKind
from gear.services.chain_guidance import PlannedBlock, chain_guidance
from gts.web.api.bounded import BoundedList
from gts.web.api.serializers import StrictSerializer
from gts.web.api.views import APIView


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

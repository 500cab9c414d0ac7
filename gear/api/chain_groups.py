"""Groups of chains over HTTP: slots with options, expanded into labeled chains."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gear.api.serializers import (
    MAX_BLOCKS_READ,
    PARAMETERS_HELP,
    CaptureWithGearOutput,
    ChainErrorOutput,
    ChainOutput,
    ExtraIRsField,
    ParametersField,
    ParameterValueField,
)
from gear.chains.permutations import Permutation, count_permutations
from gear.models import BlockIR, ChainGroup, ChainGroupQuerySet
from gear.models.chain import Slot
from gear.selectors import chain_group_get, chain_group_list, chain_list
from gear.services.chain_groups import (
    SlotInput,
    chain_group_build,
    chain_group_create,
    chain_group_delete,
    chain_group_update,
    group_permutations,
)
from gear.services.chains import BlockInput, IRInput
from gear.services.group_slots import SlotOption, SlotRows, captures_of, slots_of
from gts.web.api.queries import NamedFilter
from gts.web.api.responses import created
from gts.web.api.serializers import BoundedList, BoundedListField, StrictSerializer
from gts.web.api.views import APIView, GenericAPIView

# Far more than can be expanded: so that the answer can say how many chains they would make.
_MAX_OPTIONS = 100


class SlotOptionInput(StrictSerializer):
    capture_id = serializers.UUIDField(required=False, allow_null=True)
    processor = serializers.CharField(max_length=32, required=False, allow_blank=True)
    parameters = ParametersField(required=False, help_text=PARAMETERS_HELP)
    extra_irs = ExtraIRsField(required=False)


class GroupSlotInput(StrictSerializer):
    slot = serializers.ChoiceField(choices=Slot.choices)
    options = BoundedListField(
        child=SlotOptionInput(allow_null=True),
        min_length=1,
        max_length=_MAX_OPTIONS,
        help_text="null is nothing: never for the amp, for the cab only beside a full rig",
    )


class GroupSlotsField(BoundedList):
    """A slot makes a block."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=GroupSlotInput(), max_length=MAX_BLOCKS_READ, **options)


class ChainGroupInput(StrictSerializer):
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    slots = GroupSlotsField(help_text="in the order of the signal; one option: fixed")


class OptionIROutput(serializers.Serializer[BlockIR]):
    capture = CaptureWithGearOutput(allow_null=True, help_text="null when it was deleted")
    parameters = serializers.DictField(child=ParameterValueField())


class SlotOptionOutput(serializers.Serializer[SlotOption]):
    name = serializers.CharField(help_text="for people; of a deleted capture what it was called")
    capture = CaptureWithGearOutput(source="block.capture", allow_null=True)
    processor = serializers.CharField(source="block.processor")
    parameters = serializers.DictField(child=ParameterValueField(), source="block.parameters")
    extra_irs = OptionIROutput(many=True, source="irs")
    settings = serializers.CharField(help_text="the parameters for people")
    is_missing = serializers.BooleanField(help_text="a capture of it was deleted: choose another")


class GroupSlotOutput(serializers.Serializer[SlotRows]):
    slot = serializers.ChoiceField(choices=Slot.choices)
    options = serializers.ListField(child=SlotOptionOutput(allow_null=True))


class ChainGroupOutput(serializers.Serializer[ChainGroup]):
    """``context``: the ``captures`` of all groups that are shown."""

    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField()
    description = serializers.CharField()
    slots = serializers.SerializerMethodField()
    num_permutations = serializers.SerializerMethodField(help_text="how many chains they make")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    @extend_schema_field(GroupSlotOutput(many=True))
    def get_slots(self, group: ChainGroup) -> Any:
        rows: Any = slots_of(group, self.context["captures"])
        return GroupSlotOutput(rows, many=True).data

    def get_num_permutations(self, group: ChainGroup) -> int:
        rows = slots_of(group, self.context["captures"])
        return count_permutations([row.as_group_slot() for row in rows])


class PermutationBlockOutput(serializers.Serializer[Any]):
    slot = serializers.ChoiceField(choices=Slot.choices)
    name = serializers.CharField()
    capture_id = serializers.UUIDField(allow_null=True)
    processor = serializers.CharField()


class PermutationOutput(serializers.Serializer[Permutation]):
    """``context``: the ``slots`` that were expanded."""

    label = serializers.CharField(  # type: ignore[assignment]  # a field called label
        help_text="what differs from the others; all are different"
    )
    choices = serializers.ListField(
        child=serializers.IntegerField(), help_text="of each slot the index of the option taken"
    )
    blocks = serializers.SerializerMethodField()
    errors = serializers.SerializerMethodField(  # type: ignore[assignment]
        help_text="why it cannot be played; positions are those of its blocks"
    )

    @extend_schema_field(PermutationBlockOutput(many=True))
    def get_blocks(self, permutation: Permutation) -> list[dict[str, Any]]:
        slots: list[SlotRows] = self.context["slots"]
        chosen = zip(slots, permutation.choices, strict=True)
        options = [slot.options[choice] for slot, choice in chosen]
        return [
            {
                "slot": option.block.slot,
                "name": option.name,
                "capture_id": str(option.block.capture.uuid) if option.block.capture else None,
                "processor": option.block.processor,
            }
            for option in options
            if option is not None
        ]

    @extend_schema_field(ChainErrorOutput(many=True))
    def get_errors(self, permutation: Permutation) -> list[dict[str, Any]]:
        return [dataclasses.asdict(error) for error in permutation.errors]


class PermutationsOutput(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    num_valid = serializers.IntegerField(help_text="those that can be played")
    limit = serializers.IntegerField(help_text="the most there may be")
    permutations = PermutationOutput(many=True, help_text="the last slot fastest")


class PermutationsBuildInput(StrictSerializer):
    only_valid = serializers.BooleanField(
        default=False, help_text="leave out what cannot be played instead of refusing all"
    )


class BuiltChainOutput(serializers.Serializer[Any]):
    label = serializers.CharField(help_text="what differs from the others")  # type: ignore[assignment]
    chain = ChainOutput()


class BuiltChainsOutput(serializers.Serializer[Any]):
    results = BuiltChainOutput(many=True)


class ChainGroupListView(GenericAPIView[ChainGroup]):
    filterset_class = NamedFilter
    serializer_class = ChainGroupOutput

    def get_queryset(self) -> ChainGroupQuerySet:
        return chain_group_list(self.request.user)

    @extend_schema(
        operation_id="chain_group_list",
        tags=["chains"],
        responses=ChainGroupOutput(many=True),
        summary="My groups of chains, newest first",
    )
    def get(self, request: Request) -> Response:
        page: Any = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        context = {"captures": captures_of(cast(User, request.user), page)}
        return self.get_paginated_response(ChainGroupOutput(page, many=True, context=context).data)

    @extend_schema(
        operation_id="chain_group_create",
        tags=["chains"],
        request=ChainGroupInput,
        responses={201: ChainGroupOutput},
        summary="Store slots with options; more chains than a shootout takes are refused",
    )
    @idempotent
    def post(self, request: Request) -> Response:
        user = cast(User, request.user)
        group = chain_group_create(owner=user, **_group_values(request, is_partial=False))
        return created(_output(user, group), "api-chain-group", group.uuid)


class ChainGroupView(APIView):
    @extend_schema(
        operation_id="chain_group_read",
        tags=["chains"],
        responses=ChainGroupOutput,
        summary="One group of chains",
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        return Response(_output(cast(User, request.user), chain_group_get(request.user, uuid)))

    @extend_schema(
        operation_id="chain_group_update",
        tags=["chains"],
        request=ChainGroupInput,
        responses=ChainGroupOutput,
        summary="Change a group; slots are replaced as a whole",
    )
    def patch(self, request: Request, uuid: UUID) -> Response:
        group = chain_group_get(request.user, uuid)
        group = chain_group_update(group=group, **_group_values(request, is_partial=True))
        return Response(_output(cast(User, request.user), group))

    @extend_schema(
        operation_id="chain_group_delete",
        tags=["chains"],
        responses={204: None},
        summary="Delete a group; chains that were made of it stay",
    )
    def delete(self, request: Request, uuid: UUID) -> Response:
        chain_group_delete(group=chain_group_get(request.user, uuid))
        return Response(status=204)


class ChainGroupPermutationsView(APIView):
    @extend_schema(
        operation_id="chain_group_permutations",
        tags=["chains"],
        responses=PermutationsOutput,
        summary="Every chain that the group makes, with its label and its mistakes",
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        user = cast(User, request.user)
        group = chain_group_get(user, uuid)
        slots = slots_of(group, captures_of(user, [group]))
        permutations: Any = group_permutations(slots)
        shown = PermutationOutput(permutations, many=True, context={"slots": slots})
        return Response(
            {
                "count": len(permutations),
                "num_valid": sum(permutation.is_valid for permutation in permutations),
                "limit": settings.GTS_MAX_CONTENDERS,
                "permutations": shown.data,
            }
        )

    @extend_schema(
        operation_id="chain_group_build",
        tags=["chains"],
        request=PermutationsBuildInput,
        responses={201: BuiltChainsOutput},
        summary="Make a chain of every permutation, all or none; 409 while one cannot be played",
    )
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        user = cast(User, request.user)
        data = PermutationsBuildInput(data=request.data)
        data.is_valid(raise_exception=True)
        built = chain_group_build(
            group=chain_group_get(user, uuid), is_lenient=data.validated_data["only_valid"]
        )
        chains = chain_list(user).filter(pk__in=[chain.pk for _, chain in built])
        by_id = {chain.pk: chain for chain in chains}
        results = [
            {"label": permutation.label, "chain": by_id[chain.pk]} for permutation, chain in built
        ]
        return created(BuiltChainsOutput({"results": results}).data, "api-chain-group", uuid)


def _output(user: User, group: ChainGroup) -> Any:
    return ChainGroupOutput(group, context={"captures": captures_of(user, [group])}).data


def _group_values(request: Request, *, is_partial: bool) -> dict[str, Any]:
    data = ChainGroupInput(data=request.data, partial=is_partial)
    data.is_valid(raise_exception=True)
    values: dict[str, Any] = data.validated_data
    if "slots" in values:
        values["slots"] = slot_inputs(values["slots"])
    return values


def slot_inputs(slots: Sequence[dict[str, Any]]) -> list[SlotInput]:
    """What ``GroupSlotInput`` has read, as the services take it."""
    return [
        SlotInput(slot["slot"], [_option_input(slot["slot"], option) for option in slot["options"]])
        for slot in slots
    ]


def _option_input(slot: str, option: dict[str, Any] | None) -> BlockInput | None:
    if option is None:
        return None
    extra_irs = [IRInput(**ir) for ir in option.pop("extra_irs", ())]
    return BlockInput(slot=slot, extra_irs=extra_irs, **option)

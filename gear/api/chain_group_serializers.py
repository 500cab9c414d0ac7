"""Shapes of chain groups in the API."""

from __future__ import annotations

import dataclasses
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

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
from gear.models import BlockIR, ChainGroup
from gear.models.chain import Slot
from gear.services.group_slots import SlotOption, SlotRows, slots_of
from gts.web.api.bounded import BoundedList, BoundedListField
from gts.web.api.serializers import StrictSerializer

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

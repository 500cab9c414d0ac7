"""Shapes of gear, captures and chains in the API."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gear.chains.describe import architecture_of, capture_warnings
from gear.chains.grammar import MAX_BLOCKS, describe_settings
from gear.models import Block, BlockIR, Capture, GearItem, GearTag, LibraryEntry, SignalChain
from gear.models.chain import Slot
from gear.models.item import CaptureFormat, FileState, GearKind, GearSource, IRChannelRule
from gear.selectors import chain_errors, has_own_cab
from gear.services.chains import BlockInput, IRInput
from gear.services.gear import IR_SETTINGS
from gear.text import distinct_tags
from gts.web.api.serializers import (
    ROOM,
    BoundedDictField,
    BoundedList,
    ErrorCodeField,
    StrictSerializer,
)
from jobs.api.jobs import JobOutput
from jobs.pipeline.effects.blocks import BLOCK_TYPES
from jobs.pipeline.recipe import MAX_CAB_IRS, MAX_TAIL_END_DB, MIN_TAIL_END_DB

# Names that `Field` and `Serializer` use too are taken out of the class by the framework.

# Gear ---------------------------------------------------------------------------------------------


class IRSettingsInput(StrictSerializer):
    """How the file of an impulse response is read."""

    channel_rule = serializers.ChoiceField(
        choices=IRChannelRule.choices,
        required=False,
        help_text="of a cabinet's impulse response whose channels differ; a space has them all",
    )
    tail_end_db = serializers.FloatField(
        min_value=MIN_TAIL_END_DB,
        max_value=MAX_TAIL_END_DB,
        required=False,
        allow_null=True,
        help_text="where an impulse response ends, below its peak, and fades out; "
        "null: at −90, and at −60 where it lasts longer than 2 s, or as a space than 10 s",
    )
    is_lead_trimmed = serializers.BooleanField(
        required=False, help_text="leave out silence in front of an impulse response"
    )

    def with_settings(self) -> dict[str, Any]:
        """The input, with the settings of impulse responses by themselves."""
        values = dict(self.validated_data)
        settings = {name: values.pop(name) for name in IR_SETTINGS if name in values}
        return {**values, "ir_settings": settings}


class GearUploadInput(IRSettingsInput):
    # An empty file is for the service to refuse, with its own code.
    file = serializers.FileField(allow_empty_file=True, help_text="a .nam model, or an IR")
    kind = serializers.ChoiceField(
        choices=GearKind.choices,
        required=False,
        help_text="left out: what a model says of itself, or an amp; of an impulse response a cab",
    )
    name = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="empty: what the file says"
    )
    make = serializers.CharField(max_length=100, required=False, allow_blank=True)
    creator = serializers.CharField(max_length=200, required=False, allow_blank=True)
    licence = serializers.CharField(max_length=100, required=False, allow_blank=True)
    description = serializers.CharField(max_length=4000, required=False, allow_blank=True)


class GearUpdateInput(IRSettingsInput):
    kind = serializers.ChoiceField(choices=GearKind.choices, required=False)
    name = serializers.CharField(max_length=200, required=False)
    make = serializers.CharField(max_length=100, required=False, allow_blank=True)
    creator = serializers.CharField(max_length=200, required=False, allow_blank=True)
    licence = serializers.CharField(max_length=100, required=False, allow_blank=True)
    description = serializers.CharField(max_length=4000, required=False, allow_blank=True)


class NetworkSelfTestOutput(serializers.Serializer[Any]):
    label = serializers.CharField(help_text="the network; a container has several")  # type: ignore[assignment]
    stated_db = serializers.FloatField(allow_null=True, help_text="null: the file says nothing")
    measured_db = serializers.FloatField(allow_null=True, help_text="null: silent or not finite")
    difference_db = serializers.FloatField(allow_null=True)
    has_passed = serializers.BooleanField(allow_null=True)


class SelfTestOutput(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=["passed", "failed", "not_stated", "not_run"])
    reason = serializers.CharField(help_text="why there is nothing to compare; else empty")
    engine = serializers.CharField()
    tolerance_db = serializers.FloatField()
    networks = NetworkSelfTestOutput(many=True)


class ImpulseResponseOutput(serializers.Serializer[Capture]):
    channel_rule = serializers.ChoiceField(choices=IRChannelRule.choices)
    tail_end_db = serializers.FloatField(
        allow_null=True, help_text="null: −90, and −60 where it is too long as it is"
    )
    is_lead_trimmed = serializers.BooleanField()
    sound_s = serializers.FloatField(
        source="info.sound_s", default=None, allow_null=True, help_text="until 90 dB below its peak"
    )
    lead_s = serializers.FloatField(
        source="info.lead_s", default=None, allow_null=True, help_text="silence in front"
    )
    num_channels = serializers.IntegerField(
        source="info.num_channels",
        default=None,
        allow_null=True,
        help_text="of the file; of a space 1, 2 or 4 (true stereo)",
    )
    only_channel = serializers.CharField(
        source="info.only_channel", default="", help_text="the one that sounds; empty: all"
    )
    has_choice_of_channel = serializers.BooleanField(
        source="info.has_choice_of_channel", default=False, help_text="its channels differ"
    )


class CaptureOutput(serializers.Serializer[Capture]):
    id = serializers.UUIDField(source="uuid")
    format = serializers.ChoiceField(choices=CaptureFormat.choices)
    name = serializers.CharField(help_text="the name its file came with")
    sha256 = serializers.CharField()
    size_bytes = serializers.IntegerField()
    state = serializers.ChoiceField(choices=FileState.choices)
    unsupported_reason = serializers.CharField(help_text="why it cannot be played; empty: it can")
    architecture = serializers.SerializerMethodField()
    format_version = serializers.CharField()
    sample_rate_hz = serializers.IntegerField(allow_null=True)
    duration_s = serializers.FloatField(allow_null=True)
    input_level_dbu = serializers.FloatField(allow_null=True)
    output_level_dbu = serializers.FloatField(allow_null=True)
    warnings = serializers.SerializerMethodField()
    impulse_response = serializers.SerializerMethodField(
        help_text="how it is read; null for a model"
    )
    self_test = SelfTestOutput(
        source="info.self_test",
        default=None,
        allow_null=True,
        help_text="does it sound as loud as its own file says; null for IRs and before the check",
    )
    tone3000_id = serializers.CharField(
        help_text="of the model at Tone 3000; empty: not from there"
    )
    tone3000_architecture = serializers.CharField(help_text="their word: 1, 2, custom, …")
    tone3000_size = serializers.CharField(help_text="their word: standard, lite, …")
    created_at = serializers.DateTimeField()

    def get_architecture(self, capture: Capture) -> str:
        return architecture_of(capture)

    @extend_schema_field(ImpulseResponseOutput(allow_null=True))
    def get_impulse_response(self, capture: Capture) -> Any:
        return ImpulseResponseOutput(capture).data if capture.format == CaptureFormat.IR else None

    def get_warnings(self, capture: Capture) -> list[str]:
        return capture_warnings(capture)


class GearBriefOutput(serializers.Serializer[GearItem]):
    id = serializers.UUIDField(source="uuid")
    kind = serializers.ChoiceField(choices=GearKind.choices)
    name = serializers.CharField()
    make = serializers.CharField()
    creator = serializers.CharField()
    licence = serializers.CharField()
    source = serializers.ChoiceField(choices=GearSource.choices)  # type: ignore[assignment]
    source_url = serializers.CharField()
    tone3000_id = serializers.CharField(help_text="of the tone at Tone 3000; empty: not from there")


class GearOutput(GearBriefOutput):
    description = serializers.CharField()
    is_shared = serializers.BooleanField(help_text="everybody may see and use it")
    is_mine = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    captures = CaptureOutput(many=True)
    tags = serializers.SerializerMethodField(help_text="my own, and those of its owner")

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_tags(self, item: GearItem) -> list[str]:
        uses: list[GearTag] = getattr(item, "seen_tags")  # noqa: B009  # see with_tags
        return distinct_tags(use.tag.name for use in uses)

    def get_is_mine(self, item: GearItem) -> bool:
        return bool(item.owner_id == self.context["request"].user.pk)


class CaptureWithGearOutput(CaptureOutput):
    gear = GearBriefOutput()


class OwnEntryOutput(serializers.Serializer[LibraryEntry]):
    id = serializers.UUIDField(source="uuid", help_text="of the entry, not of the capture")
    nickname = serializers.CharField()
    is_favorite = serializers.BooleanField()


class CatalogCaptureOutput(CaptureWithGearOutput):
    """See ``CaptureQuerySet.with_library``."""

    gain = serializers.FloatField(
        allow_null=True, help_text="what its file says, 0 to 1: how much it compresses"
    )
    is_calibrated = serializers.BooleanField(help_text="it is known at which level it was captured")
    has_own_cab = serializers.SerializerMethodField(help_text="its file says so, whatever its kind")
    is_mine = serializers.SerializerMethodField()
    tags = serializers.SerializerMethodField(help_text="my own, and those of the gear's owner")
    library_entry = serializers.SerializerMethodField(help_text="mine; null: not in my library")

    def get_has_own_cab(self, capture: Capture) -> bool:
        return has_own_cab(capture)

    def get_is_mine(self, capture: Capture) -> bool:
        return bool(capture.gear.owner_id == self.context["request"].user.pk)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_tags(self, capture: Capture) -> list[str]:
        uses: list[GearTag] = getattr(capture.gear, "seen_tags")  # noqa: B009  # see with_library
        return distinct_tags(use.tag.name for use in uses)

    @extend_schema_field(OwnEntryOutput(allow_null=True))
    def get_library_entry(self, capture: Capture) -> Any:
        own: list[LibraryEntry] = getattr(capture, "own_entries")  # noqa: B009
        return OwnEntryOutput(own[0]).data if own else None


class GearUploadOutput(GearOutput):
    job = serializers.SerializerMethodField(help_text="looks into the file; watch it")

    @extend_schema_field(JobOutput)
    def get_job(self, item: GearItem) -> Any:
        return JobOutput(self.context["job"], context=self.context).data


# Block types --------------------------------------------------------------------------------------


class ParameterOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField(help_text="for people")  # type: ignore[assignment]
    unit = serializers.CharField()
    minimum = serializers.FloatField()
    maximum = serializers.FloatField()
    default = serializers.FloatField()


class BlockTypeOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    places = serializers.ListField(child=serializers.ChoiceField(choices=Slot.choices))
    parameters = ParameterOutput(many=True)


# Chains -------------------------------------------------------------------------------------------


@extend_schema_field({"oneOf": [{"type": "number"}, {"type": "boolean"}]})
class ParameterValueField(serializers.Field[Any, Any, Any, Any]):
    """A number or a switch, as it is: "3" and 3 are not the same here."""

    default_error_messages = {"invalid": "A number, or true or false, is needed."}

    def to_internal_value(self, data: Any) -> float | bool:
        if not isinstance(data, bool | int | float):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


MAX_BLOCKS_READ: Final = ROOM * MAX_BLOCKS
MAX_EXTRA_IRS_READ: Final = ROOM * MAX_CAB_IRS
MAX_PARAMETERS_READ: Final = ROOM * max(len(kind.parameters) for kind in BLOCK_TYPES.values())

PARAMETERS_HELP = (
    "of a processor those of its block type; of a model slim_size; of a cabinet gain_db, delay_ms, "
    "is_inverted, is_aligned; of a space mix_pct"
)


class ParametersField(BoundedDictField):
    def __init__(self, **options: Any) -> None:
        super().__init__(child=ParameterValueField(), max_length=MAX_PARAMETERS_READ, **options)


class ExtraIRInput(StrictSerializer):
    capture_id = serializers.UUIDField()
    parameters = ParametersField(required=False, help_text="gain_db, is_inverted, delay_ms")


class ExtraIRsField(BoundedList):
    def __init__(self, **options: Any) -> None:
        super().__init__(child=ExtraIRInput(), max_length=MAX_EXTRA_IRS_READ, **options)


class ChainBlockInput(StrictSerializer):
    slot = serializers.ChoiceField(choices=Slot.choices)
    capture_id = serializers.UUIDField(required=False, allow_null=True)
    processor = serializers.CharField(max_length=32, required=False, allow_blank=True)
    parameters = ParametersField(required=False, help_text=PARAMETERS_HELP)
    extra_irs = ExtraIRsField(
        required=False, help_text="of a cabinet: up to three beside its capture"
    )


def block_inputs(blocks: Iterable[dict[str, Any]]) -> list[BlockInput]:
    """What ``ChainBlockInput`` has read, as the services take it."""
    return [
        BlockInput(**{**block, "extra_irs": [IRInput(**ir) for ir in block.get("extra_irs", ())]})
        for block in blocks
    ]


class ChainInput(StrictSerializer):
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    blocks = BoundedList(
        child=ChainBlockInput(),
        max_length=MAX_BLOCKS_READ,
        help_text="in the order of the signal",
    )


class ExtraIROutput(serializers.Serializer[BlockIR]):
    capture = CaptureWithGearOutput(allow_null=True, help_text="null when it was deleted")
    parameters = serializers.DictField(child=ParameterValueField())
    settings = serializers.SerializerMethodField(help_text="the parameters for people")

    def get_settings(self, ir: BlockIR) -> str:
        return describe_settings("", GearKind.CAB, ir.parameters)


class BlockOutput(serializers.Serializer[Block]):
    slot = serializers.ChoiceField(choices=Slot.choices)
    capture = CaptureWithGearOutput(allow_null=True, help_text="null too when it was deleted")
    processor = serializers.CharField(help_text="of block-types/; empty for a capture")
    parameters = serializers.DictField(child=ParameterValueField())
    extra_irs = ExtraIROutput(many=True, source="extra_irs.all")
    settings = serializers.SerializerMethodField(help_text="the parameters for people")

    def get_settings(self, block: Block) -> str:
        kind = block.capture.gear.kind if block.capture else None
        return describe_settings(block.processor, kind, block.parameters)


class ChainErrorOutput(serializers.Serializer[Any]):
    code = ErrorCodeField()
    message = serializers.CharField()
    position = serializers.IntegerField(allow_null=True, help_text="null: the whole chain")


class ChainOutput(serializers.Serializer[SignalChain]):
    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField()
    description = serializers.CharField()
    blocks = BlockOutput(many=True, source="blocks.all")
    errors = serializers.SerializerMethodField(  # type: ignore[assignment]
        help_text="why it cannot be played as it is now"
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    @extend_schema_field(ChainErrorOutput(many=True))
    def get_errors(self, chain: SignalChain) -> list[dict[str, Any]]:
        return [dataclasses.asdict(error) for error in chain_errors(chain)]

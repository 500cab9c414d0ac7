"""Shapes of drafts in the API: their document, and what becomes of it."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gear.api.serializers import (
    MAX_BLOCKS_READ,
    PARAMETERS_HELP,
    ExtraIRsField,
    ParametersField,
)
from gear.models.chain import Slot
from gts.web.api.serializers import (
    ROOM,
    BoundedList,
    BoundedListField,
    ErrorCodeField,
    StrictSerializer,
)
from jobs.pipeline.vocabulary.options import SHOOTOUT_OPTIONS
from shootouts.api.serializers import option_field
from shootouts.services.draft_document import ID_PATTERN, SCHEMA_VERSION
from shootouts.services.draft_expansion import Expansion

# Far more than can be shown: so that the answer can say how many chains they would make.
_MAX_OPTIONS: Final = 100
_MAX_LINE_UP: Final = 4 * ROOM * max(settings.GTS_MAX_CONTENDERS, 1)
_MAX_DI_TRACKS: Final = ROOM * max(settings.GTS_MAX_DI_TRACKS, 1)
_ID_CHARS: Final = 16
_KEY_PATTERN: Final = f"{ID_PATTERN}(/{ID_PATTERN}){{0,{MAX_BLOCKS_READ - 1}}}"


def _id_field(**options: Any) -> serializers.RegexField:
    return serializers.RegexField(f"^{ID_PATTERN}$", **options)


def _key_field(**options: Any) -> serializers.RegexField:
    longest = MAX_BLOCKS_READ * (_ID_CHARS + 1)
    return serializers.RegexField(f"^{_KEY_PATTERN}$", max_length=longest, **options)


class DraftBlockInput(StrictSerializer):
    capture_id = serializers.UUIDField(required=False, allow_null=True)
    processor = serializers.CharField(max_length=32, required=False, allow_blank=True)
    parameters = ParametersField(required=False, help_text=PARAMETERS_HELP)
    extra_irs = ExtraIRsField(required=False)


class DraftOptionInput(StrictSerializer):
    id = _id_field(help_text="made by the client, unique in the draft")
    block = DraftBlockInput(allow_null=True, help_text="null is nothing")


class DraftSlotInput(StrictSerializer):
    id = _id_field(help_text="made by the client, unique in the draft")
    slot = serializers.ChoiceField(choices=Slot.choices)
    options = BoundedList(
        child=DraftOptionInput(),
        max_length=_MAX_OPTIONS,
        help_text="what may stand there; none: as if the slot were not there",
    )


class DraftEntryInput(StrictSerializer):
    cell = _key_field(required=False, help_text="ids of its options in slot order, joined by /")
    chain_id = serializers.UUIDField(required=False, help_text="instead of a cell: a saved chain")
    label = serializers.CharField(  # type: ignore[assignment]  # a name of Field too
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="empty: what differs, or the name of the chain",
    )


class DraftOptionsInput(StrictSerializer):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {option.name: option_field(option) for option in SHOOTOUT_OPTIONS}


class DraftDocumentInput(StrictSerializer):
    """The builder's state. What it names need not be there, and it may be incomplete."""

    schema_version = serializers.IntegerField(min_value=SCHEMA_VERSION, max_value=SCHEMA_VERSION)
    title = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="empty: one made of the line-up"
    )
    description = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    di_tracks = BoundedListField(
        child=serializers.UUIDField(),
        max_length=_MAX_DI_TRACKS,
        required=False,
        help_text="ids, in their order",
    )
    slots = BoundedList(
        child=DraftSlotInput(),
        max_length=MAX_BLOCKS_READ,
        required=False,
        help_text="in the order of the signal; each makes one block of a chain",
    )
    off = BoundedListField(
        child=_key_field(),
        max_length=_MAX_LINE_UP,
        required=False,
        help_text="keys of cells that are switched off",
    )
    line_up = BoundedList(
        child=DraftEntryInput(),
        max_length=_MAX_LINE_UP,
        required=False,
        help_text="order and labels; cells that are not named follow",
    )
    options = DraftOptionsInput(required=False, help_text="of the shootout; missing: the default")


# What becomes of it -------------------------------------------------------------------------------


class CellErrorOutput(serializers.Serializer[Any]):
    code = ErrorCodeField()
    message = serializers.CharField()
    slot_id = serializers.CharField(allow_null=True, help_text="null: the whole chain")
    option_id = serializers.CharField(allow_null=True)


class CellOutput(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField(  # type: ignore[assignment]  # a name of Field too
        help_text="what differs from the others; all are different"
    )
    names = serializers.ListField(
        child=serializers.CharField(), help_text="of each slot of the draft; empty: nothing"
    )
    is_valid = serializers.BooleanField(  # type: ignore[assignment]  # a name of Serializer too
        help_text="it can be played"
    )
    is_on = serializers.BooleanField(help_text="not switched off; only valid ones play")
    errors = CellErrorOutput(many=True)  # type: ignore[assignment]


class SlotGuidanceOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    message = serializers.CharField(help_text="one sentence for people; empty: nothing to say")
    allows_none = serializers.BooleanField(help_text="nothing may be one of its options")


class LineUpOutput(serializers.Serializer[Any]):
    key = serializers.CharField(source="cell.key", allow_null=True, default=None)
    chain_id = serializers.UUIDField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]  # a name of Field too
    is_valid = serializers.BooleanField()  # type: ignore[assignment]  # a name of Serializer too
    message = serializers.CharField(help_text="why it cannot be played; empty: it can")


class EstimateOutput(serializers.Serializer[Any]):
    render_s = serializers.FloatField(help_text="until everything can be heard")
    video_s = serializers.FloatField(help_text="from there to the video; 0: none is made")
    video_duration_s = serializers.FloatField()
    basis = serializers.ChoiceField(
        choices=["measured", "typical"], help_text="typical: nothing was rendered here yet"
    )


class ExpansionOutput(serializers.Serializer[Expansion]):
    """``context``: the ``estimate``, and the ``limit`` of contenders."""

    cells = CellOutput(many=True, source="cells.cells", help_text="the last slot fastest")
    num_cells = serializers.IntegerField(source="cells.num_cells")
    num_on = serializers.SerializerMethodField(help_text="cells that are on and can be played")
    max_contenders = serializers.SerializerMethodField()
    slots = SlotGuidanceOutput(many=True, source="cells.slots")
    line_up = LineUpOutput(many=True)
    problems = serializers.SerializerMethodField(
        help_text="sentences: what keeps it from being rendered; none: it can be"
    )
    auto_title = serializers.CharField(help_text="used while the title is empty")
    estimate = serializers.SerializerMethodField()

    def get_num_on(self, expansion: Expansion) -> int:
        return sum(cell.is_on and cell.is_valid for cell in expansion.cells.cells)

    def get_max_contenders(self, expansion: Expansion) -> int:
        limit: int = self.context["limit"]
        return limit

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_problems(self, expansion: Expansion) -> list[str]:
        return list(dict.fromkeys(problem.message for problem in expansion.problems))

    @extend_schema_field(EstimateOutput)
    def get_estimate(self, expansion: Expansion) -> Any:
        return EstimateOutput(self.context["estimate"]).data

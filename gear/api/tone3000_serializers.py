"""Shapes of Tone 3000 in the API. Values of their lists are text: the lists grow."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gear.models.item import GearKind
from gear.tone3000.fields import is_identifier
from gear.tone3000.kinds import kind_of, unsupported_reason
from gear.tone3000.library import ToneDetail
from gear.tone3000.picking import Choice, PickState
from gear.tone3000.schemas import Model, Tone, User
from gear.tone3000.services import BAD_ID
from gts.web.api.paging import CURSOR_HELP, MAX_PAGE_SIZE, PAGE_SIZE
from gts.web.api.queries import QuerySerializer, WholeNumberField
from gts.web.api.serializers import StrictSerializer


class CursorQuery(QuerySerializer):
    cursor = serializers.CharField(required=False, help_text=CURSOR_HELP)


class TonePageQuery(CursorQuery):
    page_size = WholeNumberField(
        default=PAGE_SIZE, min_value=1, max_value=MAX_PAGE_SIZE, help_text="How many at a time."
    )


class ToneSearchQuery(CursorQuery):
    query = serializers.CharField(
        default="", max_length=200, allow_blank=True, trim_whitespace=False, help_text="words"
    )


class CreatorOutput(serializers.Serializer[User]):
    id = serializers.CharField(help_text="opaque")
    username = serializers.CharField(allow_null=True)
    display_name = serializers.CharField(allow_null=True)
    is_verified = serializers.BooleanField(allow_null=True)
    avatar_url = serializers.CharField(allow_null=True)
    url = serializers.CharField(allow_null=True)


class ToneOutput(serializers.Serializer[Tone]):
    id = serializers.CharField(help_text="of the tone at Tone 3000, opaque")
    title = serializers.CharField()
    creator = CreatorOutput(allow_null=True)
    description = serializers.CharField(allow_null=True)
    licence = serializers.CharField(allow_null=True, help_text="their word; null: not told here")
    url = serializers.CharField(allow_null=True, help_text="its page at Tone 3000")
    gear = serializers.CharField(allow_null=True, help_text="their word, of a list that grows")
    format = serializers.CharField(allow_null=True, help_text="their word, of a list that grows")
    images = serializers.ListField(child=serializers.CharField())
    makes = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())
    sizes = serializers.ListField(child=serializers.CharField())
    a1_models_count = serializers.IntegerField(allow_null=True)
    a2_models_count = serializers.IntegerField(allow_null=True)
    custom_models_count = serializers.IntegerField(allow_null=True)
    irs_count = serializers.IntegerField(allow_null=True)
    downloads_count = serializers.IntegerField(allow_null=True)
    favorites_count = serializers.IntegerField(allow_null=True)
    is_public = serializers.BooleanField(allow_null=True)
    is_favorite = serializers.BooleanField(allow_null=True)
    created_at = serializers.DateTimeField(allow_null=True)
    kind = serializers.SerializerMethodField(
        help_text="what it is used as here; null: adding it needs a kind"
    )
    unsupported_reason = serializers.SerializerMethodField(
        help_text="why its files cannot be played here; empty: they can"
    )

    def get_kind(self, tone: Tone) -> str | None:
        return kind_of(tone)

    def get_unsupported_reason(self, tone: Tone) -> str:
        return unsupported_reason(tone)


class TonePageOutput(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ToneOutput(many=True)


class ModelOutput(serializers.Serializer[Model]):
    id = serializers.CharField(help_text="of the model at Tone 3000, opaque")
    name = serializers.CharField(allow_null=True)
    size = serializers.CharField(allow_null=True, help_text="their word")
    architecture = serializers.CharField(
        allow_null=True, help_text="1, 2, custom, …; null: not a NAM"
    )
    has_file = serializers.SerializerMethodField()
    capture_id = serializers.SerializerMethodField(help_text="of your capture, once it is added")

    def get_has_file(self, model: Model) -> bool:
        return model.url is not None

    def get_capture_id(self, model: Model) -> str | None:
        capture = self.context["captures"].get(model.id)
        return str(capture.uuid) if capture else None


class ToneDetailOutput(ToneOutput):
    models = serializers.SerializerMethodField(help_text="of every architecture, all pages")

    @staticmethod
    def of(detail: ToneDetail) -> Any:
        return ToneDetailOutput(detail.tone, context={"detail": detail}).data

    @extend_schema_field(ModelOutput(many=True))
    def get_models(self, tone: Tone) -> list[dict[str, Any]]:
        detail: ToneDetail = self.context["detail"]
        models: Any = detail.models
        return list(ModelOutput(models, many=True, context={"captures": detail.captures}).data)


class CaptureAddInput(StrictSerializer):
    tone_id = serializers.CharField(max_length=64)
    model_id = serializers.CharField(max_length=64)
    kind = serializers.ChoiceField(
        choices=GearKind.choices, required=False, help_text="needed where the tone has no kind"
    )


class PickInput(StrictSerializer):
    choice = serializers.ChoiceField(
        choices=[choice.value for choice in Choice], required=False, help_text="what to look for"
    )
    tone_id = serializers.CharField(
        max_length=64, required=False, help_text="this tone, or one in its place"
    )

    def validate_tone_id(self, value: str) -> str:
        if not is_identifier(value):
            raise serializers.ValidationError(BAD_ID)
        return value


class PickOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=[(state.value, state.name) for state in PickState])
    tone_id = serializers.CharField(help_text="what was picked; empty: nothing (yet)")


class PickBegunOutput(PickOutput):
    url = serializers.CharField(help_text="open it in a browser that is logged in here as you")

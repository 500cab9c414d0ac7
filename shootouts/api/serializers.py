"""What the API says about DI tracks, shootouts and their media, and what it accepts."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gear.api.chain_groups import GroupSlotsField
from gts.web.api.queries import QuerySerializer
from gts.web.api.serializers import ROOM, BoundedList, BoundedListField, StrictSerializer
from jobs.api.jobs import JobOutput
from jobs.pipeline.vocabulary.audio_interfaces import InterfaceInput
from jobs.pipeline.vocabulary.options import (
    OPTION_NAMES,
    SHOOTOUT_OPTIONS,
    ChoiceOption,
    NumberOption,
    ShootoutOption,
    SwitchOption,
)
from shootouts.models import DITrack, RenderedFile, Segment, Shootout
from shootouts.models.di_track import ChannelRuleChoice, FindingSeverity
from shootouts.models.media import RenderedFileKind
from shootouts.models.shootout import Visibility
from shootouts.rendering import current_report

_MAX_CONTENDERS_READ: Final = ROOM * max(settings.GTS_MAX_CONTENDERS, 1)
_MAX_DI_TRACKS_READ: Final = ROOM * max(settings.GTS_MAX_DI_TRACKS, 1)


class FindingOutput(serializers.Serializer[Any]):
    """What is doubtful about a DI track, and what to do."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=FindingSeverity.choices)
    figure = serializers.FloatField(allow_null=True)
    unit = serializers.CharField()
    message = serializers.CharField()


class ChannelLevelsOutput(serializers.Serializer[Any]):
    """RMS of each channel and of their mix, gated; null is silence."""

    layout = serializers.CharField(
        help_text="mono, identical, left_only, right_only, out_of_phase or different"
    )
    rule = serializers.CharField(help_text="what auto means here: mix, left or right")
    left_dbfs = serializers.FloatField(allow_null=True)
    right_dbfs = serializers.FloatField(allow_null=True)
    mix_dbfs = serializers.FloatField(allow_null=True)
    correlation = serializers.FloatField()


class DITrackOutput(serializers.ModelSerializer[DITrack]):
    id = serializers.UUIDField(source="uuid")
    audio_url = serializers.SerializerMethodField()
    rms_dbfs = serializers.FloatField(
        source="info.rms_dbfs", default=None, allow_null=True, help_text="gated, of what is played"
    )
    channels = ChannelLevelsOutput(source="info.channels", default=None, allow_null=True)
    sound_start_s = serializers.FloatField(
        source="info.sound_start_s", default=None, allow_null=True, help_text="silence before it"
    )
    sound_end_s = serializers.FloatField(
        source="info.sound_end_s", default=None, allow_null=True, help_text="silence after it"
    )
    report = serializers.SerializerMethodField(
        help_text="of the whole file; empty while it is being checked"
    )

    class Meta:
        model = DITrack
        fields = (
            "id",
            "name",
            "guitar",
            "pickup",
            "tuning",
            "bpm",
            "notes",
            "input_level_dbu",
            "channel_rule",
            "start_s",
            "end_s",
            "rms_dbfs",
            "channels",
            "sound_start_s",
            "sound_end_s",
            "report",
            "file_name",
            "sha256",
            "size_bytes",
            "state",
            "format",
            "sample_rate_hz",
            "num_channels",
            "duration_s",
            "audio_url",
            "created_at",
        )
        read_only_fields = fields

    @extend_schema_field(FindingOutput(many=True))
    def get_report(self, track: DITrack) -> list[dict[str, Any]]:
        return current_report(track)

    def get_audio_url(self, track: DITrack) -> str:
        return reverse("api-di-track-audio", args=[track.uuid])


class DITrackUploaded(DITrackOutput):
    """A fresh upload with the job that looks inside it."""

    job = JobOutput()

    class Meta:
        model = DITrack
        fields = (*DITrackOutput.Meta.fields, "job")
        read_only_fields = fields


class DITrackInput(StrictSerializer):
    name = serializers.CharField(max_length=200, required=False)
    guitar = serializers.CharField(max_length=100, required=False, allow_blank=True)
    pickup = serializers.CharField(max_length=100, required=False, allow_blank=True)
    tuning = serializers.CharField(max_length=50, required=False, allow_blank=True)
    bpm = serializers.FloatField(min_value=20, max_value=400, required=False, allow_null=True)
    notes = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    input_level_dbu = serializers.FloatField(
        min_value=-60, max_value=60, required=False, allow_null=True
    )
    channel_rule = serializers.ChoiceField(
        choices=ChannelRuleChoice.choices,
        required=False,
        help_text="which channel of a stereo file goes into the amp; auto: where the sound is",
    )
    start_s = serializers.FloatField(
        min_value=0, max_value=600, required=False, help_text="playing begins here"
    )
    end_s = serializers.FloatField(
        min_value=0,
        max_value=600,
        required=False,
        allow_null=True,
        help_text="playing ends here; null: at the end of the file",
    )


class DITrackUploadInput(DITrackInput):
    file = serializers.FileField(allow_empty_file=True)  # an empty one gets a better error later


class DITrackPreviewQuery(QuerySerializer):
    channel_rule = serializers.ChoiceField(choices=ChannelRuleChoice.choices, default="auto")


class AudioInterfaceOutput(serializers.Serializer[Any]):
    """What level at an input of an audio interface reads 0 dBFS."""

    key = serializers.CharField(help_text="for audio_interface of me/")
    label = serializers.CharField(  # type: ignore[assignment]  # a name of Field too
        help_text="maker, model and input, for people"
    )
    maker = serializers.CharField()
    model = serializers.CharField()
    input = serializers.ChoiceField(choices=InterfaceInput.choices)
    level_dbu = serializers.FloatField(
        help_text="for input_level_dbu of a DI track, with the gain of the input at its minimum"
    )
    source = serializers.CharField(  # type: ignore[assignment]  # a name of Field too
        help_text="the maker's document that says so"
    )
    url = serializers.CharField(help_text="where it was read")
    is_quoted = serializers.BooleanField(
        help_text="whether it was read where others quote the document"
    )


class WaveformOutput(serializers.Serializer[Any]):
    waveform = serializers.ListField(child=serializers.FloatField())
    duration_s = serializers.FloatField(allow_null=True)


class ShootoutDITrackOutput(serializers.Serializer[Any]):
    di_track_id = serializers.UUIDField(
        source="di_track.uuid", allow_null=True, default=None, help_text="null: it was deleted"
    )
    name = serializers.CharField(source="di_track.name", default="")


class ContenderOutput(serializers.Serializer[Any]):
    chain_id = serializers.UUIDField(
        source="chain.uuid", allow_null=True, default=None, help_text="null: it was deleted"
    )
    label = serializers.CharField()  # type: ignore[assignment]  # a name of Field too


def _described(option: ShootoutOption) -> dict[str, str]:
    return {"help_text": option.help} if option.help else {}


def option_field(option: ShootoutOption) -> serializers.Field[Any, Any, Any, Any]:
    given: dict[str, Any] = {"required": False, **_described(option)}
    match option:
        case NumberOption():
            bounds: dict[str, Any] = {"min_value": option.minimum, "max_value": option.maximum}
            return serializers.FloatField(**bounds, **given)
        case SwitchOption():
            return serializers.BooleanField(**given)
        case ChoiceOption():
            return serializers.ChoiceField(choices=[*option.choices.items()], **given)


class ShootoutOutput(serializers.ModelSerializer[Shootout]):
    id = serializers.UUIDField(source="uuid")
    owner = serializers.CharField(source="owner.username")
    di_tracks = ShootoutDITrackOutput(source="dis", many=True, help_text="in their order")
    contenders = ContenderOutput(many=True, help_text="in their order")
    render_version = serializers.IntegerField(
        source="latest_render.version", allow_null=True, default=None
    )
    job_id = serializers.SerializerMethodField(help_text="of the newest render; for its owner only")
    is_published = serializers.SerializerMethodField(help_text="there is a manifest to play")
    html_url = serializers.SerializerMethodField(help_text="its page, for people")
    video_url = serializers.SerializerMethodField(help_text="null: there is none (yet)")
    poster_url = serializers.SerializerMethodField(
        help_text="what a player shows before the video, as large as it; null: there is no video"
    )
    thumbnail_url = serializers.SerializerMethodField(
        help_text="a picture for lists; at present that of poster_url"
    )
    subtitles_url = serializers.SerializerMethodField(
        help_text="WebVTT, who is heard when; null: there is no video"
    )

    class Meta:
        model = Shootout
        fields = (
            "id",
            "owner",
            "title",
            "description",
            "state",
            "visibility",
            *OPTION_NAMES,
            "di_tracks",
            "contenders",
            "render_version",
            "job_id",
            "is_published",
            "html_url",
            "video_url",
            "poster_url",
            "thumbnail_url",
            "subtitles_url",
            "published_at",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields
        extra_kwargs = {option.name: _described(option) for option in SHOOTOUT_OPTIONS}

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_job_id(self, shootout: Shootout) -> str | None:
        request = self.context.get("request")
        render = shootout.latest_render
        if request is None or request.user != shootout.owner or render is None:
            return None
        return str(render.job.uuid) if render.job else None

    def get_is_published(self, shootout: Shootout) -> bool:
        return shootout.published_at is not None

    def get_html_url(self, shootout: Shootout) -> str:
        url: str = self.context["request"].build_absolute_uri(
            reverse("shootout-detail", args=[shootout.uuid])
        )
        return url

    def get_video_url(self, shootout: Shootout) -> str | None:
        return _published_url(shootout, RenderedFileKind.VIDEO)

    def get_poster_url(self, shootout: Shootout) -> str | None:
        return _published_url(shootout, RenderedFileKind.THUMBNAIL)

    def get_thumbnail_url(self, shootout: Shootout) -> str | None:
        return _published_url(shootout, RenderedFileKind.THUMBNAIL)

    def get_subtitles_url(self, shootout: Shootout) -> str | None:
        return _published_url(shootout, RenderedFileKind.SUBTITLES_VTT)


def _published_url(shootout: Shootout, kind: RenderedFileKind) -> str | None:
    """No query where the shootout was read ``for_lists``."""
    render = shootout.published_render
    files = render.files.all() if render is not None else ()
    found = next((file for file in files if file.kind == kind), None)
    return None if found is None else reverse("media", args=[found.uuid])


class ShootoutDITrackInput(StrictSerializer):
    di_track_id = serializers.UUIDField(help_text="of one of my DI tracks")


class ContenderInput(StrictSerializer):
    chain_id = serializers.UUIDField(help_text="of one of my chains")
    label = serializers.CharField(  # type: ignore[assignment]  # a name of Field too
        max_length=200, default="", allow_blank=True, help_text="empty: the name of the chain"
    )


class DITracksField(BoundedList):
    def __init__(self, **options: Any) -> None:
        super().__init__(child=ShootoutDITrackInput(), max_length=_MAX_DI_TRACKS_READ, **options)


class ContendersField(BoundedList):
    def __init__(self, **options: Any) -> None:
        super().__init__(child=ContenderInput(), max_length=_MAX_CONTENDERS_READ, **options)


class ShootoutUpdateInput(StrictSerializer):
    title = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    visibility = serializers.ChoiceField(choices=Visibility.choices, required=False)
    di_tracks = DITracksField(required=False, help_text="in their order")
    contenders = ContendersField(required=False, help_text="in their order")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        options = {option.name: option_field(option) for option in SHOOTOUT_OPTIONS}
        return {**super().get_fields(), **options}


class ShootoutCreateInput(ShootoutUpdateInput):
    title = serializers.CharField(max_length=200)
    di_tracks = DITracksField(help_text="in their order")
    contenders = ContendersField(required=False, help_text="in their order; or give slots")
    slots = GroupSlotsField(
        required=False,
        help_text="instead of contenders: a chain is made of every combination of their options, "
        "the last slot fastest",
    )
    labels = BoundedListField(
        child=serializers.CharField(max_length=200, allow_blank=True),
        max_length=_MAX_CONTENDERS_READ,
        required=False,
        help_text="of the chains that slots make; empty: what differs between them",
    )
    only_valid = serializers.BooleanField(
        default=False, help_text="of slots: leave out what cannot be played instead of refusing all"
    )


class MediaOutput(serializers.ModelSerializer[RenderedFile]):
    id = serializers.UUIDField(source="uuid")
    url = serializers.SerializerMethodField()

    class Meta:
        model = RenderedFile
        fields = ("id", "kind", "name", "content_type", "size_bytes", "sha256", "url")
        read_only_fields = fields

    def get_url(self, file: RenderedFile) -> str:
        return reverse("media", args=[file.uuid])


class SegmentOutput(serializers.ModelSerializer[Segment]):
    id = serializers.UUIDField(source="uuid")
    media = serializers.SerializerMethodField()

    class Meta:
        model = Segment
        fields = (
            "id",
            "di_index",
            "contender_index",
            "state",
            "error_code",
            "error_message",
            "media",
        )
        read_only_fields = fields

    @extend_schema_field(MediaOutput(allow_null=True))
    def get_media(self, segment: Segment) -> dict[str, Any] | None:
        files = list(segment.files.all())
        return dict(MediaOutput(files[0]).data) if files else None

"""Forms of the shootout pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms

from jobs.pipeline.vocabulary.audio_interfaces import audio_interfaces
from jobs.pipeline.vocabulary.options import (
    SHOOTOUT_OPTIONS,
    ChoiceOption,
    NumberOption,
    ShootoutOption,
    SwitchOption,
)
from shootouts.models.di_track import ChannelRuleChoice
from shootouts.models.shootout import Visibility
from shootouts.models.social import COMMENT_MAX_CHARS


class DIFields(forms.Form):
    """What is said of a DI track, when it is uploaded and later."""

    name = forms.CharField(label="Name", max_length=200)
    guitar = forms.CharField(label="Guitar", max_length=100, required=False)
    pickup = forms.CharField(label="Pickup", max_length=100, required=False)
    tuning = forms.CharField(label="Tuning", max_length=50, required=False)
    bpm = forms.FloatField(label="Tempo", min_value=20, max_value=400, required=False)
    input_level_dbu = forms.FloatField(
        label="Interface input level",
        min_value=-60,
        max_value=60,
        required=False,
        help_text="In dBu at 0 dBFS, if you know it: captures are then driven as the amp was",
    )

    def __init__(self, *args: Any, interface_key: str = "", **kwargs: Any) -> None:
        """``interface_key``: of the audio interface that this person chose last."""
        super().__init__(*args, **kwargs)
        self.interface = audio_interfaces().get(interface_key)

    def begin_with_interface(self) -> None:
        """A new track most often comes from the same interface as the last one."""
        if self.interface is not None:
            self.initial.setdefault("input_level_dbu", self.interface.level_dbu)


class DIUploadForm(DIFields):
    name = forms.CharField(
        label="Name",
        max_length=200,
        required=False,
        help_text="Leave blank to use the file name",
    )
    file = forms.FileField(
        label="DI track",
        help_text="WAV, FLAC, AIFF, OGG or MP3; up to 100 MB and 10 minutes",
        widget=forms.FileInput(attrs={"accept": ".wav,.flac,.aif,.aiff,.ogg,.mp3"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # It shares a page with other forms that have a name too.
        super().__init__(*args, **{"auto_id": "di_%s", **kwargs})
        self.begin_with_interface()


class DIRecordForm(DIFields):
    """What is said of a take, before its script uploads it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.begin_with_interface()


class DITrackForm(DIFields):
    """Everything about a DI track that may be changed at any time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The one that was chosen last says nothing about another track.
        if self.interface and self.interface.level_dbu != self.initial.get("input_level_dbu"):
            self.interface = None

    notes = forms.CharField(
        label="Notes",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    channel_rule = forms.ChoiceField(
        label="Channel",
        choices=[
            (ChannelRuleChoice.AUTO, "Auto: where the sound is"),
            (ChannelRuleChoice.LEFT, "Left"),
            (ChannelRuleChoice.RIGHT, "Right"),
            (ChannelRuleChoice.MIX, "Mix of both"),
        ],
        help_text="What of a stereo file goes into the amp",
    )
    start_s = forms.FloatField(
        label="Start",
        min_value=0,
        max_value=600,
        required=False,
        widget=forms.NumberInput(attrs={"step": "0.001"}),
    )
    end_s = forms.FloatField(
        label="End",
        min_value=0,
        max_value=600,
        required=False,
        widget=forms.NumberInput(attrs={"step": "0.001"}),
        help_text="Leave blank to play to the end",
    )

    def clean_start_s(self) -> float:
        return float(self.cleaned_data["start_s"] or 0.0)


class ShootoutForm(forms.Form):
    """Of the builder: what a shootout says about itself, and its options. The script reads and
    writes the fields; they are not sent."""

    title = forms.CharField(
        label="Title",
        max_length=200,
        required=False,
        widget=forms.TextInput(
            attrs={
                "class": "title-input",
                "placeholder": "Untitled shootout",
                "autocomplete": "off",
            }
        ),
    )
    description = forms.CharField(
        label="Description",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What is being compared, and what to listen for",
    )

    def options(self) -> Iterator[tuple[ShootoutOption, forms.BoundField]]:
        return ((option, self[option.name]) for option in SHOOTOUT_OPTIONS)


def _option_field(option: ShootoutOption) -> forms.Field:
    said: dict[str, Any] = {
        "label": option.label,
        "help_text": option.help,
        "initial": option.default,
    }
    match option:
        case NumberOption():
            return forms.FloatField(min_value=option.minimum, max_value=option.maximum, **said)
        case SwitchOption():
            return forms.BooleanField(required=False, **said)
        case ChoiceOption():
            choices = [*option.choices.items()]
            return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **said)


ShootoutForm.base_fields |= {option.name: _option_field(option) for option in SHOOTOUT_OPTIONS}


def _visibility_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label="Visibility",
        choices=[
            (Visibility.PRIVATE, "Private"),
            (Visibility.UNLISTED, "Unlisted (anyone with the link)"),
            (Visibility.PUBLIC, "Public"),
        ],
        widget=forms.RadioSelect,
    )


class ShootoutEditForm(ShootoutForm):
    """The same of one that is there and has a title; this one is sent."""

    title = forms.CharField(label="Title", max_length=200)
    visibility = _visibility_field()


class ShootoutSettingsForm(forms.Form):
    """What may be changed at any time, also while it renders."""

    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(label="Title", max_length=200)
    description = forms.CharField(
        label="Description",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    visibility = _visibility_field()


class CommentForm(forms.Form):
    text = forms.CharField(
        label="Your comment",
        max_length=COMMENT_MAX_CHARS,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": COMMENT_MAX_CHARS}),
        error_messages={"required": "Say something."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "comment_%s", **kwargs})


class ShootoutImportForm(forms.Form):
    file = forms.FileField(
        label="Archive",
        help_text="As it was exported, here or elsewhere",
        widget=forms.FileInput(attrs={"accept": ".zip"}),
        allow_empty_file=True,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "import_%s", **kwargs})

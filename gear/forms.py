"""Forms of the gear pages."""

from __future__ import annotations

from typing import Any

from django import forms

from gear.models.item import GearKind

# A space needs the reverb of a later version.
_KINDS = [choice for choice in GearKind.choices if choice[0] != GearKind.SPACE]
_FROM_FILE = ("", "What the file says")


class GearUploadForm(forms.Form):
    file = forms.FileField(
        label="Capture",
        help_text="A .nam model, or an impulse response as WAV, AIFF or FLAC (up to 2 s)",
        widget=forms.FileInput(attrs={"accept": ".nam,.wav,.aif,.aiff,.flac"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )
    kind = forms.ChoiceField(
        label="What it is",
        choices=[_FROM_FILE, *_KINDS],
        widget=forms.RadioSelect,
        initial="",
        required=False,
    )
    name = forms.CharField(
        label="Name", max_length=200, required=False, help_text="Empty: what the file says"
    )
    make = forms.CharField(label="Make", max_length=100, required=False)
    creator = forms.CharField(label="Captured by", max_length=200, required=False)
    licence = forms.CharField(
        label="Licence",
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"list": "licences"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # It shares a page with other forms that have a name too.
        super().__init__(*args, **{"auto_id": "capture_%s", **kwargs})

"""Forms of the gear pages."""

from __future__ import annotations

from typing import Any

from django import forms

from gear.capture_files import FORMAT_OF_KIND
from gear.models import GearItem
from gear.models.item import GearKind, GearSource

# A space needs the reverb of a later version.
_KINDS = [choice for choice in GearKind.choices if choice[0] != GearKind.SPACE]
_FROM_FILE = ("", "What the file says")


def _kind_field(**given: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label="What it is", widget=forms.RadioSelect, **given)


class GearForm(forms.Form):
    """What may be changed of gear that is here. Of that from Tone 3000 the kind alone."""

    kind = _kind_field()
    name = forms.CharField(label="Name", max_length=200)
    make = forms.CharField(label="Make", max_length=100, required=False)
    creator = forms.CharField(label="Captured by", max_length=200, required=False)
    licence = forms.CharField(
        label="Licence",
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"list": "licences"}),
    )
    description = forms.CharField(
        label="Description", max_length=4000, required=False, widget=forms.Textarea
    )

    @classmethod
    def of(cls, item: GearItem, data: Any = None) -> GearForm:
        form = cls(data, initial={name: getattr(item, name) for name in cls.base_fields})
        own_format = FORMAT_OF_KIND[item.kind]
        fitting = [choice for choice in _KINDS if FORMAT_OF_KIND[choice[0]] == own_format]
        form.fields["kind"] = _kind_field(choices=fitting)
        if item.source == GearSource.TONE3000:
            for name in list(form.fields):
                if name != "kind":
                    del form.fields[name]
        return form


class GearUploadForm(forms.Form):
    file = forms.FileField(
        label="Capture",
        help_text="A .nam model, or an impulse response as WAV, AIFF or FLAC (up to 2 s)",
        widget=forms.FileInput(attrs={"accept": ".nam,.wav,.aif,.aiff,.flac"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )
    kind = _kind_field(choices=[_FROM_FILE, *_KINDS], initial="", required=False)
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

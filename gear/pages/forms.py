"""Forms of the gear pages, and what templates of chains are given, here and on other pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest

from gear.captures.files import FORMAT_OF_KIND
from gear.chains.describe import describe_chain
from gear.models import Capture, GearItem, LibraryEntry
from gear.models.chain import Slot
from gear.models.item import CaptureFormat, GearKind, GearSource, IRChannelRule
from gear.pages import chain_form
from gear.selectors import captures_get, captures_to_choose
from gear.services.gear import IR_SETTINGS
from gear.services.library import CaptureNote
from jobs.pipeline.render.ir_facts import MAX_IR_DURATION_S, MAX_SPACE_DURATION_S

_TAIL_ENDS_DB = (-90.0, -80.0, -70.0, -60.0, -50.0, -40.0)
_FROM_FILE = ("", "What the file says")


def _kind_field(**given: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label="What it is", widget=forms.RadioSelect, **given)


class GearFields(forms.Form):
    """What is said of gear, when it is uploaded and later."""

    name = forms.CharField(label="Name", max_length=200)
    make = forms.CharField(label="Make", max_length=100, required=False)
    creator = forms.CharField(label="Captured by", max_length=200, required=False)
    licence = forms.CharField(
        label="Licence",
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"list": "licences"}),
    )


class GearForm(GearFields):
    """What may be changed of gear that is here. Of that from Tone 3000 only its kind, and how an
    impulse response is read."""

    kind = _kind_field()
    description = forms.CharField(
        label="Description",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    @classmethod
    def of(cls, item: GearItem, data: Any = None) -> GearForm:
        form = cls(data, initial={name: getattr(item, name) for name in cls.base_fields})
        form.settings_of(item.captures.filter(format=CaptureFormat.IR).first(), item.kind)
        own_format = FORMAT_OF_KIND[item.kind]
        fitting = [choice for choice in GearKind.choices if FORMAT_OF_KIND[choice[0]] == own_format]
        form.fields["kind"] = _kind_field(choices=fitting)
        if item.source == GearSource.TONE3000:
            for name in list(form.fields):
                if name not in ("kind", *IR_SETTINGS):
                    del form.fields[name]
        return form

    def settings_of(self, capture: Capture | None, kind: str = GearKind.CAB) -> None:
        """What may be said about how an impulse response is read: of a space no channel."""
        if capture is None:
            return
        value = capture.tail_end_db
        levels_db = sorted({*_TAIL_ENDS_DB, *([] if value is None else [value])})
        ends = [(f"{level:g}", f"{-level:g} dB below its peak") for level in levels_db]
        if kind != GearKind.SPACE:
            self.fields["channel_rule"] = forms.ChoiceField(
                label="Channel",
                choices=IRChannelRule.choices,
                required=False,
                help_text="What is heard where the channels of the file differ",
            )
        limit_s = MAX_SPACE_DURATION_S if kind == GearKind.SPACE else MAX_IR_DURATION_S
        self.fields["tail_end_db"] = forms.TypedChoiceField(
            label="Ends",
            choices=[("", "Automatic"), *ends],
            help_text="Automatic: 90 dB below its peak; of one that sounds on "
            f"after {limit_s:g} s at 60 dB",
            coerce=float,
            empty_value=None,
            required=False,
        )
        self.fields["is_lead_trimmed"] = forms.BooleanField(
            label="Leave out silence in front", required=False
        )
        self.initial["tail_end_db"] = "" if value is None else f"{value:g}"
        self.initial["channel_rule"] = capture.channel_rule
        self.initial["is_lead_trimmed"] = capture.is_lead_trimmed

    def values(self) -> dict[str, Any]:
        """As the service takes them."""
        values = dict(self.cleaned_data)
        settings = {name: values.pop(name) for name in IR_SETTINGS if name in values}
        is_space = values.get("kind") == GearKind.SPACE
        if is_space or not settings.get("channel_rule", "mix"):  # not sent: as it is
            settings.pop("channel_rule", None)
        return {**values, "ir_settings": settings}


class GearUploadForm(GearFields):
    file = forms.FileField(
        label="Capture",
        help_text="A .nam model, or an impulse response as WAV, AIFF or FLAC; one longer than 2 s "
        "(a space: 10 s) is cut, and fades out",
        widget=forms.FileInput(attrs={"accept": ".nam,.wav,.aif,.aiff,.flac"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )
    kind = _kind_field(choices=[_FROM_FILE, *GearKind.choices], initial="", required=False)
    name = forms.CharField(
        label="Name",
        max_length=200,
        required=False,
        help_text="Leave blank to use what the file says",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # It shares a page with other forms that have a name too.
        super().__init__(*args, **{"auto_id": "capture_%s", **kwargs})


class GearFindForm(forms.Form):
    """What of the list of gear is shown: all of it comes in the address."""

    q = forms.CharField(
        label="Find",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Find gear"}),
    )
    kind = forms.ChoiceField(
        label="Kind", choices=[("", "All kinds"), *GearKind.choices], required=False
    )
    scope = forms.ChoiceField(
        label="Whose",
        choices=[
            ("", "All"),
            ("own", "Your gear"),
            ("favorites", "Your favorites"),
            ("shared", "Shared on this server"),
        ],
        required=False,
    )
    # Without a field that is seen: links lead to it.
    tag = forms.CharField(max_length=50, required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, is_known: bool) -> None:
        super().__init__(data, auto_id="find_%s")
        if not is_known:  # all that they see is shared
            del self.fields["scope"]

    def chosen(self) -> dict[str, str]:
        """As ``captures_found`` takes it; what is not a choice is left out."""
        self.full_clean()
        found = self.cleaned_data
        chosen = {name: found.get(name, "") for name in ("kind", "scope", "tag")}
        return {"text": found.get("q", ""), **chosen}


class GearNoteForm(forms.Form):
    """What someone keeps about a piece of gear for themselves: a nickname for each of its captures,
    favorites, and tags."""

    tags = forms.CharField(
        label="Your tags",
        max_length=1200,
        required=False,
        help_text="Separated by commas",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(
        self,
        data: Any,
        *,
        captures: Sequence[Capture],
        entries: Mapping[int, LibraryEntry],
        tags: Iterable[str] = (),
    ) -> None:
        super().__init__(data, initial={"tags": ", ".join(tags)}, auto_id="note_%s")
        self._captures = captures
        for capture in captures:
            entry = entries.get(capture.pk)
            of_which = f" of {capture.name}" if len(captures) > 1 else ""
            self.fields[f"nickname-{capture.uuid}"] = forms.CharField(
                label=f"Nickname{of_which}",
                max_length=100,
                required=False,
                initial=entry.nickname if entry else "",
            )
            self.fields[f"favorite-{capture.uuid}"] = forms.BooleanField(
                label=f"Favorite{of_which}",
                required=False,
                initial=bool(entry and entry.is_favorite),
            )

    def per_capture(self) -> Iterator[tuple[forms.BoundField, forms.BoundField]]:
        for capture in self._captures:
            yield self[f"nickname-{capture.uuid}"], self[f"favorite-{capture.uuid}"]

    def names(self) -> list[str]:
        """The tags, one by one."""
        parts = self.cleaned_data["tags"].split(",")
        return [name for part in parts if (name := part.strip())]

    def notes(self) -> dict[UUID, CaptureNote]:
        said = self.cleaned_data
        return {
            capture.uuid: CaptureNote(
                said[f"nickname-{capture.uuid}"], said[f"favorite-{capture.uuid}"]
            )
            for capture in self._captures
        }


def chain_form_context(request: HttpRequest, form: chain_form.ChainForm) -> dict[str, Any]:
    # Several slots take the same kinds.
    found = {
        kinds: captures_to_choose(request.user, kinds)
        for kinds in {*chain_form.KINDS_OF_SLOT.values(), chain_form.KINDS_OF_SPACE}
    }
    chosen = captures_get(request.user, form.capture_ids()).values()
    options = {
        kinds: chain_form.capture_options(captures, kinds, chosen)
        for kinds, captures in found.items()
    }
    slots = [
        {
            "slot": slot,
            "help": text,
            "blocks": blocks,
            "options": options[chain_form.kinds_at(slot)],
            "spaces": options[chain_form.KINDS_OF_SPACE] if slot == Slot.POST else None,
            "processors": chain_form.processor_options(slot),
        }
        for slot, text, blocks in form.slots()
    ]
    return {"chain_form": form, "slots": slots, "has_captures": any(found.values())}


def described(chains: Any) -> list[dict[str, Any]]:
    """Chains with their blocks as people read them."""
    return [{"chain": chain, "gear": describe_chain(chain)} for chain in chains]


def block_options(
    request: HttpRequest,
    block: chain_form.ChainFormBlock,
    text: str = "",
    chosen: Iterable[Capture] = (),
) -> chain_form.CaptureOptions:
    kinds = chain_form.kinds_at(block.slot, is_space=block.is_space)
    return chain_form.capture_options(captures_to_choose(request.user, kinds, text), kinds, chosen)

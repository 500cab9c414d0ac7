"""Captures of Tone 3000 as one's own gear: their words in ours, adding, keeping what has come."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from django.db import transaction

from accounts.models import User
from accounts.quotas import storage_check
from gear.captures.files import delete_unused, store_once
from gear.captures.inspection import CaptureFacts
from gear.models import Capture, GearItem
from gear.models.item import CaptureFormat, FileState, GearKind, GearSource
from gear.services.captures import capture_accept
from gear.services.gear import free_name
from gear.services.library import gear_tags_import, library_keep_own
from gear.text import clean_text
from gear.tone3000.schemas import IR, NAM, Model, Tone, is_identifier
from gts.web.errors import DuplicateError, ErrorDetail, Existing, InvalidInputError
from jobs.models import Job
from jobs.services import job_enqueue

FETCH_KIND: Final = "gear.fetch_tone"

ALREADY_THERE: Final = "You have added this one already."
BAD_ID: Final = "This is not an id of Tone 3000."

# Their words for kinds of gear, formats, architectures and licences.
_KINDS: Final = {
    "amp": GearKind.AMP,
    "amp-cab": GearKind.FULL_RIG,
    "full-rig": GearKind.FULL_RIG,
    "pedal": GearKind.PEDAL,
    "outboard": GearKind.OUTBOARD,
    "cab": GearKind.CAB,
    "space": GearKind.SPACE,
}
_NAM_KINDS: Final = tuple(kind for kind in GearKind if not kind.is_ir)
_IR_KINDS: Final = tuple(kind for kind in GearKind if kind.is_ir)

GEAR_LABELS: Final = {
    "amp": "Amp Head",
    "amp-cab": "Amp + Cab",
    "full-rig": "Amp + Cab",
    "pedal": "Pedal",
    "outboard": "Outboard",
    "cab": "Cabinet",
    "space": "Spaces",
    "experimental": "Experimental",
}
FORMAT_LABELS: Final = {
    "nam": "NAM",
    "ir": "IR",
    "aida-x": "AIDA-X",
    "aa-snapshot": "Snapshot",
    "proteus": "Proteus",
}
ARCHITECTURE_LABELS: Final = {"1": "A1", "2": "A2", "custom": "Custom"}
LICENCE_LABELS: Final = {
    "t3k": "T3K",
    "cc-by": "CC BY",
    "cc-by-sa": "CC BY-SA",
    "cc-by-nc": "CC BY-NC",
    "cc-by-nc-sa": "CC BY-NC-SA",
    "cc-by-nd": "CC BY-ND",
    "cc-by-nc-nd": "CC BY-NC-ND",
    "cco": "CC0",  # this is how they spell it
}


def capture_format(tone: Tone) -> CaptureFormat:
    if tone.is_nam:
        return CaptureFormat.NAM
    return CaptureFormat.IR if tone.format == IR else CaptureFormat.OTHER


def kinds_for(tone: Tone) -> tuple[GearKind, ...]:
    """What a tone of this format can be used as."""
    match capture_format(tone):
        case CaptureFormat.NAM:
            return _NAM_KINDS
        case CaptureFormat.IR:
            return _IR_KINDS
        case _:
            return tuple(GearKind)


def kind_of(tone: Tone) -> GearKind | None:
    """What it is; ``None``: their word for it says nothing here, so people must choose."""
    kind = _KINDS.get(tone.gear or "")
    if kind in kinds_for(tone):
        return kind
    return GearKind.CAB if capture_format(tone) == CaptureFormat.IR else None


def unsupported_reason(tone: Tone) -> str:
    """Why its files cannot be played here; empty when they can."""
    if capture_format(tone) != CaptureFormat.OTHER:
        return ""
    name = format_label(tone.format)
    return f"{name} cannot be played here: GTS plays {FORMAT_LABELS[NAM]} and impulse responses."


def gear_label(word: str | None) -> str:
    return GEAR_LABELS.get(word or "", word or "Unknown gear")


def format_label(word: str | None) -> str:
    return FORMAT_LABELS.get(word or "", word or "An unknown format")


def architecture_label(word: str | None) -> str:
    return ARCHITECTURE_LABELS.get(word or "", word or "")


def licence_label(word: str | None) -> str:
    """Empty: not stated."""
    return LICENCE_LABELS.get(word or "", word or "")


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file that has come, in a folder that will not last, and what was found in it."""

    path: Path
    sha256: str
    size_bytes: int
    facts: CaptureFacts


@transaction.atomic
def tone_capture_add(
    *, owner: User, tone_id: str, model_id: str, kind: str = "", label: str = ""
) -> Job:
    """Queue the fetching of one model. ``kind``: what to use it as, where the tone does not say.

    ``label`` is what people read in their list of jobs. Raises ``InvalidInputError`` for ids that
    are none, ``DuplicateError``, and ``TooLargeError`` QUOTA_STORAGE.
    """
    wrong = [
        ErrorDetail(f"/{name}", "INVALID", BAD_ID)
        for name, value in (("tone_id", tone_id), ("model_id", model_id))
        if not is_identifier(value)
    ]
    if kind and kind not in GearKind.values:
        wrong.append(ErrorDetail("/kind", "INVALID", "Unknown kind of gear."))
    if wrong:
        raise InvalidInputError(wrong[0].message, details=wrong)
    known = Capture.objects.owned_by(owner).of_tone(tone_id).filter(tone3000_id=model_id)
    if (capture := known.first()) is not None:
        existing = Existing("capture", capture.uuid)
        raise DuplicateError(ALREADY_THERE, pointer="/model_id", existing=existing)
    storage_check(user=owner, new_bytes=0)  # how large it is no one knows yet
    return job_enqueue(
        kind=FETCH_KIND,
        owner=owner,
        payload={"tone_id": tone_id, "model_id": model_id, "kind": kind},
        label=clean_text(label)[:200] or f"Tone {tone_id} of Tone 3000",
    )


def tone_capture_keep(
    *, owner: User, tone: Tone, model: Model, kind: GearKind, fetched: FetchedFile | None
) -> Capture:
    """One model of a tone as a capture of ``owner``, and of no one else.

    ``fetched`` is ``None`` for a format that cannot be played: then only what is known about it
    is kept, with the reason. Equal content is stored once, no matter who has it. Doing it twice is
    harmless: the second time gives the capture of the first.
    """
    name = ""
    try:
        with transaction.atomic():
            # Two jobs for the same tone take turns here.
            User.objects.select_for_update().get(pk=owner.pk)
            item = _item(owner, tone, kind)
            known = Capture.objects.filter(gear=item, tone3000_id=model.id).first()
            if known is not None:
                return known
            if fetched is not None:
                storage_check(user=owner, new_bytes=fetched.size_bytes)
                name = store_once(fetched.path, fetched.sha256)
            capture = _capture(item, tone, model, name, fetched)
            if fetched is None:
                library_keep_own(capture=capture)
                return capture
            return capture_accept(capture=capture, facts=fetched.facts)
    except BaseException:
        delete_unused(name)
        raise


def _item(owner: User, tone: Tone, kind: GearKind) -> GearItem:
    """The gear that a tone is, with what is known of it now."""
    item = GearItem.objects.filter(owner=owner, tone3000_id=tone.id).first()
    is_new = item is None
    if item is None:
        item = GearItem(owner=owner, tone3000_id=tone.id, kind=kind, source=GearSource.TONE3000)
    item.name = free_name(item, tone.title)
    item.make = (tone.makes[0] if tone.makes else "")[:100]
    item.description = (tone.description or "")[:4000]
    item.creator = (tone.creator.name if tone.creator else "")[:200]
    item.licence = licence_label(tone.licence)[:100]
    item.source_url = tone.url if tone.url and len(tone.url) <= 500 else ""
    item.save()
    if is_new:  # later they are the owner's to change
        gear_tags_import(item=item, names=tone.tags)
    return item


def _capture(
    item: GearItem, tone: Tone, model: Model, name: str, fetched: FetchedFile | None
) -> Capture:
    return Capture.objects.create(
        uuid=uuid4(),
        gear=item,
        format=capture_format(tone),
        name=(model.name or f"Model {model.id}")[:200],
        file=name,
        sha256=fetched.sha256 if fetched else "",
        size_bytes=fetched.size_bytes if fetched else 0,
        state=FileState.PENDING if fetched else FileState.READY,
        unsupported_reason="" if fetched else unsupported_reason(tone)[:300],
        architecture="" if fetched else format_label(tone.format)[:32],
        tone3000_id=model.id,
        tone3000_architecture=(model.architecture or "")[:40],
        tone3000_size=(model.size or "")[:40],
    )

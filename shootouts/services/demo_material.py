"""What of the demo pack one may begin with: its shared amps and cabs, and a DI track."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Exists

from accounts.models import User
from accounts.services import DEMO_USERNAME
from gear.models import Capture, CaptureQuerySet
from gear.models.item import FileState, GearKind, GearSource
from gts.web.errors import NotFoundError
from shootouts.models import DITrack, DITrackQuerySet
from shootouts.services.di_tracks import di_track_upload

# Of each kind: three amps and three cabs make nine chains, which render in a minute.
_NUM_OF_A_KIND: Final = 3
_COPIED: Final = (
    "name",
    "guitar",
    "pickup",
    "tuning",
    "bpm",
    "input_level_dbu",
    "channel_rule",
    "start_s",
    "end_s",
)


@dataclass(frozen=True, slots=True)
class DemoMaterial:
    """``track``: one's own from now on. ``captures``: amps, then cabs."""

    track: DITrack
    captures: list[Capture]


def has_demo_material() -> bool:
    """Whether the demo pack is there. One query."""
    amps, cabs = _captures(GearKind.AMP), _captures(GearKind.CAB)
    return _tracks().filter(Exists(amps), Exists(cabs)).exists()


def demo_material_take(*, user: User) -> DemoMaterial:
    """Copy a DI track of the demo to ``user``, once, and queue its inspection.

    Raises ``NotFoundError`` where there is no demo, and what ``di_track_upload`` raises.
    """
    source = _tracks().order_by("pk").first()
    captures = [
        capture
        for kind in (GearKind.AMP, GearKind.CAB)
        for capture in _captures(kind).order_by("pk")[:_NUM_OF_A_KIND]
    ]
    if source is None or not captures:
        raise NotFoundError("The demo is not on this server.")
    own = DITrack.objects.owned_by(user).filter(sha256=source.sha256).first()
    return DemoMaterial(own or _copied(source, user), captures)


def _copied(source: DITrack, user: User) -> DITrack:
    with source.file.open("rb") as file:
        upload = UploadedFile(file, name=source.file_name, size=source.size_bytes)
        said = {name: getattr(source, name) for name in _COPIED}
        track, _ = di_track_upload(owner=user, upload=upload, **said)
    return track


def _tracks() -> DITrackQuerySet:
    return DITrack.objects.filter(owner__username=DEMO_USERNAME, state=FileState.READY)


def _captures(kind: GearKind) -> CaptureQuerySet:
    captures = Capture.objects.shared().usable()
    return captures.filter(gear__source=GearSource.DEMO, gear__kind=kind)

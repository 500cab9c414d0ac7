"""Between the words of Tone 3000 and ours: kinds of gear, formats, licences, architectures."""

from __future__ import annotations

from typing import Final

from gear.models.item import CaptureFormat, GearKind
from gear.tone3000.schemas import IR, NAM, Tone

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

"""Documents of drafts for tests, as the builder writes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gear.models import Capture, SignalChain
from shootouts.models import DITrack


def document_with(
    *slots: dict[str, Any],
    tracks: Iterable[DITrack] = (),
    chains: Sequence[SignalChain] = (),
    **fields: Any,
) -> dict[str, Any]:
    """Of slots and saved chains; ``fields`` as they are."""
    return {
        "schema_version": 1,
        "di_tracks": [str(track.uuid) for track in tracks],
        "slots": list(slots),
        "line_up": [{"chain_id": str(chain.uuid)} for chain in chains],
        "options": {"has_video": False},
        **fields,
    }


def slot_of(name: str, *options: Capture | str | None) -> dict[str, Any]:
    """Named by its place; options are captures, names of processors, or nothing. Their ids:
    ``amp1``, ``amp2`` …"""
    return {
        "id": name,
        "slot": name,
        "options": [
            {"id": f"{name}{number}", "block": _block(option)}
            for number, option in enumerate(options, 1)
        ],
    }


def _block(option: Capture | str | None) -> dict[str, Any] | None:
    if isinstance(option, Capture):
        return {"capture_id": str(option.uuid)}
    return None if option is None else {"processor": option}

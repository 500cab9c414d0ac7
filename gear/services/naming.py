"""Names of gear among all that its owner has: telling, and no two alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from gear.captures.inspection import CaptureFacts
from gear.captures.naming import best_name, distinct_name, stated, without_make
from gear.models import Capture, CaptureQuerySet, GearItem
from gear.models.item import FileState

# What comes within this time of each other may be one pack.
_PACK_WINDOW: Final = timedelta(hours=1)


def free_name(item: GearItem, name: str) -> str:
    """``name``, with a number behind it where the owner has other gear of that name.

    The owner's row must be locked, or two at once may get the same.
    """
    others = GearItem.objects.filter(owner=item.owner_id).exclude(pk=item.pk)
    return distinct_name(name, others.values_list("name", flat=True))


def name_from_file(item: GearItem, capture: Capture, facts: CaptureFacts) -> None:
    """Give ``item`` the best name that its file has, not saved yet.

    Gear of the same pack that got its name from a statement which this file repeats is renamed,
    and saved: what several say tells none of them apart.
    """
    item.name = free_name(item, _best(item, capture, facts.name, facts.model, facts.make))
    for other in _same_pack(item, capture, facts):
        said = other.info.get("metadata", {})
        name, model = stated(said.get("name")), stated(said.get("gear_model"))
        gear = other.gear
        gear.name = free_name(gear, _best(gear, other, name, model, gear.make))
        gear.save(update_fields=["name", "updated_at"])


def _best(item: GearItem, capture: Capture, name: str, model: str, make: str) -> str:
    candidates = [
        (without_make(text, item.make or make), bool(text) and _with(capture, key, text).exists())
        for key, text in (("name", name), ("gear_model", model))
    ]
    return best_name(candidates, capture.name)


def _with(capture: Capture, key: str, text: str) -> CaptureQuerySet:
    """Other captures of the same owner whose files say the same."""
    owned = Capture.objects.filter(gear__owner=capture.gear.owner_id, state=FileState.READY)
    return owned.filter(**{f"info__metadata__{key}": text}).exclude(pk=capture.pk)


def _same_pack(item: GearItem, capture: Capture, facts: CaptureFacts) -> list[Capture]:
    found: dict[int, Capture] = {}
    for key, text in (("name", facts.name), ("gear_model", facts.model)):
        if text:
            alike = _with(capture, key, text).select_related("gear")
            recent = alike.filter(
                gear__is_name_chosen=False,
                created_at__gt=capture.created_at - _PACK_WINDOW,
            ).exclude(gear=item)
            found |= {other.pk: other for other in recent}
    return list(found.values())

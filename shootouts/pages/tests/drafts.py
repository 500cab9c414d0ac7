"""Drafts as the page of the builder makes them."""

from __future__ import annotations

from typing import Any

from gear.models import Capture


def draft_document(captures: list[Capture], **more: Any) -> dict[str, Any]:
    """As the page would have made it: ids in the order of the signal."""
    slots = []
    for slot in ("amp", "cab"):
        kinds = ("cab",) if slot == "cab" else ("amp", "full_rig")
        options = [
            {"id": f"o{number}", "block": {"capture_id": str(capture.uuid), "parameters": {}}}
            for number, capture in enumerate(captures, 1)
            if capture.gear.kind in kinds
        ]
        if options:
            slots.append({"id": f"s{slot}", "slot": slot, "options": options})
    return {"schema_version": 1, "slots": slots, **more}

"""Manifests as they were written, by real renders of the version that was there on the day that
their name begins with. Only their waveforms are thinned out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).with_name("manifests")
# 2026-11-23-first: cabinets of one IR, no metrics, no alignment, no YouTube.
# 2026-11-23-metrics: alignment of each contender by itself, as a part of the recipe.
# 2026-11-28-gts: names the version of GTS.
# 2026-11-30: two DIs through cabinets of two IRs; a contender that failed; a space; three
# contenders in alternating order.
NAMES: Final = sorted(path.stem for path in _FOLDER.glob("*.json"))


def kept_manifest(name: str) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return manifest

"""The closed lists of the API, and the spellings it used to have."""

from __future__ import annotations

from typing import Final

GEARS: Final = ("amp", "amp-cab", "pedal", "outboard", "cab", "space", "experimental")
FORMATS: Final = ("nam", "ir", "aida-x", "aa-snapshot", "proteus")
ARCHITECTURES: Final = ("1", "2", "custom")
TONE_SORTS: Final = ("best-match", "newest", "oldest", "trending", "downloads-all-time")


def gears_of(text: str) -> tuple[tuple[str, ...], list[str]]:
    """An underscore list of gears in today's words, and the names of what was old about it."""
    deprecated = ["legacy_comma_list"] if "," in text else []
    gears = []
    for gear in filter(None, text.replace(",", "_").split("_")):
        if gear == "ir":
            deprecated.append("legacy_ir_gear_value")
        elif gear == "full-rig":
            deprecated.append("legacy_full_rig_gear_value")
            gears.append("amp-cab")
        else:
            gears.append(gear)
    return tuple(gears), deprecated

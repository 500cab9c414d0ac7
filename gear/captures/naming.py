"""What a capture is called and what kind of gear it is, by what its file says. Pure, no ORM."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath
from typing import Final

from gear.models.item import GearKind
from gear.text import clean_text

MAX_NAME_CHARS: Final = 200

# What trainers and web forms write where their user has said nothing, as ``_key`` spells it.
_PLACEHOLDERS: Final = frozenset(
    {
        "",
        "amp",
        "capture",
        "default",
        "gear",
        "gearmake",
        "gearmodel",
        "make",
        "manufacturer",
        "model",
        "modelname",
        "mymodel",
        "na",
        "nam",
        "name",
        "newmodel",
        "none",
        "null",
        "other",
        "string",
        "test",
        "testmodel",
        "todo",
        "tzmake",
        "tzmodel",
        "tzname",
        "undefined",
        "unknown",
        "unnamed",
        "untitled",
        "xxx",
        "yourname",
    }
)

# The ``gear_type`` of the trainer, whose list it is. A preamp takes the place of the amp, and is
# heard through a cabinet as an amp head is.
KIND_OF_GEAR_TYPE: Final[dict[str, GearKind]] = {
    "amp": GearKind.AMP,
    "amp_cab": GearKind.FULL_RIG,
    "amp_pedal_cab": GearKind.FULL_RIG,
    "pedal": GearKind.PEDAL,
    "pedal_amp": GearKind.AMP,
    "preamp": GearKind.AMP,
    "studio": GearKind.OUTBOARD,
}


def is_placeholder(text: str) -> bool:
    """Whether ``text`` says nothing about the gear."""
    return _key(text) in _PLACEHOLDERS


def stated(text: str | None) -> str:
    """What a file says, one printable line; empty where it says nothing."""
    line = clean_text(text or "")
    return "" if is_placeholder(line) else line


def name_of_file(file_name: str) -> str:
    """What a file was called, without its suffix and the marks that stand for spaces."""
    stem = PurePosixPath(file_name).stem
    return clean_text(re.sub(r"_+|%20", " ", stem)) or clean_text(file_name)


def without_make(name: str, make: str) -> str:
    """``name`` as it stands after its make, which people read in front of it."""
    if make and name.casefold().startswith(f"{make.casefold()} "):
        return name[len(make) :].strip() or name
    return name


def name_key(name: str) -> str:
    """The same for names that people cannot tell apart."""
    return name.casefold()


def distinct_name(name: str, taken: Collection[str]) -> str:
    """``name``, or the first of "name (2)", "name (3)", … that is none of ``taken``."""
    known = {name_key(other) for other in taken}
    candidate, number = name[:MAX_NAME_CHARS], 1
    while name_key(candidate) in known:
        number += 1
        end = f" ({number})"
        candidate = f"{name[: MAX_NAME_CHARS - len(end)]}{end}"
    return candidate


def best_name(candidates: Iterable[tuple[str, bool]], file_name: str) -> str:
    """The first candidate that says something and is alone with it (the flag: another capture
    says the same), then the name of the file, then whatever there is."""
    said = [(name, is_common) for name, is_common in candidates if name]
    alone = [name for name, is_common in said if not is_common]
    from_file = name_of_file(file_name)
    if alone:
        return alone[0]
    if not is_placeholder(from_file):
        return from_file
    return said[0][0] if said else from_file


def kind_of_gear_type(gear_type: str | None) -> GearKind | None:
    """The kind of gear that a file states; ``None`` where it states none that is known."""
    key = re.sub(r"[^a-z]+", "_", (gear_type or "").casefold()).strip("_")
    return KIND_OF_GEAR_TYPE.get(key)


def kind_warning(kind: str, gear_type: str | None) -> str:
    """What to say when a capture is used as another kind of gear than its file states."""
    said = kind_of_gear_type(gear_type)
    if said is None or said == kind:
        return ""
    return (
        f"The file says that this is “{clean_text(gear_type or '')}” ({said.label}), "
        f"but it is used as “{GearKind(kind).label}”. If the file is right, change the kind."
    )


def _key(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())

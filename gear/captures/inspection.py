"""Looking into captures: what a file is, in the words of our rows, and its name. No database."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from gear.models.item import CaptureFormat, GearKind
from gear.text import clean_json, clean_text
from jobs.files.reading import ir_read, nam_read
from jobs.pipeline.errors import Progress, no_progress
from jobs.pipeline.formats.records import JSONObject

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


@dataclass(frozen=True, slots=True)
class CaptureFacts:
    """What the inspection found. ``None`` is unknown, never zero.

    ``name``, ``model``, ``make``, ``creator``: what the file says of the gear, placeholders left
    out; ``kind``: of gear that it must be. For what its owner has not said.
    """

    architecture: str = ""
    format_version: str = ""
    sample_rate_hz: int | None = None
    duration_s: float | None = None
    input_level_dbu: float | None = None
    output_level_dbu: float | None = None
    info: JSONObject = field(default_factory=dict)
    name: str = ""
    model: str = ""
    make: str = ""
    creator: str = ""
    kind: GearKind | None = None


def inspect_capture(
    path: Path, capture_format: str, progress: Progress = no_progress, *, kind: str = ""
) -> CaptureFacts:
    """Read the whole file, in a process of its own, and run the self-test of a model.

    ``kind``: of its gear, where its owner has said so: all channels of a space sound. Otherwise an
    impulse response of four channels is one, because no cabinet is in true stereo.

    Raises as ``jobs.files.reading``. A failed self-test is no error: it is told in
    ``info["self_test"]``. Whatever ``progress`` raises ends it.
    """
    if capture_format == CaptureFormat.NAM:
        return _inspect_nam(path, progress)
    return _inspect_ir(path, kind)


def _inspect_nam(path: Path, progress: Progress) -> CaptureFacts:
    found = nam_read(path, progress)
    summary, metadata = found.summary, found.summary["metadata"]
    return CaptureFacts(
        architecture=summary["architecture"],
        format_version=summary["version"],
        sample_rate_hz=summary["sample_rate_hz"],
        input_level_dbu=metadata["input_level_dbu"],
        output_level_dbu=metadata["output_level_dbu"],
        info=clean_json({**summary, "self_test": found.self_test}),
        name=stated(metadata["name"]),
        model=stated(metadata["gear_model"]),
        make=stated(metadata["gear_make"]),
        creator=stated(metadata["modeled_by"]),
        kind=kind_of_gear_type(metadata["gear_type"]),
    )


def _inspect_ir(path: Path, kind: str) -> CaptureFacts:
    found = ir_read(path, is_space=kind == GearKind.SPACE if kind else None)
    return CaptureFacts(
        architecture="",
        sample_rate_hz=found.probe["sample_rate_hz"],
        duration_s=found.probe["duration_s"],
        info=clean_json(found.probe),
        kind=GearKind.SPACE if found.is_space else None,
    )


# Names and kinds, by what a file says.


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

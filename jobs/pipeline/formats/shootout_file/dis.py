"""The recordings of a shootout file: ``[[di]]``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.pipeline.formats.shootout_file.tables import (
    checked_choice,
    invalid,
    read_media,
    read_number,
    read_text,
    refuse_unknown,
)
from jobs.pipeline.formats.shootout_info import DIInfo
from jobs.pipeline.recipe import ChannelChoice, DISource

DI_KEYS = ("file", "name", "guitar", "pickup", "tuning", "bpm", "notes")
# Named as in ``DISource``, all of it.
DI_SOURCE_KEYS = ("input_level_dbu", "channel_rule", "start_s", "end_s")
CHANNEL_CHOICES: tuple[ChannelChoice, ...] = ("auto", "mix", "left", "right")


@dataclass(frozen=True, slots=True)
class FileDI:
    """``channel_rule``: as it was asked for. What ``auto`` means takes a look at the sound, which
    is not taken here: then ``source`` has "mix"."""

    info: DIInfo
    source: DISource
    path: Path
    channel_rule: ChannelChoice = "auto"


def read_di(
    data: Mapping[str, Any], folder: Path, number: int, sha256_of: Callable[[Path], str]
) -> FileDI:
    where = f"[[di]] {number + 1}"
    refuse_unknown(data, {*DI_KEYS, *DI_SOURCE_KEYS}, where)
    file = read_media(data, folder, where)
    sha256 = sha256_of(file)
    given = read_text(data, "channel_rule", where) or "auto"
    choice = checked_choice(given, CHANNEL_CHOICES, "channel_rule", where)
    start_s, end_s = read_number(data, "start_s", where) or 0.0, read_number(data, "end_s", where)
    if end_s is not None and end_s <= start_s:
        raise invalid(f"{where}: end_s must be after start_s.")
    return FileDI(
        info=DIInfo(
            name=read_text(data, "name", where) or file.stem,
            sha256=sha256,
            guitar=read_text(data, "guitar", where),
            pickup=read_text(data, "pickup", where),
            tuning=read_text(data, "tuning", where),
            bpm=read_number(data, "bpm", where),
            notes=read_text(data, "notes", where),
        ),
        source=DISource(
            sha256,
            channel_rule="mix" if choice == "auto" else choice,
            input_level_dbu=read_number(data, "input_level_dbu", where),
            start_s=start_s,
            end_s=end_s,
        ),
        path=file,
        channel_rule=choice,
    )

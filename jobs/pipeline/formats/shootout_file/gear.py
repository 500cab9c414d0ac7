"""The gear of a shootout file: ``[[gear]]``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.pipeline.block_recipe import UsedCapture
from jobs.pipeline.formats.shootout_file.tables import (
    checked_choice,
    checked_switch,
    invalid,
    read_media,
    read_number,
    read_text,
    refuse_unknown,
)
from jobs.pipeline.recipe import CHANNEL_RULES, DEFAULT_IR_SETTINGS, IRSettings
from jobs.pipeline.vocabulary.gear import GearKind

GEAR_KEYS = ("id", "file", "kind", "name", "make", "creator", "licence", "url", "description")
# How an impulse response is read: its keys in the file, and their names in the recipe.
IR_KEYS = {
    "channel_rule": "channel_rule",
    "tail_end_db": "tail_end_db",
    "trim_lead": "is_lead_trimmed",
}
# What there is to say of each kind. A space sounds with all of its channels.
IR_KEYS_OF_KIND: Mapping[str, Mapping[str, str]] = {
    GearKind.CAB: IR_KEYS,
    GearKind.SPACE: {key: name for key, name in IR_KEYS.items() if name != "channel_rule"},
}


@dataclass(frozen=True, slots=True)
class FileGear:
    id: str
    kind: str
    name: str
    make: str
    creator: str
    licence: str
    url: str
    description: str
    path: Path
    sha256: str
    ir_settings: IRSettings = DEFAULT_IR_SETTINGS

    def used(self, parameters: Mapping[str, Any]) -> UsedCapture:
        """As a block uses it that sets ``parameters``."""
        return UsedCapture(self.sha256, self.ir_settings, parameters)


def by_id(gear: Sequence[FileGear]) -> dict[str, FileGear]:
    found: dict[str, FileGear] = {}
    for number, item in enumerate(gear):
        if item.id in found:
            raise invalid(f"[[gear]] {number + 1}: there is another with the id {item.id!r}.")
        found[item.id] = item
    return found


def read_gear(
    data: Mapping[str, Any], folder: Path, number: int, sha256_of: Callable[[Path], str]
) -> FileGear:
    where = f"[[gear]] {number + 1}"
    kind = checked_choice(
        read_text(data, "kind", where, required=True), GearKind.values, "kind", where
    )
    refuse_unknown(data, {*GEAR_KEYS, *IR_KEYS_OF_KIND.get(kind, ())}, where)
    file = read_media(data, folder, where)
    return FileGear(
        id=read_text(data, "id", where, required=True),
        kind=kind,
        name=read_text(data, "name", where) or file.stem,
        make=read_text(data, "make", where),
        creator=read_text(data, "creator", where),
        licence=read_text(data, "licence", where),
        url=read_text(data, "url", where),
        description=read_text(data, "description", where),
        path=file,
        sha256=sha256_of(file),
        ir_settings=_read_ir_settings(data, where),
    )


def _read_ir_settings(data: Mapping[str, Any], where: str) -> IRSettings:
    rule = data.get("channel_rule", "mix")
    return IRSettings(
        channel_rule=checked_choice(rule, CHANNEL_RULES, "channel_rule", where),
        tail_end_db=read_number(data, "tail_end_db", where),
        is_lead_trimmed=checked_switch(data.get("trim_lead", False), "trim_lead", where),
    )

"""The gear (``[[gear]]``) and the chains (``[[chain]]``) of a shootout file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.pipeline.block_recipe import UsedCapture, captured_block
from jobs.pipeline.effects.blocks import (
    block_type,
    describe_capture,
    describe_ir,
    describe_parameters,
    validate_parameters,
)
from jobs.pipeline.effects.parameters import IR_PARAMETERS, capture_parameters
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.formats.shootout_info import GearLine
from jobs.pipeline.formats.toml_text import (
    checked_choice,
    checked_switch,
    invalid,
    read_media,
    read_number,
    read_table,
    read_tables,
    read_text,
    read_values,
    refuse_unknown,
)
from jobs.pipeline.recipe import (
    CHANNEL_RULES,
    DEFAULT_IR_SETTINGS,
    MAX_CAB_IRS,
    BlockRecipe,
    IRSettings,
    ProcessorBlock,
)
from jobs.pipeline.vocabulary.gear import GearKind, Slot

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


@dataclass(frozen=True, slots=True)
class FileIR:
    """One more impulse response of a cabinet. ``parameters``: of ``CabIR``."""

    gear: FileGear
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FileBlock:
    """``gear`` is set for a captured block, ``processor`` for a built-in one.

    ``extra_irs``: what a cabinet is heard through besides its ``gear``.
    """

    slot: str
    gear: FileGear | None
    processor: str
    parameters: Mapping[str, Any]
    extra_irs: tuple[FileIR, ...] = ()

    def recipe(self) -> BlockRecipe:
        if self.gear is None:
            return ProcessorBlock(self.processor, self.parameters)
        irs = (ir.gear.used(ir.parameters) for ir in self.extra_irs)
        return captured_block(self.gear.kind, self.gear.used(self.parameters), irs)

    def lines(self) -> list[GearLine]:
        """The block, and one line for each further impulse response: all are credited."""
        if self.gear is None:
            settings = describe_parameters(self.processor, self.parameters)
            title = block_type(self.processor).title
            return [GearLine(self.slot, "processor", title, settings=settings)]
        return [
            self._line(self.gear, describe_capture(self.gear.kind, self.parameters)),
            *(self._line(ir.gear, describe_ir(ir.parameters)) for ir in self.extra_irs),
        ]

    def _line(self, gear: FileGear, settings: str) -> GearLine:
        return GearLine(
            self.slot,
            gear.kind,
            gear.name,
            gear.make,
            gear.creator,
            gear.licence,
            gear.url,
            settings=settings,
        )


@dataclass(frozen=True, slots=True)
class FileChain:
    label: str
    blocks: tuple[FileBlock, ...]

    def lines(self) -> tuple[GearLine, ...]:
        return tuple(line for block in self.blocks for line in block.lines())


def read_chain(data: Mapping[str, Any], gear: Mapping[str, FileGear], number: int) -> FileChain:
    where = f"[[chain]] {number + 1}"
    refuse_unknown(data, {"label", "block"}, where)
    blocks = tuple(
        _read_block(item, gear, f"{where} block {n + 1}")
        for n, item in enumerate(read_tables(data, "block"))
    )
    if not blocks:
        raise invalid(f"{where}: there is no [[chain.block]].")
    return FileChain(label=read_text(data, "label", where, required=True), blocks=blocks)


def _read_block(data: Mapping[str, Any], gear: Mapping[str, FileGear], where: str) -> FileBlock:
    slot = checked_choice(read_text(data, "slot", where, required=True), Slot.values, "slot", where)
    if ("gear" in data) == ("processor" in data):
        raise invalid(f"{where}: give either gear or processor.")
    if "processor" in data:
        refuse_unknown(data, {"slot", "processor", "parameters"}, where)
        processor = read_text(data, "processor", where)
        try:
            parameters = validate_parameters(processor, read_table(data, "parameters", where))
        except PipelineError as error:
            raise invalid(f"{where}: {error.message}") from error
        return FileBlock(slot, None, processor, parameters)
    item = gear.get(read_text(data, "gear", where))
    if item is None:
        raise invalid(f"{where}: there is no [[gear]] with the id {data['gear']!r}.")
    known = capture_parameters(item.kind)
    is_cab = item.kind == GearKind.CAB
    refuse_unknown(data, {"slot", "gear", *known.keys, *(["extra_irs"] if is_cab else [])}, where)
    extra_irs = _read_extra_irs(data, gear, where) if is_cab else ()
    return FileBlock(slot, item, "", read_values(data, known, where), extra_irs)


def _read_extra_irs(
    data: Mapping[str, Any], gear: Mapping[str, FileGear], where: str
) -> tuple[FileIR, ...]:
    extra = []
    for number, ir in enumerate(read_tables(data, "extra_irs")):
        place = f"{where} extra_irs {number + 1}"
        refuse_unknown(ir, {"gear", *IR_PARAMETERS.keys}, place)
        item = gear.get(read_text(ir, "gear", place, required=True))
        if item is None or item.kind != GearKind.CAB:
            raise invalid(f"{place}: there is no [[gear]] of kind cab with the id {ir['gear']!r}.")
        extra.append(FileIR(item, read_values(ir, IR_PARAMETERS, place)))
    if len(extra) >= MAX_CAB_IRS:
        raise invalid(f"{where}: a cabinet has {MAX_CAB_IRS} impulse responses at most.")
    return tuple(extra)

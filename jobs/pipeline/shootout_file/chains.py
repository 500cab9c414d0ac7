"""The chains of a shootout file: ``[[chain]]`` and its blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from jobs.pipeline.audio.blocks import (
    describe_ir,
    describe_parameters,
    describe_space,
    validate_parameters,
)
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import (
    DEFAULT_SPACE_MIX_PCT,
    MAX_CAB_IRS,
    BlockRecipe,
    CabBlock,
    CabIR,
    NamBlock,
    ProcessorBlock,
    SpaceBlock,
)
from jobs.pipeline.shootout_file.gear import FileGear
from jobs.pipeline.shootout_file.tables import (
    invalid,
    read_table,
    read_tables,
    read_text,
    read_values,
    refuse_unknown,
)
from jobs.pipeline.shootout_info import GearLine

# How the switches of a cabinet are called in the file.
_IR_SWITCHES = {"inverted": "is_inverted"}
CAB_SWITCHES = {**_IR_SWITCHES, "align": "is_aligned"}
SPACE_NUMBERS = ("mix_pct",)
SLOTS = ("pre", "amp", "loop", "cab", "post")


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
        if self.gear.kind == "cab":
            first = {key: self.parameters[key] for key in self.parameters if key != "is_aligned"}
            extra = (_cab_ir(ir.gear, ir.parameters) for ir in self.extra_irs)
            return CabBlock(
                (_cab_ir(self.gear, first), *extra),
                is_aligned=self.parameters.get("is_aligned", False),
            )
        if self.gear.kind == "space":
            mix_pct = self.parameters.get("mix_pct", DEFAULT_SPACE_MIX_PCT)
            return SpaceBlock.of(self.gear.sha256, mix_pct, self.gear.ir_settings)
        return NamBlock(self.gear.sha256, **self.parameters)

    def lines(self) -> list[GearLine]:
        """The block, and one line for each further impulse response: all are credited."""
        if self.gear is None:
            settings = describe_parameters(self.processor, self.parameters)
            return [GearLine(self.slot, "processor", self.processor, settings=settings)]
        words = {"cab": describe_ir, "space": describe_space}.get(self.gear.kind)
        return [
            self._line(self.gear, words(self.parameters) if words else ""),
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


def _cab_ir(gear: FileGear, parameters: Mapping[str, Any]) -> CabIR:
    return CabIR(gear.sha256, **parameters, **asdict(gear.ir_settings))


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
    slot = read_text(data, "slot", where, required=True)
    if slot not in SLOTS:
        raise invalid(f"{where}: slot must be one of {', '.join(SLOTS)}.")
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
    if item.kind == "cab":
        return _read_cab(data, slot, item, gear, where)
    if item.kind == "space":
        refuse_unknown(data, {"slot", "gear", *SPACE_NUMBERS}, where)
        return FileBlock(slot, item, "", read_values(data, SPACE_NUMBERS, {}, where))
    refuse_unknown(data, {"slot", "gear", "slim_size"}, where)
    return FileBlock(slot, item, "", read_values(data, ("slim_size",), {}, where))


def _read_cab(
    data: Mapping[str, Any],
    slot: str,
    first: FileGear,
    gear: Mapping[str, FileGear],
    where: str,
) -> FileBlock:
    refuse_unknown(data, {"slot", "gear", "gain_db", "delay_ms", *CAB_SWITCHES, "extra_irs"}, where)
    extra = []
    for number, ir in enumerate(read_tables(data, "extra_irs")):
        place = f"{where} extra_irs {number + 1}"
        refuse_unknown(ir, {"gear", "gain_db", "delay_ms", *_IR_SWITCHES}, place)
        item = gear.get(read_text(ir, "gear", place, required=True))
        if item is None or item.kind != "cab":
            raise invalid(f"{place}: there is no [[gear]] of kind cab with the id {ir['gear']!r}.")
        extra.append(FileIR(item, read_values(ir, ("gain_db", "delay_ms"), _IR_SWITCHES, place)))
    if len(extra) >= MAX_CAB_IRS:
        raise invalid(f"{where}: a cabinet has {MAX_CAB_IRS} impulse responses at most.")
    parameters = read_values(data, ("gain_db", "delay_ms"), CAB_SWITCHES, where)
    return FileBlock(slot, first, "", parameters, tuple(extra))

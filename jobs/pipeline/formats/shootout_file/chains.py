"""The chains of a shootout file: ``[[chain]]`` and its blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.pipeline.block_recipe import captured_block
from jobs.pipeline.effects.blocks import (
    block_type,
    describe_capture,
    describe_ir,
    describe_parameters,
    validate_parameters,
)
from jobs.pipeline.effects.blocks.captured import IR_PARAMETERS, capture_parameters
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.formats.shootout_file.gear import FileGear
from jobs.pipeline.formats.shootout_file.tables import (
    checked_choice,
    invalid,
    read_table,
    read_tables,
    read_text,
    read_values,
    refuse_unknown,
)
from jobs.pipeline.formats.shootout_info import GearLine
from jobs.pipeline.recipe import MAX_CAB_IRS, BlockRecipe, ProcessorBlock
from jobs.pipeline.vocabulary.gear import GearKind, Slot


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

"""From a block to its recipe, wherever its chain is written: in the database or in a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.pipeline.effects.parameters import SPACE_MIX
from jobs.pipeline.recipe import BlockRecipe, CabBlock, CabIR, IRSettings, NamBlock, SpaceBlock
from jobs.pipeline.vocabulary.gear import GearKind


@dataclass(frozen=True, slots=True)
class UsedCapture:
    """A capture in a block: its file, how that is read, and what the block sets of it."""

    sha256: str
    ir_settings: IRSettings
    parameters: Mapping[str, Any]


def captured_block(
    kind: str, capture: UsedCapture, extra_irs: Iterable[UsedCapture] = ()
) -> BlockRecipe:
    """``kind``: of the gear. ``extra_irs``: of a cabinet, besides ``capture``."""
    if kind == GearKind.CAB:
        parameters = dict(capture.parameters)
        is_aligned = parameters.pop("is_aligned", False)
        first = UsedCapture(capture.sha256, capture.ir_settings, parameters)
        irs = tuple(_cab_ir(ir) for ir in (first, *extra_irs))
        return CabBlock(irs, is_aligned=is_aligned)
    if kind == GearKind.SPACE:
        mix_pct = capture.parameters.get(SPACE_MIX.name, SPACE_MIX.default)
        return SpaceBlock.of(capture.sha256, mix_pct, capture.ir_settings)
    return NamBlock(capture.sha256, **capture.parameters)


def _cab_ir(ir: UsedCapture) -> CabIR:
    settings = ir.ir_settings
    return CabIR(
        ir.sha256,
        **ir.parameters,
        channel_rule=settings.channel_rule,
        tail_end_db=settings.tail_end_db,
        is_lead_trimmed=settings.is_lead_trimmed,
    )

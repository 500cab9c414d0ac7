"""Writing the TOML file that ``jobs.pipeline.formats.shootout_file`` reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import tomli_w

from jobs.pipeline.effects.parameters import CAB_PARAMETERS
from jobs.pipeline.formats.shootout_file import (
    IR_KEYS_OF_KIND,
    FileBlock,
    FileChain,
    FileDI,
    FileGear,
    ShootoutFile,
)
from jobs.pipeline.recipe import DEFAULT_IR_SETTINGS
from jobs.pipeline.vocabulary.options import SHOOTOUT_OPTIONS

_CAB_NAMES = {switch.name: switch.key for switch in CAB_PARAMETERS.switches}

_Value: TypeAlias = str | float | bool | None
_Table: TypeAlias = dict[str, Any]


def shootout_toml(shootout: ShootoutFile, *, remark: str = "") -> str:
    """What ``read_shootout_file`` reads back as the same shootout. Paths are written as they are.

    ``remark``: comment lines on top.
    """
    comment = "".join(f"{f'# {line}'.rstrip()}\n" for line in remark.splitlines())
    options = {option.key: getattr(shootout.options, option.name) for option in SHOOTOUT_OPTIONS}
    return comment + tomli_w.dumps(
        {
            **_table({"title": shootout.title, "description": shootout.description}),
            "options": _table(options),
            "di": [_di(di) for di in shootout.dis],
            "gear": [_gear(gear) for gear in shootout.gear],
            "chain": [_chain(chain) for chain in shootout.chains],
        }
    )


def _di(di: FileDI) -> _Table:
    info = di.info
    return _table(
        {
            "file": di.path.as_posix(),
            "name": info.name,
            "guitar": info.guitar,
            "pickup": info.pickup,
            "tuning": info.tuning,
            "notes": info.notes,
            "bpm": info.bpm,
            "channel_rule": di.channel_rule if di.channel_rule != "auto" else None,
            "start_s": di.source.start_s or None,
            "end_s": di.source.end_s,
            "input_level_dbu": di.source.input_level_dbu,
        }
    )


def _gear(gear: FileGear) -> _Table:
    settings = {
        key: getattr(gear.ir_settings, name)
        for key, name in IR_KEYS_OF_KIND.get(gear.kind, {}).items()
        if getattr(gear.ir_settings, name) != getattr(DEFAULT_IR_SETTINGS, name)
    }
    return _table(
        {
            "id": gear.id,
            "file": gear.path.as_posix(),
            "kind": gear.kind,
            "name": gear.name,
            "make": gear.make,
            "creator": gear.creator,
            "licence": gear.licence,
            "url": gear.url,
            "description": gear.description,
            **settings,
        }
    )


def _chain(chain: FileChain) -> _Table:
    return {"label": chain.label, "block": [_block(block) for block in chain.blocks]}


def _block(block: FileBlock) -> _Table:
    if block.gear is None:
        return {
            "slot": block.slot,
            "processor": block.processor,
            "parameters": _table(block.parameters),
        }
    table = {"slot": block.slot, "gear": block.gear.id, **_cab_table(block.parameters)}
    if block.extra_irs:
        table["extra_irs"] = [
            {"gear": ir.gear.id, **_cab_table(ir.parameters)} for ir in block.extra_irs
        ]
    return table


def _cab_table(parameters: Mapping[str, _Value]) -> _Table:
    return _table({_CAB_NAMES.get(name, name): value for name, value in parameters.items()})


def _table(values: Mapping[str, _Value]) -> _Table:
    """Numbers with their point. What is empty or not known is left out."""
    return {
        key: value if isinstance(value, str | bool) else float(value)
        for key, value in values.items()
        if value is not None and value != ""
    }

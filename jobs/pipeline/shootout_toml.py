"""Writing the TOML file that ``jobs.pipeline.shootout_file`` reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from jobs.pipeline.recipe import DEFAULT_IR_SETTINGS
from jobs.pipeline.shootout_file import (
    CAB_SWITCHES,
    IR_KEYS_OF_KIND,
    OPTION_KEYS,
    FileBlock,
    FileChain,
    FileDI,
    FileGear,
    ShootoutFile,
)
from jobs.pipeline.shootout_info import ShootoutOptions

_CAB_NAMES = {name: key for key, name in CAB_SWITCHES.items()}


def shootout_toml(shootout: ShootoutFile, *, remark: str = "") -> str:
    """What ``read_shootout_file`` reads back as the same shootout. Paths are written as they are.

    ``remark``: comment lines on top.
    """
    lines = [f"# {line}".rstrip() for line in remark.splitlines()]
    lines += [*_texts({"title": shootout.title, "description": shootout.description})]
    lines += ["", "[options]", *_options(shootout.options)]
    for di in shootout.dis:
        lines += ["", "[[di]]", *_di(di)]
    for gear in shootout.gear:
        lines += ["", "[[gear]]", *_gear(gear)]
    for chain in shootout.chains:
        lines += ["", "[[chain]]", *_chain(chain)]
    return "\n".join(lines).lstrip("\n") + "\n"


def _options(options: ShootoutOptions) -> Iterator[str]:
    for key, name in OPTION_KEYS.items():
        yield f"{key} = {_value(getattr(options, name))}"


def _di(di: FileDI) -> Iterator[str]:
    info = di.info
    yield f"file = {_value(di.path.as_posix())}"
    yield from _texts({"name": info.name, "guitar": info.guitar, "pickup": info.pickup})
    yield from _texts({"tuning": info.tuning, "notes": info.notes})
    if info.bpm is not None:
        yield f"bpm = {_value(info.bpm)}"
    if di.channel_rule != "auto":
        yield f"channel_rule = {_value(di.channel_rule)}"
    if di.source.start_s:
        yield f"start_s = {_value(di.source.start_s)}"
    if di.source.end_s is not None:
        yield f"end_s = {_value(di.source.end_s)}"
    if di.source.input_level_dbu is not None:
        yield f"input_level_dbu = {_value(di.source.input_level_dbu)}"


def _gear(gear: FileGear) -> Iterator[str]:
    yield f"id = {_value(gear.id)}"
    yield f"file = {_value(gear.path.as_posix())}"
    yield f"kind = {_value(gear.kind)}"
    yield from _texts({"name": gear.name, "make": gear.make, "creator": gear.creator})
    yield from _texts({"licence": gear.licence, "url": gear.url, "description": gear.description})
    for key, name in IR_KEYS_OF_KIND.get(gear.kind, {}).items():
        value = getattr(gear.ir_settings, name)
        if value != getattr(DEFAULT_IR_SETTINGS, name):
            yield f"{key} = {_value(value)}"


def _chain(chain: FileChain) -> Iterator[str]:
    yield f"label = {_value(chain.label)}"
    for block in chain.blocks:
        yield from ("", "[[chain.block]]", *_block(block))


def _block(block: FileBlock) -> Iterator[str]:
    yield f"slot = {_value(block.slot)}"
    if block.gear is None:
        yield f"processor = {_value(block.processor)}"
        yield f"parameters = {_table(block.parameters)}"
        return
    yield f"gear = {_value(block.gear.id)}"
    for name, value in block.parameters.items():
        yield f"{_CAB_NAMES.get(name, name)} = {_value(value)}"
    for ir in block.extra_irs:
        yield from ("", "[[chain.block.extra_irs]]", f"gear = {_value(ir.gear.id)}")
        for name, value in ir.parameters.items():
            yield f"{_CAB_NAMES.get(name, name)} = {_value(value)}"


def _texts(texts: Mapping[str, str]) -> Iterator[str]:
    """What is empty is left out."""
    return (f"{key} = {_value(text)}" for key, text in texts.items() if text)


def _table(values: Mapping[str, float | bool]) -> str:
    inner = ", ".join(f"{name} = {_value(value)}" for name, value in values.items())
    return f"{{ {inner} }}" if inner else "{}"


def _value(value: str | float | bool) -> str:
    if isinstance(value, str):
        # A basic string of TOML escapes as JSON does, and DEL besides.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value).lower() if isinstance(value, bool) else repr(float(value))

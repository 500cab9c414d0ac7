"""The whole shootout file, and its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jobs.pipeline.files import sha256_of
from jobs.pipeline.formats.shootout_file.chains import FileChain, read_chain
from jobs.pipeline.formats.shootout_file.dis import FileDI, read_di
from jobs.pipeline.formats.shootout_file.gear import FileGear, by_id, read_gear
from jobs.pipeline.formats.shootout_file.tables import (
    checked_choice,
    checked_number,
    checked_switch,
    invalid,
    read_table,
    read_tables,
    read_text,
    refuse_unknown,
)
from jobs.pipeline.formats.shootout_info import ContenderInfo, ShootoutInfo
from jobs.pipeline.formats.toml_text import MAX_TOML_BYTES, TomlError, read_toml
from jobs.pipeline.vocabulary.options import (
    SHOOTOUT_OPTIONS,
    ChoiceOption,
    NumberOption,
    ShootoutOption,
    ShootoutOptions,
    SwitchOption,
)

FILE_KEYS = ("title", "description")
_TABLES = ("options", "di", "gear", "chain")


@dataclass(frozen=True, slots=True)
class ShootoutFile:
    title: str
    description: str
    options: ShootoutOptions
    dis: tuple[FileDI, ...]
    gear: tuple[FileGear, ...]
    chains: tuple[FileChain, ...]

    def info(self) -> ShootoutInfo:
        return ShootoutInfo(
            title=self.title,
            description=self.description,
            options=self.options,
            dis=tuple(di.info for di in self.dis),
            contenders=tuple(ContenderInfo(chain.label, chain.lines()) for chain in self.chains),
        )

    def sources(self) -> dict[str, Path]:
        """Every input file by its SHA-256."""
        return {di.source.sha256: di.path for di in self.dis} | {
            gear.sha256: gear.path for gear in self.gear
        }


def read_shootout_file(path: Path) -> ShootoutFile:
    """Raises ``PipelineError`` SHOOTOUT_FILE_INVALID, naming the place."""
    return shootout_from_document(read_document(path), path, cache(sha256_of))


def read_document(path: Path) -> dict[str, Any]:
    """What the file says, without a look at the media that it names. Raises as
    ``read_shootout_file``."""
    try:
        with path.open("rb") as file:
            return read_toml(file.read(MAX_TOML_BYTES + 1))
    except (OSError, TomlError) as error:
        raise invalid(f"The file cannot be read: {error}") from error


def shootout_from_document(
    data: Mapping[str, Any], path: Path, sha256: Callable[[Path], str]
) -> ShootoutFile:
    """``data``: what the file at ``path`` says; ``sha256``: of a file beside it. Raises as
    ``read_shootout_file``."""
    refuse_unknown(data, {*FILE_KEYS, *_TABLES}, "The file")
    folder = path.resolve().parent
    di_tables, gear_tables = read_tables(data, "di"), read_tables(data, "gear")
    dis = tuple(read_di(item, folder, n, sha256) for n, item in enumerate(di_tables))
    gear = by_id([read_gear(item, folder, n, sha256) for n, item in enumerate(gear_tables)])
    chains = tuple(read_chain(item, gear, n) for n, item in enumerate(read_tables(data, "chain")))
    if not dis:
        raise invalid("There is no [[di]].")
    if not chains:
        raise invalid("There is no [[chain]].")
    return ShootoutFile(
        title=read_text(data, "title", "the file", required=True),
        description=read_text(data, "description", "the file"),
        options=_read_options(read_table(data, "options", "the file")),
        dis=dis,
        gear=tuple(gear.values()),
        chains=chains,
    )


def _read_options(data: Mapping[str, Any]) -> ShootoutOptions:
    refuse_unknown(data, {option.key for option in SHOOTOUT_OPTIONS}, "[options]")
    given = {
        option.name: _read_option(option, data[option.key])
        for option in SHOOTOUT_OPTIONS
        if option.key in data
    }
    return ShootoutOptions(**given)


def _read_option(option: ShootoutOption, value: object) -> Any:
    match option:
        case NumberOption():
            return checked_number(value, option.minimum, option.maximum, option.key, "[options]")
        case SwitchOption():
            return checked_switch(value, option.key, "[options]")
        case ChoiceOption():
            return checked_choice(value, option.choices, option.key, "[options]")

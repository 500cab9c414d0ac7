"""The whole shootout file: its recordings (``[[di]]``), its options, and what is in it besides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jobs.pipeline.files import sha256_of
from jobs.pipeline.formats.shootout_file.chains import (
    FileChain,
    FileGear,
    by_id,
    read_chain,
    read_gear,
)
from jobs.pipeline.formats.shootout_info import ContenderInfo, DIInfo, ShootoutInfo
from jobs.pipeline.formats.toml_text import (
    MAX_TOML_BYTES,
    TomlError,
    checked_choice,
    checked_number,
    checked_switch,
    invalid,
    read_media,
    read_number,
    read_table,
    read_tables,
    read_text,
    read_toml,
    refuse_unknown,
)
from jobs.pipeline.recipe import ChannelChoice, DISource
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
DI_KEYS = ("file", "name", "guitar", "pickup", "tuning", "bpm", "notes")
# Named as in ``DISource``, all of it that people set.
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

"""The whole shootout file, and its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jobs.pipeline.files import sha256_of
from jobs.pipeline.shootout_file.chains import FileChain, read_chain
from jobs.pipeline.shootout_file.dis import FileDI, read_di
from jobs.pipeline.shootout_file.gear import FileGear, by_id, read_gear
from jobs.pipeline.shootout_file.tables import (
    invalid,
    read_number,
    read_table,
    read_tables,
    read_text,
    refuse_unknown,
)
from jobs.pipeline.shootout_info import ContenderInfo, ShootoutInfo, ShootoutOptions
from jobs.pipeline.toml_text import MAX_TOML_BYTES, TomlError, read_toml

_FILE_KEYS = {"title", "description", "options", "di", "gear", "chain"}
OPTION_KEYS = {
    "order": "playback_order",
    "slice_s": "slice_s",
    "target_loudness_lufs": "target_loudness_lufs",
    "input_mode": "input_mode",
    "video": "has_video",
    "theme": "theme",
    "align": "is_aligned",
}


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
    refuse_unknown(data, _FILE_KEYS, "The file")
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
    refuse_unknown(data, set(OPTION_KEYS), "[options]")
    for key in ("slice_s", "target_loudness_lufs"):
        read_number(data, key, "[options]")
    options = ShootoutOptions(**{OPTION_KEYS[key]: value for key, value in data.items()})
    for key, switch in (("video", options.has_video), ("align", options.is_aligned)):
        if not isinstance(switch, bool):
            raise invalid(f"[options]: {key} must be true or false.")
    choices = {
        "order": (options.playback_order, ("sequential", "alternating")),
        "input_mode": (options.input_mode, ("auto", "calibrated", "normalized", "raw")),
        "theme": (options.theme, ("dark", "light")),
    }
    for key, (value, allowed) in choices.items():
        if value not in allowed:
            raise invalid(f"[options]: {key} must be one of {', '.join(allowed)}.")
    return options

"""The whole shootout file, and its options."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise invalid(f"The file cannot be read: {error}") from error
    except RecursionError as error:
        raise invalid("The file is nested too deeply.") from error
    refuse_unknown(data, _FILE_KEYS, "The file")
    folder = path.resolve().parent
    dis = tuple(read_di(item, folder, n) for n, item in enumerate(read_tables(data, "di")))
    gear = by_id([read_gear(item, folder, n) for n, item in enumerate(read_tables(data, "gear"))])
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

"""Reading values of a TOML table; every mistake is told with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import MAX_CAB_DELAY_MS, MAX_TAIL_END_DB, MIN_TAIL_END_DB

# Lowest and highest value of the numbers that are not parameters of a processor.
_RANGES = {
    "slice_s": (1.0, 60.0),
    "target_loudness_lufs": (-40.0, -6.0),
    "bpm": (20.0, 400.0),
    "input_level_dbu": (-60.0, 60.0),
    "start_s": (0.0, 600.0),
    "end_s": (0.0, 600.0),
    "slim_size": (0.0, 1.0),
    "tail_end_db": (MIN_TAIL_END_DB, MAX_TAIL_END_DB),
    "gain_db": (-24.0, 24.0),
    "mix_pct": (0.0, 100.0),
    "delay_ms": (0.0, MAX_CAB_DELAY_MS),
}


def read_values(
    data: Mapping[str, Any], numbers: Sequence[str], switches: Mapping[str, str], where: str
) -> dict[str, float | bool]:
    """What is given of ``numbers`` and ``switches``, by the names of the recipe."""
    values: dict[str, float | bool] = {}
    for key in numbers:
        number = read_number(data, key, where)
        if number is not None:
            values[key] = number
    for key, name in switches.items():
        if key in data:
            if not isinstance(data[key], bool):
                raise invalid(f"{where}: {key} must be true or false.")
            values[name] = data[key]
    return values


def read_tables(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = data.get(key, [])
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    raise invalid(f"{key} must be an array of tables, [[{key}]].")


def read_table(data: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise invalid(f"{where}: {key} must be a table.")
    return value


def read_media(data: Mapping[str, Any], folder: Path, where: str) -> Path:
    name = read_text(data, "file", where, required=True)
    if "\0" in name:
        raise invalid(f"{where}: that is not the name of a file.")
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise invalid(f"{where}: {name} is outside the folder of the file.")
    if not path.is_file():
        raise invalid(f"{where}: there is no file {name}.")
    return path


def read_text(data: Mapping[str, Any], key: str, where: str, *, required: bool = False) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise invalid(f"{where}: {key} must be text.")
    if required and not value.strip():
        raise invalid(f"{where}: {key} is missing.")
    return value.strip()


def read_number(data: Mapping[str, Any], key: str, where: str) -> float | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise invalid(f"{where}: {key} must be a number.")
    low, high = _RANGES[key]
    if not low <= value <= high:  # NaN is neither
        raise invalid(f"{where}: {key} must be between {low:g} and {high:g}.")
    return float(value)


def refuse_unknown(data: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(data) - known)
    if unknown:
        raise invalid(f"{where} does not know {', '.join(unknown)}.")


def invalid(message: str) -> PipelineError:
    return PipelineError("SHOOTOUT_FILE_INVALID", message)

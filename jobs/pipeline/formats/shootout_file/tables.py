"""Reading values of a TOML table; every mistake is told with its place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from jobs.pipeline.effects.blocks.captured import CaptureParameters
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import MAX_TAIL_END_DB, MIN_TAIL_END_DB

_Word = TypeVar("_Word", bound=str)

# Lowest and highest value of the numbers of recordings and of gear.
_RANGES = {
    "bpm": (20.0, 400.0),
    "input_level_dbu": (-60.0, 60.0),
    "start_s": (0.0, 600.0),
    "end_s": (0.0, 600.0),
    "tail_end_db": (MIN_TAIL_END_DB, MAX_TAIL_END_DB),
}


def read_values(
    data: Mapping[str, Any], parameters: CaptureParameters, where: str
) -> dict[str, float | bool]:
    """What is given of ``parameters``, by the names of the recipe."""
    values: dict[str, float | bool] = {}
    for number in parameters.numbers:
        value = data.get(number.name)
        if value is not None:
            bounds = number.minimum, number.maximum
            values[number.name] = checked_number(value, *bounds, number.name, where)
    for switch in parameters.switches:
        if switch.key in data:
            values[switch.name] = checked_switch(data[switch.key], switch.key, where)
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
    return None if value is None else checked_number(value, *_RANGES[key], key, where)


def checked_number(value: object, low: float, high: float, key: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise invalid(f"{where}: {key} must be a number.")
    if not low <= value <= high:  # NaN is neither
        raise invalid(f"{where}: {key} must be between {low:g} and {high:g}.")
    return float(value)


def checked_switch(value: object, key: str, where: str) -> bool:
    if not isinstance(value, bool):
        raise invalid(f"{where}: {key} must be true or false.")
    return value


def checked_choice(value: object, choices: Collection[_Word], key: str, where: str) -> _Word:
    for choice in choices:
        if choice == value:
            return choice
    raise invalid(f"{where}: {key} must be one of {', '.join(choices)}.")


def refuse_unknown(data: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(data) - known)
    if unknown:
        raise invalid(f"{where} does not know {', '.join(unknown)}.")


def invalid(message: str) -> PipelineError:
    return PipelineError("SHOOTOUT_FILE_INVALID", message)

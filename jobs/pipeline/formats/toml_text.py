"""TOML that anybody may have written: to a document in bounded time, and to values of its tables.

``tomllib`` takes time with the square of the parts of a key (``a.a.a.a = 1``), and raises what is
no ``TOMLDecodeError`` for integers of thousands of digits and for deep nesting. What a text can
cost is counted before it is parsed.

Every mistake in a value is told with its place: ``where``, for people.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from jobs.pipeline.effects.parameters import CaptureParameters
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import MAX_TAIL_END_DB, MIN_TAIL_END_DB

MAX_TOML_BYTES: Final = 64 * 1024
# Of one key, or of one number: ``a.b.c`` has two. Files of GTS have one at most.
MAX_DOTS: Final = 8
# Of a bare key or a number. Python's own limit for integers is 4,300.
MAX_WORD_CHARS: Final = 100
# Arrays and inline tables within each other. Files of GTS have two.
MAX_DEPTH: Final = 16

# Each alternative is possessive, so that the whole text is looked at once, whatever is in it. Where
# tomllib finds a string or a comment this finds the same one, and nothing that it does not.
_TOKEN: Final = re.compile(
    r"""
      (?P<string> "{3} (?: [^"\\] | \\. | "{1,2}+ (?!") )*+ "{3,5}+
                | \'{3} (?: [^'] | '{1,2}+ (?!') )*+ \'{3,5}+ )
    | (?P<part> " (?: [^"\\\n] | \\. )*+ " | ' [^'\n]*+ ' )
    | (?P<comment> \# [^\n]*+ )
    | (?P<word> [A-Za-z0-9_+-]++ )
    | (?P<dot> \. )
    | (?P<open> [\[{] )
    | (?P<close> [\]}] )
    | (?P<blank> [ \t]++ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_LONG_QUOTES: Final = ('"""', "'''")

_Word = TypeVar("_Word", bound=str)

# Lowest and highest value of the numbers of recordings and of gear.
_RANGES = {
    "bpm": (20.0, 400.0),
    "input_level_dbu": (-60.0, 60.0),
    "start_s": (0.0, 600.0),
    "end_s": (0.0, 600.0),
    "tail_end_db": (MIN_TAIL_END_DB, MAX_TAIL_END_DB),
}


class TomlError(ValueError):
    """What is wrong with a text, in words for people."""


def read_toml(data: bytes) -> dict[str, Any]:
    """The document that ``data`` is, in UTF-8. Raises ``TomlError``."""
    if len(data) > MAX_TOML_BYTES:
        raise TomlError(f"It is larger than {MAX_TOML_BYTES // 1024} KiB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TomlError("It is not UTF-8.") from error
    _refuse_cost(text)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise TomlError(str(error)) from error


def _refuse_cost(text: str) -> None:
    num_dots = depth = 0
    for kind, length in _tokens(text):
        if kind == "dot":
            num_dots += 1
        elif kind not in ("part", "word", "blank"):
            num_dots = 0
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
        if num_dots > MAX_DOTS:
            raise TomlError(f"A key has more than {MAX_DOTS + 1} parts.")
        if kind == "word" and length > MAX_WORD_CHARS:
            raise TomlError(f"A key or a number has more than {MAX_WORD_CHARS} characters.")
        if depth > MAX_DEPTH:
            raise TomlError("It is nested too deeply.")


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """The kind of each token, and its length. Raises ``TomlError`` where a string does not end: to
    look on behind it could take long."""
    for match in _TOKEN.finditer(text):
        start, kind = match.start(), match.lastgroup or ""
        is_long = text.startswith(_LONG_QUOTES, start)
        if (is_long and kind == "part") or (kind == "other" and text[start] in "\"'"):
            line = text.count("\n", 0, start) + 1
            raise TomlError(f"A string does not end (at line {line}).")
        yield kind, match.end() - start


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

"""A .nam file as JSON that anyone may have made: how large, read, its fields checked.

Limits: real captures are far below every one of these. An A1 standard file is 0.4 MB with 13,802
weights, an A2 container 0.7 MB with 14,017; the largest hand-made ones reach a few megabytes. The
limits keep the cost of a hostile file small and known: everything here is compared with what a
file *announces*, before anything of that size is allocated.

Fields: every value is checked for type and range, and a failure is ``PipelineError`` NAM_INVALID,
which names the field by its path. Text out of a file reaches people and databases through
``printable`` or ``show`` only.

Captures of other programs are known by what is in them, so that errors can name them. All this is
without NumPy: pages import it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from jobs.pipeline.errors import PipelineError

# The text of a file may take four bytes a character, and one long string in it as much again.
MAX_FILE_BYTES: Final = 16 * 1024 * 1024
# Commas in the whole file, one less than values: a number costs 40 bytes however short it is
# written. With these four, reading stays under 250 MB whatever a file holds.
MAX_COMMAS: Final = 1_200_000
# Lists and objects, and quotation marks, in the whole file: what they begin costs some 60 bytes
# however short it is written. Real files have a few hundred of each.
MAX_CONTAINERS: Final = 20_000
MAX_QUOTES: Final = 200_000
# Lists and objects within each other; real files have a dozen. Python's own limit is a thousand.
MAX_DEPTH: Final = 64
MAX_WEIGHTS: Final = 1_000_000
MAX_CHANNELS: Final = 512
# An LSTM goes sample by sample, so its layers cost far more than their numbers; captures have one
# to three, of up to some forty.
MAX_LSTM_LAYERS: Final = 8
MAX_LSTM_HIDDEN: Final = 256
MAX_KERNEL: Final = 131_072
MAX_DILATION: Final = 131_072
# A2 needs 6,347 frames; 131,072 is 2.7 s at 48 kHz.
MAX_RECEPTIVE_FIELD_FRAMES: Final = 131_072
MAX_LAYERS: Final = 256
MAX_LAYER_ARRAYS: Final = 16
MAX_SUBMODELS: Final = 16
# A condition network may have one of its own; no one has needed a third.
MAX_NESTING: Final = 4
# Numbers a laid-out engine may hold, with groups spelled out as full matrices. Each costs a
# multiplication per frame: this many run at about real time. A1 standard holds 28,000.
MAX_ENGINE_FLOATS: Final = 1_200_000
# Numbers one signal's state may hold (64 MB).
MAX_STATE_FLOATS: Final = 16_000_000

MIN_SAMPLE_RATE_HZ: Final = 8_000
MAX_SAMPLE_RATE_HZ: Final = 192_000
DEFAULT_SAMPLE_RATE_HZ: Final = 48_000

# Of a value in a log line, and of a text where it is shown or stored.
_SHOWN_CHARACTERS = 80
_MAX_TEXT_CHARACTERS = 200

# Possessive, so that each byte is looked at once: strings (whether they end or not) and brackets.
_STRING_OR_BRACKET: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
# What may be left out of the file without a change in its strings and brackets, to look at less.
_NUMBERS_AND_SPACE: Final = b"0123456789.,+-eE \t\r\n"


def read_json_object(data: bytes) -> dict[str, object]:
    """The object that a file is, after RFC 8259 and with every key once.

    Time and memory are bounded: what it can cost is counted before it is parsed. Raises
    ``PipelineError`` NAM_TOO_LARGE, NAM_NOT_JSON, or NAM_INVALID for numbers that are not finite
    and for keys that come twice.
    """
    _refuse_cost(data)
    try:
        parsed: object = json.loads(
            data.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            object_pairs_hook=_object_of,
        )
    # ValueError covers undecodable text, broken JSON and integers of more than 4,300 digits.
    except (ValueError, RecursionError) as error:
        raise PipelineError(
            "NAM_NOT_JSON",
            "This file is not a capture: it is not valid JSON.",
            detail=f"{type(error).__name__}: {str(error)[:200]}",
        ) from error
    if not isinstance(parsed, dict):
        raise PipelineError(
            "NAM_NOT_JSON",
            "This file is not a capture: it does not begin with an object.",
            detail=f"top level is {show(parsed)}",
        )
    return parsed


def _refuse_cost(data: bytes) -> None:
    if len(data) > MAX_FILE_BYTES:
        megabytes = MAX_FILE_BYTES // (1024 * 1024)
        raise PipelineError(
            "NAM_TOO_LARGE",
            f"This capture is larger than {megabytes} MB; real ones take about one.",
            detail=f"more than {MAX_FILE_BYTES} bytes",
        )
    for what, count, limit in (
        ("lists and objects", data.count(b"[") + data.count(b"{"), MAX_CONTAINERS),
        ("quotation marks", data.count(b'"'), MAX_QUOTES),
        ("commas", data.count(b","), MAX_COMMAS),
    ):
        if count > limit:
            raise PipelineError(
                "NAM_TOO_LARGE",
                "This file is built in a way no capture is: far too many parts.",
                detail=f"{count} {what}, at most {limit}",
            )
    depth = _depth(data)
    if depth > MAX_DEPTH:
        raise PipelineError(
            "NAM_NOT_JSON",
            "This file is not a capture: it is nested too deeply.",
            detail=f"{depth} lists or objects within each other, at most {MAX_DEPTH}",
        )


def _depth(data: bytes) -> int:
    """Of lists and objects within each other, up to where the text is no JSON any more."""
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(data.translate(None, _NUMBERS_AND_SPACE)):
        found = match[0]
        if found in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif found in b"]}":
            depth -= 1
    return deepest


def _refuse_constant(name: str) -> NoReturn:
    raise PipelineError(
        "NAM_INVALID", "This capture is damaged: it holds numbers that are not finite.", detail=name
    )


def _object_of(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Readers differ in which of two values they take: one file would sound in two ways."""
    values: dict[str, object] = {}
    for key, value in pairs:
        if key in values:
            raise PipelineError(
                "NAM_INVALID",
                f"This capture is damaged: it says “{printable(key)}” twice.",
                detail=f"in an object of {len(pairs)} keys",
            )
        values[key] = value
    return values


def invalid(where: str, expected: str, got: object = None) -> NoReturn:
    """Refuse the file because of one field. ``expected`` completes "… must be"."""
    shown = "" if got is None else f"got {show(got)}"
    raise PipelineError(
        "NAM_INVALID",
        f"This capture cannot be used: “{where}” must be {expected}.",
        detail=shown,
    )


def printable(text: str) -> str:
    """What of a text can be shown and stored, at most 200 characters of it.

    JSON can spell halves of characters and zero bytes, which no database takes.
    """
    shown = "".join(c for c in text[:_MAX_TEXT_CHARACTERS] if c.isprintable())
    return shown.strip()


def show(value: object) -> str:
    """A value of unknown origin, short enough for a log line."""
    if isinstance(value, list | dict):
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, str):
        value = value[:_SHOWN_CHARACTERS]
    if isinstance(value, int) and abs(value) > 10**_SHOWN_CHARACTERS:
        return "a huge number"
    return repr(value)


def whole_number(value: object, where: str, minimum: int, maximum: int) -> int:
    """An integer in range; 16.0 counts as 16, ``true`` does not count as 1."""
    expected = f"a whole number from {minimum} to {maximum}"
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        invalid(where, expected, value)
    if not minimum <= value <= maximum:
        invalid(where, expected, value)
    return value


def finite_number(value: object, where: str) -> float:
    """A number that fits a double; ``true`` does not count as 1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        invalid(where, "a number", value)
    try:
        number = float(value)
    except OverflowError:
        invalid(where, "a number of reasonable size")
    if not math.isfinite(number):
        invalid(where, "a finite number", value)
    return number


class Fields:
    """A JSON object and where in the file it stands.

    ``null`` counts as absent: writers of this format use it for "not set".
    """

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            invalid(where or "file", "an object", value)
        self._values: Mapping[str, Any] = value
        self.where = where

    def path(self, key: str) -> str:
        """Where the value of ``key`` stands in the file: ``config.layers[0].channels``."""
        return f"{self.where}.{key}" if self.where else key

    def has(self, key: str) -> bool:
        """Whether ``key`` is there and not null."""
        return self._values.get(key) is not None

    def get(self, key: str) -> object:
        """The value, whatever it is; None if absent."""
        return self._values.get(key)

    def require(self, key: str) -> object:
        """The value, whatever it is; refused if absent."""
        if not self.has(key):
            invalid(self.path(key), "present")
        value: object = self._values[key]
        return value

    def integer(self, key: str, minimum: int, maximum: int, default: int | None = None) -> int:
        """A whole number in range; ``default`` if absent and one is given. So the next two."""
        if default is not None and not self.has(key):
            return default
        return whole_number(self.require(key), self.path(key), minimum, maximum)

    def number(self, key: str, default: float | None = None) -> float:
        """A finite number."""
        if default is not None and not self.has(key):
            return default
        return finite_number(self.require(key), self.path(key))

    def boolean(self, key: str, default: bool | None = None) -> bool:
        """``true`` or ``false``; 0 and 1 do not count."""
        if default is not None and not self.has(key):
            return default
        value = self.require(key)
        if not isinstance(value, bool):
            invalid(self.path(key), "true or false", value)
        return value

    def string(self, key: str) -> str:
        """A text as it is in the file: of any length, not fit to be shown (``printable``)."""
        value = self.require(key)
        if not isinstance(value, str):
            invalid(self.path(key), "a text", value)
        return value

    def items(self, key: str, maximum: int, minimum: int = 1) -> list[Any]:
        """A list of ``minimum`` to ``maximum`` values, each of any kind."""
        value = self.require(key)
        if not isinstance(value, list):
            invalid(self.path(key), "a list", value)
        if not minimum <= len(value) <= maximum:
            invalid(self.path(key), f"a list of {minimum} to {maximum} entries", value)
        return value

    def integers(self, key: str, minimum: int, maximum: int, max_items: int) -> tuple[int, ...]:
        """A list of 1 to ``max_items`` whole numbers in range."""
        values = self.items(key, max_items)
        where = self.path(key)
        return tuple(
            whole_number(value, f"{where}[{i}]", minimum, maximum) for i, value in enumerate(values)
        )

    def fields(self, key: str) -> Fields:
        """The object at ``key``."""
        return Fields(self.require(key), self.path(key))


def foreign_format(document: Mapping[str, object]) -> str:
    """The name of the format that a JSON object is in; empty for NAM, and where it is not known.

    AIDA-X writes RTNeural's layers beside their shape of input; Proteus (GuitarML) a state
    dictionary of PyTorch beside ``model_data``; of AA-Snapshots only the word is public.
    """
    keys = document.keys()
    if {"architecture", "weights"} & keys:
        return ""
    if "layers" in keys and {"in_shape", "in_skip"} & keys:
        return "AIDA-X"
    if {"model_data", "state_dict"} <= keys:
        return "Proteus (GuitarML)"
    if any("snapshot" in key.casefold() for key in keys):
        return "AA-Snapshot"
    return ""


def foreign_message(name: str) -> str:
    """What it is, what GTS reads, and what to do."""
    return (
        f"This is a capture of {name}; GTS reads NAM models. "
        "Look for the same gear as a .nam file, or capture it again with the NAM trainer."
    )


def refuse_foreign(document: Mapping[str, object]) -> None:
    """Raises ``PipelineError`` CAPTURE_FORMAT_UNSUPPORTED for a format that is known."""
    name = foreign_format(document)
    if name:
        raise PipelineError("CAPTURE_FORMAT_UNSUPPORTED", foreign_message(name))


def foreign_format_of(data: bytes) -> str:
    """As ``foreign_format``, for a file of any kind."""
    try:
        return foreign_format(read_json_object(data))
    except PipelineError:  # what is no JSON at all is none of these
        return ""

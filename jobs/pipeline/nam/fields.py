"""Reading a parsed JSON object strictly: every value checked for type and range, by its path.

Text out of a file reaches people and databases through ``printable`` or ``show`` only.

All failures are ``PipelineError("NAM_INVALID")`` naming the field.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NoReturn

from jobs.pipeline.errors import PipelineError

_SHOWN_CHARACTERS = 80
_MAX_TEXT_CHARACTERS = 200


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

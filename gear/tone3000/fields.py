"""Reading fields of somebody else's JSON: what cannot be used is ``None``, never an exception."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from gear.capture_text import clean_text

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SLASHES: Final = re.compile(r"/{2,}")
_URL_CHARACTERS: Final = re.compile(r"[\x21-\x7e]{1,2000}")
_MOST: Final = 2**53
_MAX_ITEMS: Final = 200
_MAX_PARAGRAPHS: Final = 100


class Fields:
    """One JSON object, read field by field."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def identifier(self, name: str) -> str | None:
        """Ids are opaque text, whatever they came as; only what is safe in an address."""
        value = self._document.get(name)
        if isinstance(value, float) and value.is_integer() and abs(value) < _MOST:
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MOST:
            value = str(value)
        return value if isinstance(value, str) and is_identifier(value) else None

    def text(self, name: str, max_chars: int = 200) -> str | None:
        """One printable line."""
        return _line(self._document.get(name), max_chars)

    def word(self, name: str) -> str | None:
        """A value of a list that may grow: any short word, known or not."""
        value = self._document.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value) if abs(value) < _MOST else None
        return _line(value, 40)

    def paragraphs(self, name: str, max_chars: int = 4000) -> str | None:
        value = self._document.get(name)
        if not isinstance(value, str):
            return None
        lines = value[: 4 * max_chars].splitlines()[:_MAX_PARAGRAPHS]
        return "\n".join(clean_text(line) for line in lines).strip()[:max_chars] or None

    def count(self, name: str) -> int | None:
        value = self._document.get(name)
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 16:
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        # Also says no to what is not finite.
        return int(value) if 0 <= value < _MOST and value == int(value) else None

    def flag(self, name: str) -> bool | None:
        """Three states: what is neither true nor false is not known."""
        value = self._document.get(name)
        return value if isinstance(value, bool) else None

    def url(self, name: str) -> str | None:
        return web_url(self._document.get(name))

    def moment(self, name: str) -> datetime | None:
        value = self._document.get(name)
        if not isinstance(value, str):
            return None
        try:
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    def urls(self, name: str) -> tuple[str, ...]:
        found = (web_url(item) for item in self._items(name))
        return tuple(url for url in found if url is not None)

    def words(self, name: str) -> tuple[str, ...]:
        found = (_line(item, 40) for item in self._items(name))
        return tuple(word for word in found if word is not None)

    def names(self, name: str) -> tuple[str, ...]:
        """Of a list of objects that have a name each."""
        objects = (Fields(item) for item in self._items(name) if isinstance(item, Mapping))
        found = (item.text("name", 100) for item in objects)
        return tuple(text for text in found if text is not None)

    def object(self, name: str) -> Mapping[str, Any] | None:
        value = self._document.get(name)
        return value if isinstance(value, Mapping) else None

    def _items(self, name: str) -> list[Any]:
        value = self._document.get(name)
        return value[:_MAX_ITEMS] if isinstance(value, list) else []


def is_identifier(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def web_url(value: object) -> str | None:
    """An absolute address of the web, with the double slashes in its path made single ones."""
    if not isinstance(value, str) or not _URL_CHARACTERS.fullmatch(value):
        return None
    try:
        parts = urlsplit(value)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
        if not is_web or "@" in parts.netloc or parts.port == 0:
            return None
    except ValueError:
        return None
    return urlunsplit(parts._replace(path=_SLASHES.sub("/", parts.path)))


def _line(value: object, max_chars: int) -> str | None:
    if not isinstance(value, str):
        return None
    return clean_text(value[: 4 * max_chars])[:max_chars].strip() or None

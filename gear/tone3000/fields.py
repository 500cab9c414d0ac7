"""Reading fields of someone else's JSON: what cannot be used is ``None``, never an exception."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from gear.text import clean_text

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SLASHES: Final = re.compile(r"/{2,}")
_URL_CHARACTERS: Final = re.compile(r"[\x21-\x7e]{1,2000}")
_MOST: Final = 2**53
_MAX_ITEMS: Final = 200
_MAX_PARAGRAPHS: Final = 100


def identifier(value: object) -> str | None:
    """Ids are opaque text, whatever they came as; only what is safe in an address."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _MOST:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MOST:
        value = str(value)
    return value if isinstance(value, str) and is_identifier(value) else None


def text(value: object, max_chars: int = 200) -> str | None:
    """One printable line."""
    if not isinstance(value, str):
        return None
    return clean_text(value[: 4 * max_chars])[:max_chars].strip() or None


def word(value: object) -> str | None:
    """A value of a list that may grow: any short word, known or not."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < _MOST else None
    return text(value, 40)


def paragraphs(value: object, max_chars: int = 4000) -> str | None:
    if not isinstance(value, str):
        return None
    lines = value[: 4 * max_chars].splitlines()[:_MAX_PARAGRAPHS]
    return "\n".join(clean_text(line) for line in lines).strip()[:max_chars] or None


def count(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 16:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Also says no to what is not finite.
    return int(value) if 0 <= value < _MOST and value == int(value) else None


def flag(value: object) -> bool | None:
    """Three states: what is neither true nor false is not known."""
    return value if isinstance(value, bool) else None


def moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def each(value: object, read: Callable[[object], str | None]) -> tuple[str, ...]:
    """Of a list what can be read."""
    found = (read(item) for item in (value[:_MAX_ITEMS] if isinstance(value, list) else ()))
    return tuple(one for one in found if one is not None)


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

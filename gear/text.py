"""Text that anybody may have made, as one printable line fit for every database; and tags."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any, Final

MAX_TAG_CHARS: Final = 50
MAX_TAGS_PER_GEAR: Final = 20

# Control and format characters, halves of characters, line separators: PostgreSQL refuses some
# of these, terminals and bidirectional text fall for others.
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean_text(text: str) -> str:
    line = " ".join(text.split())
    return "".join(mark for mark in line if unicodedata.category(mark) not in _UNPRINTABLE).strip()


def clean_json(value: Any) -> Any:
    """JSON with every text in it cleaned."""
    match value:
        case str():
            return clean_text(value)
        case dict():
            return {clean_text(str(key)): clean_json(item) for key, item in value.items()}
        case list() | tuple():
            return [clean_json(item) for item in value]
        case _:
            return value


def tag_name(text: str) -> str:
    """As it is shown: one printable line; empty when nothing of it is."""
    return clean_text(unicodedata.normalize("NFC", text))


def tag_key(name: str) -> str:
    """Equal for names that differ only in case or in the form of their letters."""
    return unicodedata.normalize("NFKC", tag_name(name)).casefold()[:150]


def distinct_tags(names: Iterable[str]) -> list[str]:
    """Names as they are shown, each word once, without empty ones."""
    by_key: dict[str, str] = {}
    for name in map(tag_name, names):
        if name:
            by_key.setdefault(tag_key(name), name)
    return list(by_key.values())

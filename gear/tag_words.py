"""What makes two tags the same word, and what may be one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from gear.text import clean_text

MAX_TAG_CHARS: Final = 50
MAX_TAGS_PER_GEAR: Final = 20


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

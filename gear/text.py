"""Text out of files that anybody may have made: one printable line, fit for every database."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

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

from __future__ import annotations

import pytest

from tools.made_tables import with_tables
from tools.shootout_documents import DOCUMENT, document


def test_the_tables_are_made_from_the_vocabulary() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert document(text) == text, "run: python -m tools.shootout_documents"


def test_what_is_stale_is_seen() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert document(text.replace("| `theme` |", "| `look` |")) == text


def test_a_table_has_its_place() -> None:
    with pytest.raises(ValueError, match="no place for the table colors"):
        with_tables("# Words\n", {"colors": "| color |\n"})

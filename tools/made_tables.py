"""Tables of the documentation that are made from data, each between two comments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

_MARKED = "<!-- {name}: made from the types -->\n"
_END = "<!-- end -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """As Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def with_tables(text: str, tables: Mapping[str, str]) -> str:
    """A document with its tables as they should be."""
    for name, made in tables.items():
        before, start, rest = text.partition(_MARKED.format(name=name))
        _, end, after = rest.partition(_END)
        if not end:
            raise ValueError(f"there is no place for the table {name}")
        text = before + start + made + end + after
    return text

"""Every error code of the API with its meaning, read from ``error_codes.toml``.

``python -m gts.openapi.error_codes`` writes docs/api-errors.md.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).with_name("error_codes.toml")
DOCS_FILE: Final = Path(__file__).parents[2] / "docs" / "api-errors.md"
_TITLES: Final = {
    "requests": "Of requests",
    "inputs": "Of fields and parameters, in `details`",
    "chains": "Of chains",
    "files": "Of files",
    "renders": "Of renders and other jobs",
    "jobs": "Of jobs",
}
_HEAD: Final = """\
# Every error code

Made from `gts/openapi/error_codes.toml` by `python -m gts.openapi.error_codes`, as a test sees.

An error is `{code, message, details, request_id}` ([api.md](api.md)); `code` and the `code` of each
of its `details` are among these, as is that of a job's `error`. *Permanent*: the same once more
ends the same. *Temporary*: it may go well another time, after `Retry-After` where that is given.
"""


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """``statuses``: of answers whose code it is; none: it comes in details and jobs alone."""

    code: str
    meaning: str
    is_permanent: bool
    group: str
    statuses: tuple[int, ...]


@cache
def error_codes() -> tuple[ErrorCode, ...]:
    """By code. Raises ``TypeError`` for what is no entry."""
    content = tomllib.loads(_FILE.read_text())
    found = [
        ErrorCode(code, entry["meaning"], how == "permanent", group, tuple(entry.get("status", ())))
        for how, groups in content.items()
        for group, entries in groups.items()
        for code, entry in entries.items()
    ]
    return tuple(sorted(found, key=lambda one: one.code))


def schema() -> dict[str, object]:
    """Of the component ``ErrorCode``."""
    lines = [f"* `{one.code}`: {one.meaning}" for one in error_codes()]
    return {
        "type": "string",
        "enum": [one.code for one in error_codes()],
        "description": "For programs.\n\n" + "\n".join(lines),
    }


def as_markdown() -> str:
    parts = [_HEAD]
    for is_permanent in (True, False):
        groups = dict.fromkeys(one.group for one in _listed(is_permanent))
        for group in sorted(groups, key=list(_TITLES).index):
            lasting = "permanent" if is_permanent else "temporary"
            rows = [one for one in _listed(is_permanent) if one.group == group]
            parts.append(f"## {_TITLES[group]}, {lasting}\n\n{_table(rows)}")
    return "\n".join(parts)


def _listed(is_permanent: bool) -> list[ErrorCode]:
    return [one for one in error_codes() if one.is_permanent == is_permanent]


def _table(rows: list[ErrorCode]) -> str:
    lines = ["| code | status | meaning |", "| --- | --- | --- |"]
    for one in rows:
        statuses = ", ".join(map(str, one.statuses))
        lines.append(f"| `{one.code}` | {statuses} | {one.meaning} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCS_FILE.write_text(as_markdown())

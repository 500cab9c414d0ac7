"""CHANGELOG.md: *Unreleased* on top, below it a section per version, the newest first."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from release.errors import ReleaseError

Version = tuple[int, int, int]

_UNRELEASED: Final = "## Unreleased\n"
_VERSION: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_SECTION: Final = re.compile(rf"## ({_VERSION.pattern}) – \d{{4}}-\d\d-\d\d( \[YANKED\])?")


def parse_version(text: str) -> Version:
    match = _VERSION.fullmatch(text)
    if match is None:
        raise ReleaseError(f"{text!r} is no version: three numbers, as in 0.1.0.")
    return int(match[1]), int(match[2]), int(match[3])


def released_versions(changelog: str) -> list[str]:
    """In the order of the file. Raises ``ReleaseError`` where a heading is none of ours."""
    headings = re.findall(r"^## .*\n?", changelog, re.MULTILINE)
    if not headings or headings[0] != _UNRELEASED:
        raise ReleaseError("CHANGELOG.md: the first section must be '## Unreleased'.")
    versions = []
    for heading in headings[1:]:
        match = _SECTION.fullmatch(heading.strip())
        if match is None:
            raise ReleaseError(f"CHANGELOG.md: {heading.strip()!r} is not '## 0.1.0 – 2026-01-31'.")
        versions.append(match[1])
    return versions


def release_unreleased(changelog: str, version: str, day: date) -> str:
    """With what is unreleased under the heading of ``version``, and an empty section above it.

    Raises ``ReleaseError``: there is nothing to release, or ``version`` is not above the others.
    """
    released = released_versions(changelog)
    newest = max(map(parse_version, released), default=(-1, 0, 0))
    if parse_version(version) <= newest:
        above = ".".join(map(str, newest))
        raise ReleaseError(f"{version} is not above {above}, which CHANGELOG.md has already.")
    head, _, rest = changelog.partition(_UNRELEASED)
    if not re.search(r"^- ", rest.partition("\n## ")[0], re.MULTILINE):
        raise ReleaseError("CHANGELOG.md: nothing is listed under 'Unreleased'.")
    return f"{head}{_UNRELEASED}\n## {version} – {day.isoformat()}\n{rest}"

from __future__ import annotations

from datetime import date

import pytest

from gts.tests.processes import ROOT
from tools.release.making import ReleaseError, parse_version, release_unreleased, released_versions

DAY = date(2026, 12, 1)
HEAD = "# Changelog\n\nWhat changed.\n\n"
NEW = "## Unreleased\n\n### Added\n\n- **A thing.**\n"
OLD = "\n## 0.1.1 – 2026-11-02 [YANKED]\n\n- Another.\n\n## 0.1.0 – 2026-11-01\n\n- The first.\n"


def test_our_changelog_is_one_that_can_be_released() -> None:
    released = released_versions((ROOT / "CHANGELOG.md").read_text())
    assert released == sorted(released, key=parse_version, reverse=True)


@pytest.mark.parametrize("rest", ["", OLD])
def test_what_is_unreleased_becomes_a_section_with_a_date(rest: str) -> None:
    changed = release_unreleased(HEAD + NEW + rest, "0.2.0", DAY)
    section = "## 0.2.0 – 2026-12-01\n\n### Added\n\n- **A thing.**\n"
    assert changed == f"{HEAD}## Unreleased\n\n{section}{rest}"
    assert released_versions(changed)[0] == "0.2.0"


@pytest.mark.parametrize("version", ["0.1.0", "0.1.1", "0.0.9"])
def test_a_version_that_is_not_above_the_others_is_refused(version: str) -> None:
    with pytest.raises(ReleaseError, match=r"is not above 0\.1\.1, "):
        release_unreleased(HEAD + NEW + OLD, version, DAY)


def test_versions_are_compared_as_numbers() -> None:
    tenth = "\n## 0.10.0 – 2026-11-02\n\n- It.\n"
    assert "## 0.11.0 – " in release_unreleased(HEAD + NEW + tenth, "0.11.0", DAY)
    with pytest.raises(ReleaseError, match="not above"):
        release_unreleased(HEAD + NEW + tenth, "0.9.0", DAY)


@pytest.mark.parametrize(
    "version", ["", "1.0", "v1.0.0", "1.0.0rc1", "01.0.0", "1.0.0\n", "1.0.0.0"]
)
def test_a_version_is_three_numbers(version: str) -> None:
    with pytest.raises(ReleaseError, match="no version"):
        release_unreleased(HEAD + NEW, version, DAY)


@pytest.mark.parametrize(
    ("changelog", "message"),
    [
        (HEAD, "first section must be"),
        (HEAD + OLD, "first section must be"),
        (HEAD + "## Unreleased\n\n### Added\n" + OLD, "nothing is listed"),
        (HEAD + "## Unreleased\n" + OLD, "nothing is listed"),
        (HEAD + NEW + "\n## 0.1.0\n\n- Undated.\n", "'## 0.1.0' is not"),
        (HEAD + NEW + "\n## 0.1.0 - 2026-11-01\n\n- A hyphen.\n", "is not '## 0.1.0 –"),
    ],
)
def test_a_changelog_that_does_not_fit_is_refused(changelog: str, message: str) -> None:
    with pytest.raises(ReleaseError, match=message):
        release_unreleased(changelog, "0.2.0", DAY)

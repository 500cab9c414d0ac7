"""The table of ASVS has every requirement once, a verdict for each, and names things that exist."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final, NamedTuple

from gts.tests.processes import ROOT

# Requirements of levels 1 and 2 in 5.0.0, by section.
NUM_REQUIREMENTS: Final = {
    **{"1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1},
    **{"3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4},
    **{"5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5},
    **{"6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2},
    **{"8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4},
    **{"10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4},
    **{"11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2},
    **{"13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1},
    **{"16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3},
}
NUM_OF_LEVEL_1: Final = 70
MET, NOT_MET, DOES_NOT_APPLY = "met", "not met", "does not apply"


class Row(NamedTuple):
    number: str
    level: int
    asks: str
    verdict: str
    where: str


def rows() -> list[Row]:
    found = []
    for line in TEXT.splitlines():
        if re.match(r"\| \d", line):
            number, level, *rest = line.strip("| ").split(" | ", 4)
            found.append(Row(number, int(level), *rest))
    return found


TEXT: Final = (ROOT / "docs" / "security-asvs.md").read_text()


def test_every_requirement_has_one_row_in_its_order() -> None:
    expected = [
        f"{section}.{number}"
        for section, num in NUM_REQUIREMENTS.items()
        for number in range(1, num + 1)
    ]
    assert [row.number for row in rows()] == expected
    assert sum(row.level == 1 for row in rows()) == NUM_OF_LEVEL_1
    assert {row.level for row in rows()} == {1, 2}


def test_every_row_has_a_verdict_and_a_reason() -> None:
    assert {row.verdict for row in rows()} == {MET, NOT_MET, DOES_NOT_APPLY}
    assert [row.number for row in rows() if not row.asks or len(row.where) < 4] == []


def test_the_counts_are_those_of_the_rows() -> None:
    for level in (1, 2):
        found = Counter(row.verdict for row in rows() if row.level == level)
        counts = f"{found[MET]} | {found[NOT_MET]} | {found[DOES_NOT_APPLY]}"
        assert f"| level {level} | {counts} |" in TEXT


def test_what_rows_name_exists() -> None:
    named = {path for row in rows() for path in re.findall(r"`(\w[\w.-]*/[\w./-]+)`", row.where)}
    assert len(named) > 80
    assert sorted(path for path in named if not (ROOT / path).exists()) == []

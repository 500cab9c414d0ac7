"""Words that ``docs/glossary.md`` does not use are used nowhere."""

from __future__ import annotations

import re
import subprocess
from typing import Final

import pytest

from gts.tests.processes import ROOT

GLOSSARY: Final = "docs/glossary.md"
# What happened is told in the words of its time; migrations and lock files are not ours to word.
_NOT_LOOKED_AT: Final = re.compile(
    r"^CHANGELOG\.md$|/migrations/|package-lock\.json$|^requirements.*\.txt$|/data/|/manifests/|^LICENSE$"
)
_TEXTS: Final = re.compile(r"\.(css|html|ini|js|json|md|mjs|py|sh|toml|ts|txt|yml)$")
# Words as people read them: also the parts of snake_case and camelCase.
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# Names of other programs' parameters, and of effects' parameters in stored chains.
_NAMES_OF_OTHERS: Final = re.compile(r"centre_(delay_ms|freq_hz|frequency_hz)")


def unused_words() -> dict[str, list[str]]:
    """Each word that is not used, with the beginnings of paths where it may be."""
    table = (ROOT / GLOSSARY).read_text().partition("| instead of |")[2]
    rows = [line.split("|")[1:4] for line in table.splitlines() if line.startswith("| ")]
    return {
        word.strip(): [path.strip() for path in paths.split(",") if path.strip()]
        for words, _, paths in rows
        if not words.strip().startswith("---")
        for word in words.split(",")
    }


def texts() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    return [
        path
        for path in listed
        if _TEXTS.search(path) and not _NOT_LOOKED_AT.search(path) and path != GLOSSARY
    ]


def found_in(text: str, words: frozenset[str]) -> set[str]:
    return {word.lower() for word in _WORD.findall(_NAMES_OF_OTHERS.sub("", text))} & words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("that nobody sees", {"nobody"}),
        ("def test_nobody_sees(laneColour: str)", {"nobody", "colour"}),
        ("LANE_COLOURS = 1", {"colours"}),
        ("recommend an impulse to the sealant; coloured", {"coloured"}),
        ('{"centre_delay_ms": 2.0}', set()),
    ],
)
def test_words_are_found_within_names(text: str, found: set[str]) -> None:
    assert found_in(text, frozenset(unused_words())) == found


def test_words_that_are_not_used_are_used_nowhere() -> None:
    unused = unused_words()
    assert {"nobody", "colour", "standin"} <= unused.keys()
    words = frozenset(unused)
    wrong = [
        f"{path}: {word}"
        for path in texts()
        if path != "gts/tests/test_glossary.py" and (ROOT / path).is_file()
        for word in sorted(found_in((ROOT / path).read_text(encoding="utf-8"), words))
        if not any(path.startswith(place) for place in unused[word])
    ]
    assert wrong == []

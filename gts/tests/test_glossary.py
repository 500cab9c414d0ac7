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


# What people read of a template: text, these attributes, and sentences that its tags hand on.
_TAGS: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")
_TITLES: Final = re.compile(
    r'\b(?:aria-label|alt|content|data-confirm|label|placeholder|title)="([^"]*)"'
)
_SENTENCES: Final = re.compile(r'"([^"\n]* [^"\n]*)"|`([^`\n]* [^`\n]*)`')
_COMMENTS: Final = re.compile(r"^\s*(?:#|//|/?\*).*$", re.MULTILINE)


def _table(heading: str) -> dict[str, list[str]]:
    """Each word of the first column under ``heading``, with those of the last."""
    text = (ROOT / GLOSSARY).read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:4] for line in text.splitlines() if line.startswith("| ")]
    return {
        word.strip(): [place.strip() for place in places.split(",") if place.strip()]
        for words, _, places in rows[1:]
        if not words.strip().startswith("---")
        for word in words.split(",")
    }


def unused_words() -> dict[str, list[str]]:
    """Each word that is not used, with the beginnings of paths where it may be."""
    return _table("Words that are not used")


def unused_on_pages() -> dict[str, list[str]]:
    """Each word that pages do not use, with the phrases in which they do."""
    return _table("Words that pages do not use")


def read_on_pages(path: str, text: str) -> str:
    """What of a file people may read on a page."""
    if not path.endswith(".html"):
        found = _SENTENCES.findall(_COMMENTS.sub("", text))
        return "\n".join(quoted or ticked for quoted, ticked in found)
    handed_on = [quoted for tag in _TAGS.findall(text) for quoted, _ in _SENTENCES.findall(tag)]
    plain = _TAGS.sub(" ", text)
    shown = re.sub(r"<[^>]*>", " ", plain)
    return "\n".join([*handed_on, *_TITLES.findall(plain), shown])


def found_on_page(text: str, words: dict[str, list[str]]) -> set[str]:
    found = set()
    for word, phrases in words.items():
        rest = text.lower()
        for phrase in phrases:
            rest = rest.replace(phrase, "")
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", rest):
            found.add(word)
    return found


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
        ("BoardBlock, data-lamp; keyboard, clamp", {"board", "lamp"}),
    ],
)
def test_words_are_found_within_names(text: str, found: set[str]) -> None:
    assert found_in(text, frozenset(unused_words())) == found


def test_words_that_are_not_used_are_used_nowhere() -> None:
    unused = unused_words()
    assert {"nobody", "colour", "standin", "board", "lamp"} <= unused.keys()
    words = frozenset(unused)
    wrong = [
        f"{path}: {word}"
        for path in texts()
        if path != "gts/tests/test_glossary.py" and (ROOT / path).is_file()
        for word in sorted(found_in((ROOT / path).read_text(encoding="utf-8"), words))
        if not any(path.startswith(place) for place in unused[word])
    ]
    assert wrong == []


def page_files() -> list[str]:
    return [
        path
        for path in texts()
        if re.search(
            r"^templates/.*\.html$|^static/js/.*\.js$|/pages/forms\.py$|/vocabulary/\w+\.py$", path
        )
    ]


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("a.html", "<b>The Papers</b>", {"the papers"}),
        ("a.html", '<p class="rigs" aria-label="Two rigs">', {"rigs"}),
        ("a.html", '{% include "a b.html" with prompt="A recording" %}', {"recording"}),
        ("a.html", "{{ montage.name }}{# montage #} <i>Different rig.</i> A full rig", set()),
        ("a.js", 'say("One recording"); performance.now(); // a rig', {"recording"}),
        ("a.js", "`Still ${n} rigs`; // a recording", {"rigs"}),
        ("a.py", 'label="Recording mode"', {"recording"}),
    ],
)
def test_words_are_found_in_what_people_read(path: str, text: str, found: set[str]) -> None:
    assert found_on_page(read_on_pages(path, text), unused_on_pages()) == found


def test_words_that_pages_do_not_use_are_on_none() -> None:
    unused = unused_on_pages()
    assert {"recording", "the papers", "apart by", "rigs"} <= unused.keys()
    files = page_files()
    assert {"templates/base.html", "static/js/null-test.js"} <= set(files)
    wrong = [
        f"{path}: {word}"
        for path in files
        if (ROOT / path).is_file()
        for word in sorted(
            found_on_page(read_on_pages(path, (ROOT / path).read_text(encoding="utf-8")), unused)
        )
    ]
    assert wrong == []

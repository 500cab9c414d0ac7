"""The documents name things that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
AT_THE_TOP = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
DOCUMENTS = [*AT_THE_TOP, *sorted((ROOT / "docs").rglob("*.md"))]
FOLDERS = ("accounts", "docs", "gear", "gts", "jobs", "shootouts", "static", "templates", "tools")
FILES = [str(path) for folder in FOLDERS for path in (ROOT / folder).rglob("*.*")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", document.read_text())
    local = [link for link in links if "://" not in link]
    missing = [link for link in local if not (document.parent / link).exists()]
    assert missing == []


def test_every_variable_of_tone_3000_is_explained() -> None:
    example = (ROOT / ".env.example").read_text()
    text = (ROOT / "docs" / "tone3000.md").read_text()
    named = set(re.findall(r"^#?(GTS_TO(?:NE3000|KEN)_[A-Z_]+)=", example, re.MULTILINE))
    assert named - set(re.findall(r"GTS_[A-Z0-9_]+", text)) == set()


def test_every_target_of_the_documents_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"`make ([a-z-]+)", document.read_text())
    }
    assert named - targets == set()
    assert {"run", "test", "check"} <= named


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_of_the_code_is_there(document: Path) -> None:
    named = set(
        re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|mjs|js|html|svg))`", document.read_text())
    )
    assert {name for name in named if not any(path.endswith(f"/{name}") for path in FILES)} == set()


_UNITS = {"": 1, "s": 1, "min": 60, "MiB": 1024**2, "GiB": 1024**3}
_NUMBER_BESIDE_A_VARIABLE = re.compile(r"`(GTS_[A-Z0-9_]+)`\s\((\d+)(?: (s|min|MiB|GiB))?\b")


def test_the_numbers_beside_variables_are_their_defaults() -> None:
    example = (ROOT / ".env.example").read_text()
    defaults = dict(re.findall(r"^#(GTS_[A-Z0-9_]+)=(\d+)$", example, re.MULTILINE))
    said = [
        (name, str(int(number) * _UNITS[unit]))
        for document in DOCUMENTS
        for name, number, unit in _NUMBER_BESIDE_A_VARIABLE.findall(document.read_text())
    ]
    assert len(said) > 25
    assert [(name, number) for name, number in said if defaults[name] != number] == []

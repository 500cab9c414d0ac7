"""The documents name things that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
AT_THE_TOP = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
DOCUMENTS = [*AT_THE_TOP, *sorted((ROOT / "docs").rglob("*.md"))]


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

"""Finds settings, templates, static files and names of pages that nothing uses any more."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(settings.BASE_DIR)
FOLDERS = ("accounts", "gear", "gts", "jobs", "shootouts", "static", "templates", "bin")
KINDS = (".py", ".html", ".js", ".css", ".svg", ".txt", "")
OURS = re.compile(r"^ *((?:GTS|JOB|LOG|IS)_[A-Z0-9_]+)\b(?:: [^=]+)? = ", re.MULTILINE)
# Of pages. Routes of the API and of health are known by their addresses.
NO_PAGES = ("api-", "health-")
# Django's admin takes these by their names; the video takes every font there is.
TAKEN_BY_NAME = ("templates/admin/", "static/fonts/")


@cache
def product() -> dict[str, str]:
    """Text by path, without tests."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    named = {str(path.relative_to(ROOT)): path for path in paths if path.suffix in KINDS}
    return {
        name: path.read_text(encoding="utf-8")
        for name, path in named.items()
        if "/tests/" not in name and not name.endswith("conftest.py")
    }


@cache
def words_of(name: str) -> set[str]:
    """``a/b.html`` whole and without its folder, ``settings.NAME`` whole and by its parts."""
    whole = set(re.findall(r"[\w-]+(?:[./][\w-]+)*", product()[name]))
    return whole | {part for word in whole for part in (word.rpartition("/")[2], *word.split("."))}


def unused(words: dict[str, str]) -> list[str]:
    """Those of ``words``, each with the file that has it, which no other file has."""
    return [
        word
        for word, own in words.items()
        if not any(word in words_of(name) for name in product() if name != own)
    ]


def test_every_setting_of_ours_is_read() -> None:
    path = "gts/settings.py"
    names = set(OURS.findall(product()[path]))
    read_there = {name for name in names if len(re.findall(rf"\b{name}\b", product()[path])) > 1}
    assert len(names) > 40
    assert unused(dict.fromkeys(sorted(names - read_there), path)) == []


def test_every_template_and_static_file_is_named() -> None:
    templates = {
        name.partition("templates/")[2]: name
        for name in product()
        if "templates/" in name and not name.startswith(TAKEN_BY_NAME)
    }
    static = {
        Path(name).name: name
        for name in product()
        if name.startswith("static/") and not name.startswith(TAKEN_BY_NAME)
    }
    assert len(templates) > 50
    assert len(static) > 20
    assert unused(templates) == []
    assert unused(static) == []


def page_names(resolver: URLResolver) -> set[str]:
    names: set[str] = set()
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            is_ours = (pattern.callback.__module__ or "").startswith(
                ("accounts", "gear", "gts", "jobs", "shootouts")
            )
            if is_ours and pattern.name and not pattern.name.startswith(NO_PAGES):
                names.add(pattern.name)
        elif not pattern.namespace:
            names |= page_names(pattern)
    return names


def test_every_page_is_named_where_something_leads_to_it() -> None:
    names = page_names(get_resolver())
    defined = {
        name: next(
            path
            for path, text in product().items()
            if path.endswith("urls.py") and f'name="{name}"' in text
        )
        for name in sorted(names)
    }
    assert len(names) > 50
    assert unused(defined) == []

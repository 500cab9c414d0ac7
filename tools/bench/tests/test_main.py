"""`python -m tools.bench` as a program."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gts.tests.processes import ROOT
from tools.bench.__main__ import NAMES

pytestmark = pytest.mark.processes


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.bench", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("name", NAMES)
def test_each_part_says_what_it_takes(name: str) -> None:
    done = run(name, "--help")
    assert done.returncode == 0
    assert f"python -m tools.bench {name}" in done.stdout


def test_another_name_is_refused() -> None:
    done = run("speed")
    assert done.returncode == 1
    assert "render | lists | seed | audition" in done.stderr

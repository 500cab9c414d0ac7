"""Clones to install in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.install.tests.clone import Clone, make_clone


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which GTS is installed already."""
    folder = tmp_path_factory.mktemp("install")
    made = make_clone(folder).make("setup")
    assert made.returncode == 0, made.stderr
    said = made.stdout.splitlines()
    assert said[0] == "Environment …"
    assert said[1].startswith("Environment     made in .venv, Python 3.")
    assert said[2] == "Packages …"
    assert said[3].startswith("Packages        1 installed in ")
    assert len(said) == 4
    assert made.stderr == ""
    return folder


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Nothing installed yet."""
    return make_clone(tmp_path)

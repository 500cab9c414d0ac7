"""A folder with the media that a good shootout file names."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the media that GOOD names. What is in them is not for the reader to judge."""
    folder = tmp_path / "pack"
    (folder / "irs").mkdir(parents=True)
    for name in ("riff.wav", "amp.nam", "irs/cab.wav"):
        (folder / name).write_text(name)
    (tmp_path / "secret.wav").write_text("not of the pack")
    return folder

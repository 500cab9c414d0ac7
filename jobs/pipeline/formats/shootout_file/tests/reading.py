"""A good shootout file, and what is said of one with a mistake in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.formats.shootout_file import ShootoutFile, read_shootout_file

GOOD = """
title = "Amps"
description = "Two of them."

[options]
order = "alternating"
slice_s = 3
target_loudness_lufs = -18.0
input_mode = "raw"
video = false
theme = "light"
align = false

[[di]]
file = "riff.wav"
guitar = "Solid body"
bpm = 120
input_level_dbu = 12.5

[[gear]]
id = "amp"
file = "amp.nam"
kind = "amp"
name = "Amp"
make = "Test"
creator = "alice"
licence = "CC0-1.0"

[[gear]]
id = "cab"
file = "irs/cab.wav"
kind = "cab"

[[chain]]
label = "Boosted"
[[chain.block]]
slot = "pre"
processor = "gain"
parameters = { gain_db = 6.0 }
[[chain.block]]
slot = "amp"
gear = "amp"
slim_size = 0.5
[[chain.block]]
slot = "cab"
gear = "cab"
gain_db = -3.0

[[chain]]
label = "Plain"
[[chain.block]]
slot = "amp"
gear = "amp"
[[chain.block]]
slot = "cab"
gear = "cab"
"""


def read(folder: Path, text: str) -> ShootoutFile:
    path = folder / "shootout.toml"
    path.write_text(text, encoding="utf-8")
    return read_shootout_file(path)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(PipelineError) as caught:
        read(folder, text)
    assert caught.value.code == "SHOOTOUT_FILE_INVALID"
    assert caught.value.is_permanent
    return caught.value.message


def changed(old: str, new: str) -> str:
    """GOOD with one mistake in it."""
    assert GOOD.count(old) >= 1
    return GOOD.replace(old, new, 1)

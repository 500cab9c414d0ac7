"""`make bench` runs and writes every figure that it promises; how high they are is not asserted."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from jobs.pipeline.signal.encode import write_wav_f32
from jobs.pipeline.step_times import STEPS
from jobs.pipeline.tests.signals import plucks
from shootouts.tests.factories import linear_nam_bytes
from tools.bench import render

TINY = """
title = "Tiny"
[options]
video = true
[[di]]
file = "di.wav"
name = "Riff"
[[gear]]
id = "rig"
file = "rig.nam"
kind = "full_rig"
[[chain]]
label = "One"
[[chain.block]]
slot = "amp"
gear = "rig"
[[chain]]
label = "Two"
[[chain.block]]
slot = "pre"
processor = "gain"
[[chain.block]]
slot = "amp"
gear = "rig"
"""


@pytest.mark.processes
def test_it_measures_tiny_material(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path / "data"
    (tmp_path / "tiny.toml").write_text(TINY)
    (tmp_path / "rig.nam").write_bytes(linear_nam_bytes())
    write_wav_f32(tmp_path / "di.wav", [plucks(0.6)], 48_000, 1)
    said = StringIO()
    call_command(
        render.Command(), "--divide", "60", "--demo", str(tmp_path / "tiny.toml"), stdout=said
    )
    figures = json.loads((tmp_path / "data" / "bench.json").read_text())
    for name in ("3x9", "demo"):
        path, engine = figures[f"{name}_path_x_realtime"], figures[f"{name}_engine_x_realtime"]
        assert path > 0.0
        assert engine > 0.0
        shares = [figures[f"{name}_{step}_pct"] for step in STEPS]
        assert sum(shares) <= 100.1
        assert (shares[-1] > 0.0) == (name == "demo")  # the video of the 3 × 9 takes minutes
    assert figures["plan_nam_passes_3x9"] == 3
    assert "× real time, 3 segments from DI to file, one thread" in said.getvalue()
    assert set(figures) == {line.split()[0] for line in said.getvalue().splitlines()[:-1]}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--divide", "0.5"], "must be 1 or more"),
        (["--divide", "nan"], "must be 1 or more"),
        (["--demo", "nowhere.toml"], "no file nowhere.toml"),
    ],
)
def test_it_says_what_is_wrong(words: list[str], error: str) -> None:
    with pytest.raises(CommandError, match=error):
        call_command(render.Command(), *words)

"""A part of a DI: exact to the frame, faded only where the cut is in a sound."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.measure.probe import probe_di
from jobs.pipeline.recipe import (
    DISource,
    NamBlock,
    SegmentRecipe,
    canonical_recipe,
    segment_recipe_from_json,
)
from jobs.pipeline.render.segment import render_segment
from jobs.pipeline.render.tests.inputs import Inputs
from jobs.pipeline.signal.decode import open_audio, trimmed_chunks
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.signal.trim import Trim
from jobs.pipeline.tests.signals import noise, plucks, silence


def played(path: Path, trim: Trim) -> FloatArray:
    return np.concatenate(list(trimmed_chunks(open_audio(path), trim)), axis=1)


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
def test_a_cut_is_exact_and_faded_over_5_ms(rate_hz: int, tmp_path: Path) -> None:
    signal = noise(3 * rate_hz, num_channels=2)
    soundfile.write(path := tmp_path / "a.wav", signal.T, rate_hz, subtype="FLOAT")
    part = played(path, Trim(0.5, 2.25))
    first, last = round(0.5 * rate_hz), round(2.25 * rate_hz)
    fade = round(0.005 * rate_hz)
    assert part.shape == (2, last - first)
    assert np.array_equal(part[:, fade:-fade], signal[:, first + fade : last - fade])
    gains = ((np.arange(fade) + 0.5) / fade).astype(np.float32)
    assert np.array_equal(part[:, :fade], signal[:, first : first + fade] * gains)
    assert np.array_equal(part[:, -fade:], signal[:, last - fade : last] * gains[::-1])
    # The ends of the file are no cuts.
    assert np.array_equal(played(path, Trim(0.0, 3.0)), signal)


@pytest.mark.parametrize("name", ["a.ogg", "a.mp3"])
def test_formats_that_cannot_be_sought_are_cut_at_the_same_frames(
    name: str, tmp_path: Path
) -> None:
    soundfile.write(path := tmp_path / name, plucks(3.0).T, 48_000)
    whole = np.concatenate(list(open_audio(path).chunks()), axis=1)
    part = played(path, Trim(0.5, 2.0))
    assert part.shape == (1, 72_000)
    assert np.array_equal(part[:, 240:-240], whole[:, 24_240 : 96_000 - 240])


def test_a_cut_at_silence_renders_what_the_short_file_renders(
    inputs: Inputs, tmp_path: Path
) -> None:
    riff = np.concatenate([silence(0.01), plucks(), silence(0.01)], axis=1)
    short = inputs.sound(riff)
    long = inputs.sound(np.concatenate([silence(3.0), riff, silence(2.0)], axis=1))
    amp = (NamBlock(inputs.capture([0.5, 0.3], bias=0.2)),)
    seconds = riff.shape[1] / 48_000
    one = render_segment(SegmentRecipe(DISource(short), amp), inputs.paths, tmp_path / "1.wav")
    two = render_segment(
        SegmentRecipe(DISource(long, start_s=3.0, end_s=3.0 + seconds), amp),
        inputs.paths,
        tmp_path / "2.wav",
    )
    assert two.staging == one.staging
    a, b = (soundfile.read(tmp_path / name, dtype="float32")[0] for name in ("1.wav", "2.wav"))
    assert np.array_equal(a, b)


@pytest.mark.parametrize(
    "trim", [Trim(2.0), Trim(1.0, 0.5), Trim(0.0, 3.0), Trim(1.0, 1.2), Trim(-1.0)]
)
def test_what_is_no_part_is_refused(trim: Trim, tmp_path: Path) -> None:
    soundfile.write(path := tmp_path / "a.wav", noise(96_000).T, 48_000, subtype="FLOAT")
    with pytest.raises(PipelineError, match="DI_TRIM_INVALID"):
        probe_di(path, trim=trim)


def test_recipes_from_before_there_was_a_trim_play_all_of_the_di() -> None:
    old = {
        "schema_version": 2,
        "di": {"sha256": "0" * 64, "channel_rule": "mix", "input_level_dbu": None},
        "blocks": [],
        "input_mode": "auto",
        "is_aligned": True,
    }
    recipe = segment_recipe_from_json(old)
    assert recipe == SegmentRecipe(DISource("0" * 64), ())
    assert segment_recipe_from_json(json.loads(canonical_recipe(recipe))) == recipe

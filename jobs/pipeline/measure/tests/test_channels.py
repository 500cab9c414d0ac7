"""The guitar reaches the amp as loud as its mono original, wherever it is in a stereo file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.measure.channels import mono_chunks
from jobs.pipeline.measure.probe import probe_di
from jobs.pipeline.recipe import DISource, NamBlock, SegmentRecipe
from jobs.pipeline.render.segment import render_segment
from jobs.pipeline.render.tests.inputs import Inputs
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.encode import write_wav_f32
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.tests.signals import noise, plucks

GUITAR = plucks()


def saved(tmp_path: Path, *channels: FloatArray) -> Path:
    path = tmp_path / "di.wav"
    write_wav_f32(path, [np.concatenate(channels)], 48_000, len(channels))
    return path


def level_dbfs(signal: FloatArray) -> float:
    return float(10.0 * np.log10(np.square(signal, dtype=np.float64).mean()))


@pytest.mark.parametrize(
    ("make", "layout", "rule"),
    [
        (lambda x: (x,), "mono", "mix"),
        (lambda x: (x, x), "identical", "mix"),
        (lambda x: (x, 0 * x), "left_only", "left"),
        (lambda x: (0 * x, x), "right_only", "right"),
        (lambda x: (x, 0.001 * x), "left_only", "left"),
        (lambda x: (noise(x.shape[1], level=1e-4), x), "right_only", "right"),
        (lambda x: (x, -x), "out_of_phase", "left"),
        (lambda x: (-0.5 * x, x), "out_of_phase", "right"),
    ],
)
def test_the_amp_gets_the_level_of_the_mono_original(
    make: Callable[[FloatArray], tuple[FloatArray, ...]], layout: str, rule: str, tmp_path: Path
) -> None:
    path = saved(tmp_path, *make(GUITAR))
    probe = probe_di(path)
    assert (probe.channels.layout, probe.channel_rule) == (layout, rule)
    sound = np.concatenate(list(mono_chunks(open_audio(path), probe.channel_rule)), axis=1)
    assert level_dbfs(sound) == pytest.approx(level_dbfs(GUITAR), abs=0.1)
    mono_dbfs = probe_di(saved(tmp_path, GUITAR)).rms_dbfs
    assert probe.rms_dbfs == pytest.approx(mono_dbfs, abs=0.1)
    assert bool(probe.warnings) == (layout not in ("mono", "identical"))


def test_channels_that_differ_are_mixed_and_the_cost_is_told(tmp_path: Path) -> None:
    late = np.concatenate([np.zeros((1, 48), np.float32), GUITAR[:, :-48]], axis=1)
    path = saved(tmp_path, GUITAR, late)
    probe = probe_di(path)
    assert (probe.channels.layout, probe.channel_rule) == ("different", "mix")
    lost_db = probe.channels.louder_dbfs() - probe.rms_dbfs
    assert lost_db > 0.05
    assert f"{lost_db:.1f} dB quieter" in probe.warnings[0]
    for choice in ("left", "right"):
        chosen = probe_di(path, channel_rule=choice)
        assert chosen.channel_rule == choice
        assert chosen.warnings == (
            f"The two channels of the DI differ; the {choice} one was used.",
        )


def test_a_choice_that_costs_level_is_told(tmp_path: Path) -> None:
    path = saved(tmp_path, GUITAR, 0.001 * GUITAR)
    assert "6.0 dB quieter" in probe_di(path, channel_rule="mix").warnings[0]
    with pytest.raises(PipelineError, match="DI_SILENT"):
        probe_di(saved(tmp_path, GUITAR, 0 * GUITAR), channel_rule="right")


def test_a_render_says_what_was_done(inputs: Inputs, tmp_path: Path) -> None:
    source = inputs.sound(np.concatenate([GUITAR, 0 * GUITAR]))
    recipe = SegmentRecipe(DISource(source, channel_rule="left"), (NamBlock(inputs.capture()),))
    render = render_segment(recipe, inputs.paths, tmp_path / "out.wav")
    assert render.warnings == (
        "The sound of the DI is on the left channel only; the other was left out.",
    )

"""Effects within whole chains: places, tails, two channels, swings in step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from jobs.pipeline.effects.blocks import BLOCK_TYPES
from jobs.pipeline.effects.tests.test_blocks import AUDIBLE
from jobs.pipeline.measure.loudness import measure_file
from jobs.pipeline.recipe import (
    BlockRecipe,
    CabBlock,
    DISource,
    NamBlock,
    ProcessorBlock,
    SegmentRecipe,
)
from jobs.pipeline.render.publishing import publish_segment, write_montage
from jobs.pipeline.render.segment import SegmentRender, render_segment
from jobs.pipeline.render.tests.inputs import Inputs
from jobs.pipeline.render.tests.test_cab import cabinet
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.tests.signals import level_db, noise, plucks
from jobs.pipeline.video.timeline import TimelineSegment, build_timeline

REVERB = ProcessorBlock("reverb", {"mix_pct": 50.0})


def render(
    inputs: Inputs, out: Path, *blocks: BlockRecipe, di: FloatArray | None = None
) -> tuple[SegmentRender, FloatArray]:
    source = DISource(inputs.sound(plucks() if di is None else di))
    result = render_segment(SegmentRecipe(source, blocks, "raw"), inputs.paths, out)
    samples, _ = soundfile.read(out, dtype="float32", always_2d=True)
    return result, samples.T


@pytest.mark.parametrize("name", list(BLOCK_TYPES))
def test_bypass_is_as_if_the_block_were_not_there(
    inputs: Inputs, tmp_path: Path, name: str
) -> None:
    amp = NamBlock(inputs.capture())
    out = tmp_path / "segment.wav"
    _, without = render(inputs, out, amp)
    settings = AUDIBLE.get(name, {})
    _, bypassed = render(inputs, out, amp, ProcessorBlock(name, {**settings, "bypass": True}))
    _, switched_on = render(inputs, out, amp, ProcessorBlock(name, settings))
    assert np.array_equal(bypassed, without)
    num_frames = min(switched_on.shape[1], without.shape[1])
    assert not np.allclose(switched_on[:1, :num_frames], without[:, :num_frames], atol=1e-3)


def test_a_delay_at_the_end_sounds_on_behind_the_di(inputs: Inputs, tmp_path: Path) -> None:
    di = noise(24_000)
    delay = ProcessorBlock("delay", {"time_ms": 500.0, "feedback_pct": 50.0, "mix_pct": 50.0})
    result, wet = render(inputs, tmp_path / "out.wav", NamBlock(inputs.capture()), delay, di=di)
    assert result.num_frames == pytest.approx(5 * 48_000 - 24_000, abs=24_000)
    dry_db = level_db(wet[:, 4_800:24_000])
    for echo in range(1, 8):
        level = level_db(wet[:, echo * 24_000 + 4_800 : (echo + 1) * 24_000])
        assert level == pytest.approx(dry_db - 6.02 * (echo - 1), abs=0.2)
    # No longer than four seconds behind the DI.
    assert result.num_frames <= 24_000 + 4 * 48_000


def test_an_effect_in_the_loop_sounds_between_amp_and_cab(inputs: Inputs, tmp_path: Path) -> None:
    """The amp is a constant step after which a limiter acts; the cab's gain comes behind it."""
    amp, cab = (
        NamBlock(inputs.capture([4.0])),
        CabBlock.of(inputs.sound(cabinet(seed=1)), gain_db=12.0),
    )
    limiter = ProcessorBlock("limiter", {"threshold_db": -12.0})
    _, in_loop = render(inputs, tmp_path / "loop.wav", amp, limiter, cab)
    _, in_post = render(inputs, tmp_path / "post.wav", amp, cab, limiter)
    ceiling = 10.0 ** (-12.0 / 20.0)
    assert np.abs(in_post).max() <= 1.1 * ceiling  # the DC blocker moves peaks a little
    assert np.abs(in_loop).max() > 1.5 * ceiling


def test_a_reverb_behind_the_cabinet_makes_two_channels(inputs: Inputs, tmp_path: Path) -> None:
    amp, cab = NamBlock(inputs.capture()), CabBlock.of(inputs.sound(cabinet(seed=1)))
    out = tmp_path / "segment.wav"
    stereo, wet = render(inputs, out, amp, cab, REVERB)
    assert stereo.num_channels == wet.shape[0] == 2
    assert np.corrcoef(wet[0], wet[1])[0, 1] < 0.95
    measured = measure_file(out)
    assert stereo.loudness.integrated_lufs == pytest.approx(measured.integrated_lufs, abs=0.01)
    one_channel: tuple[tuple[BlockRecipe, ...], ...] = (
        (amp, REVERB, cab),
        (amp, cab, ProcessorBlock("reverb", {"width_pct": 0.0})),
        (amp, cab, ProcessorBlock("reverb", {"bypass": True})),
    )
    for blocks in one_channel:
        mono, _ = render(inputs, out, *blocks)
        assert mono.num_channels == 1


def test_two_equal_channels_are_as_loud_as_one(inputs: Inputs, tmp_path: Path) -> None:
    """One channel is measured as it is delivered, on both sides."""
    amp = NamBlock(inputs.capture())
    mono, _ = render(inputs, tmp_path / "mono.wav", amp)
    almost_dry = ProcessorBlock("reverb", {"mix_pct": 0.001})
    stereo, _ = render(inputs, tmp_path / "stereo.wav", amp, almost_dry)
    assert (mono.num_channels, stereo.num_channels) == (1, 2)
    assert stereo.loudness.integrated_lufs == pytest.approx(mono.loudness.integrated_lufs, abs=0.02)


def test_what_follows_a_stereo_block_hears_both_channels(inputs: Inputs, tmp_path: Path) -> None:
    """A capture there is two units; one that doubles makes both channels 6 dB louder."""
    amp, rig = NamBlock(inputs.capture()), NamBlock(inputs.capture([2.0]))
    out = tmp_path / "segment.wav"
    _, wet = render(inputs, out, amp, REVERB)
    followers: list[BlockRecipe] = [ProcessorBlock(name) for name in BLOCK_TYPES]
    for block in (rig, *followers):
        result, after = render(inputs, out, amp, REVERB, block)
        assert result.num_channels == 2
        assert np.abs(after[0] - after[1]).max() > 1e-3
        if block is rig:
            num_frames = min(wet.shape[1], after.shape[1])
            assert np.abs(after[:, :num_frames] - 2.0 * wet[:, :num_frames]).max() < 1e-4


def test_stereo_segments_are_published_and_joined_with_mono_ones(
    inputs: Inputs, tmp_path: Path
) -> None:
    amp = NamBlock(inputs.capture())
    published = {}
    segments = []
    for contender, blocks in enumerate([(amp,), (amp, REVERB)]):
        wav, flac = tmp_path / f"{contender}.wav", tmp_path / f"{contender}.flac"
        result, _ = render(inputs, wav, *blocks)
        publish_segment(wav, -3.0, flac)
        assert soundfile.info(flac).channels == result.num_channels == contender + 1
        published[(contender, 0)] = flac
        segments.append(TimelineSegment(contender, 0, result.num_frames))
    timeline = build_timeline(segments, "sequential")
    write_montage(timeline, published, tmp_path / "montage.flac")
    montage, _ = soundfile.read(tmp_path / "montage.flac", always_2d=True)
    for entry in timeline.entries:
        left, right = montage[entry.start_frame : entry.end_frame].T
        assert np.array_equal(left, right) == (entry.contender_index == 0)


@pytest.mark.parametrize("name", ["chorus", "phaser", "flanger"])
def test_swings_of_all_contenders_stand_at_the_same_point(
    inputs: Inputs, tmp_path: Path, name: str
) -> None:
    """Also where one has an amp with a longer memory, and the other more to ring behind it."""
    swinging = ProcessorBlock(name, {"rate_hz": 0.3, "depth_pct": 80.0, "mix_pct": 100.0})
    short, long = (NamBlock(inputs.capture([1.0] + [0.0] * n)) for n in (0, 40_000))
    _, first = render(inputs, tmp_path / "first.wav", short, swinging)
    _, second = render(
        inputs, tmp_path / "second.wav", long, swinging, ProcessorBlock("gain", {"gain_db": 0.0})
    )
    num_frames = min(first.shape[1], second.shape[1])
    assert np.abs(first[:, :num_frames] - second[:, :num_frames]).max() < 1e-4

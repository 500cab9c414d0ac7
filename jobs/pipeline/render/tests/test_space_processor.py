"""Spaces by physics: impulses give the response, sides stay apart, blocks are nothing."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.render.space import SpaceProcessor, SpaceResponse, load_space
from jobs.pipeline.render.tests.inputs import Inputs
from jobs.pipeline.render.tests.test_space_file import hall
from jobs.pipeline.signal.convolution import UNIT_FRAMES, PartitionedConvolution
from jobs.pipeline.signal.samples import FloatArray, resample
from jobs.pipeline.tests.signals import cut, level_db, noise, plucks, silence

RATE_HZ = 48_000


def response(inputs: Inputs, *channels: FloatArray, rate: int = RATE_HZ) -> SpaceResponse:
    taps = np.stack(channels).astype(np.float32)
    return load_space(inputs.paths[inputs.sound(taps, rate)], RATE_HZ)


def halls(num_channels: int, duration_s: float = 0.8) -> list[FloatArray]:
    return [hall(duration_s, 0.4, seed).astype(np.float32) for seed in range(1, num_channels + 1)]


def play(
    space: SpaceResponse, signal: FloatArray, mix_pct: float = 100.0, chunk_frames: int = 65_536
) -> FloatArray:
    """With a second of silence behind it, as the renderer gives."""
    padded = np.concatenate([signal, silence(1.0, num_channels=len(signal))], axis=1)
    processor = SpaceProcessor(space, len(signal), mix_pct)
    parts = [processor.process(chunk) for chunk in cut(padded, chunk_frames)]
    out = np.concatenate([*parts, processor.finish()], axis=1)
    assert out.shape == padded.shape
    return out


def impulse(channel: int = 0, num_channels: int = 1, at: int = 1000) -> FloatArray:
    signal = silence(0.5, num_channels=num_channels)
    signal[channel, at] = 1.0
    return signal


def assert_is(out: FloatArray, expected: FloatArray) -> None:
    assert np.abs(out - expected).max() < 2e-7 * max(1.0, float(np.abs(expected).max()))


@pytest.mark.parametrize("num_parts", [1, 2, 3])
def test_an_impulse_gives_the_response(inputs: Inputs, num_parts: int) -> None:
    taps = hall(num_parts * UNIT_FRAMES / RATE_HZ - 0.01, 0.4).astype(np.float32)
    space = response(inputs, taps)
    assert not space.is_stereo
    out = play(space, impulse())[0]
    assert_is(out[1000 : 1000 + space.taps.shape[1]], space.taps[0])
    assert not out[:1000].any()
    assert not out[1000 + space.taps.shape[1] :].any()


def test_it_is_the_textbooks_convolution(inputs: Inputs) -> None:
    space, dry = response(inputs, *halls(1)), plucks(1.5)
    expected = np.convolve(dry[0].astype(np.float64), space.taps[0])
    out = play(space, dry)[0]
    assert np.abs(out[: len(expected)] - expected[: len(out)]).max() < 1e-6


def test_of_two_channels_each_hears_its_own(inputs: Inputs) -> None:
    space = response(inputs, *halls(2))
    for side in (0, 1):
        out = play(space, impulse(side, 2))
        assert_is(out[side, 1000 : 1000 + space.taps.shape[1]], space.taps[side])
        assert not out[1 - side].any()


def test_of_true_stereo_the_left_feeds_its_two_ways_and_no_other(inputs: Inputs) -> None:
    space = response(inputs, *halls(4))
    length = space.taps.shape[1]
    for side, ways in ((0, (0, 1)), (1, (2, 3))):
        out = play(space, impulse(side, 2))
        for target, way in enumerate(ways):
            assert_is(out[target, 1000 : 1000 + length], space.taps[way])
    both = play(space, impulse(0, 2) + impulse(1, 2))
    assert_is(both[0, 1000 : 1000 + length], space.taps[0] + space.taps[2])
    assert_is(both[1, 1000 : 1000 + length], space.taps[1] + space.taps[3])


def test_one_channel_is_heard_alike_by_both(inputs: Inputs) -> None:
    space = response(inputs, *halls(1))
    two = noise(30_000, num_channels=2)
    out = play(space, two)
    for channel in (0, 1):
        assert np.array_equal(out[channel : channel + 1], play(space, two[channel : channel + 1]))


@pytest.mark.parametrize("num_channels", [1, 4])
@pytest.mark.parametrize("chunk_frames", [511, 16_384, 40_001])
@pytest.mark.parametrize("mix_pct", [30.0, 100.0])
def test_chunks_of_any_length_give_the_same_bits(
    inputs: Inputs, num_channels: int, chunk_frames: int, mix_pct: float
) -> None:
    space = response(inputs, *halls(num_channels), rate=44_100)  # with frames ahead of time zero
    assert space.lead_frames > 0
    dry = np.repeat(plucks(1.2), min(num_channels, 2), axis=0)
    whole = play(space, dry, mix_pct)
    assert np.array_equal(play(space, dry, mix_pct, chunk_frames), whole)


def test_single_frames_give_the_same_bits(inputs: Inputs) -> None:
    space, dry = response(inputs, *halls(1, 0.4)), plucks(0.05)
    processor = SpaceProcessor(space, 1, 40.0)
    parts = [processor.process(chunk) for chunk in cut(dry, 1)]
    out = np.concatenate([*parts, processor.finish()], axis=1)
    assert np.array_equal(out, play(space, dry, 40.0)[:, : dry.shape[1]])


def test_dry_and_wet_add_up_linearly_and_in_step(inputs: Inputs) -> None:
    space, dry = response(inputs, *halls(1), rate=96_000), plucks(1.0)
    wet = play(space, dry, 100.0)
    padded = np.concatenate([dry, silence(1.0)], axis=1)
    for mix_pct in (1.0, 25.0, 50.0, 99.0):
        w = np.float32(mix_pct / 100.0)
        expected = np.float32(1.0 - mix_pct / 100.0) * padded + w * wet
        assert np.array_equal(play(space, dry, mix_pct), expected)


def test_it_is_linear(inputs: Inputs) -> None:
    space = response(inputs, *halls(4))
    a, b = (noise(40_000, num_channels=2, seed=seed) for seed in (5, 6))
    together = play(space, a + 2.0 * b, 35.0)
    apart = play(space, a, 35.0) + 2.0 * play(space, b, 35.0)
    assert level_db(together - apart) < level_db(together) - 120.0


@pytest.mark.parametrize("num_channels", [1, 2, 4])
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("level", [1.0, 0.01])
def test_noise_comes_out_as_loud_as_it_went_in(
    inputs: Inputs, num_channels: int, rate: int, level: float
) -> None:
    taps = [level * hall(0.8, 0.4, seed, rate).astype(np.float32) for seed in range(num_channels)]
    space = response(inputs, *taps, rate=rate)
    dry = noise(10 * RATE_HZ, num_channels=min(num_channels, 2))
    out = play(space, dry)[:, RATE_HZ : dry.shape[1]]
    assert level_db(out) == pytest.approx(level_db(dry), abs=0.2)


def test_a_file_at_another_rate_is_the_same_room(inputs: Inputs) -> None:
    """Band-limited, so that every rate holds all of it; on the sample, without a shift."""
    late = np.concatenate([np.zeros(960), hall(0.5, 0.3)])[np.newaxis].astype(np.float32)
    taps = resample(resample(late, RATE_HZ, 24_000), 24_000, RATE_HZ)
    dry = plucks(1.0)
    outs = []
    for rate in (RATE_HZ, 96_000):
        space = response(inputs, *resample(taps, RATE_HZ, rate), rate=rate)
        outs.append(play(space, dry))
    assert level_db(outs[0] - outs[1]) < level_db(outs[0]) - 80.0


def test_what_cannot_be_heard_at_all_is_refused(inputs: Inputs) -> None:
    """A file may hold what lies above the rate that is heard, and nothing else."""
    time_s = np.arange(9_600) / 192_000
    window = np.hanning(9_600)
    taps = (0.9 * window * np.sin(2 * np.pi * 60_000 * time_s)).astype(np.float32)
    with pytest.raises(PipelineError, match="can be heard"):
        response(inputs, taps, rate=192_000)


def test_memory_is_that_of_the_response_whatever_the_length(inputs: Inputs) -> None:
    space = response(inputs, *halls(4, 4.0))
    paths = space.paths(2)
    unit = noise(UNIT_FRAMES, num_channels=2)
    convolution = PartitionedConvolution(paths, 2)
    convolution.process(unit)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(12):
            convolution.process(unit)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100_000
    assert peak - before < 4_000_000


def test_where_a_chain_has_one_channel_the_middle_of_the_room_is_heard(inputs: Inputs) -> None:
    space = response(inputs, *halls(4))
    out = play(space, impulse())[0]
    assert_is(out[1000 : 1000 + space.taps.shape[1]], space.taps.sum(axis=0) / 2)

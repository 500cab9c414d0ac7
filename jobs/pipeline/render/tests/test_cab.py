"""Cabinets by physics: impulses pass, padding is nothing, levels do not jump."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from jobs.pipeline.render.cab import (
    CabProcessor,
    ImpulseResponse,
    load_impulse_response,
    load_unscaled_impulse_response,
)
from jobs.pipeline.render.tests.inputs import Inputs
from jobs.pipeline.signal.samples import FloatArray, db_to_gain, resample
from jobs.pipeline.tests.signals import cut, level_db, noise, plucks, silence

RATE_HZ = 48_000


def cabinet(seed: int, *, level: float = 0.3, num_frames: int = 2400, delay: int = 5) -> FloatArray:
    """Something like an impulse response: decaying noise after a short delay."""
    decay = np.exp(-np.arange(num_frames) / 250.0).astype(np.float32)
    taps = noise(num_frames, level=level, seed=seed) * decay
    return np.concatenate([np.zeros((1, delay), np.float32), taps], axis=1)


def load(inputs: Inputs, taps: FloatArray, file_rate: int, rate: int = RATE_HZ) -> ImpulseResponse:
    return load_impulse_response(inputs.paths[inputs.sound(taps, file_rate)], rate)


def play(
    response: ImpulseResponse, signal: FloatArray, chunk_frames: int = 16_384, gain_db: float = 0.0
) -> FloatArray:
    louder = dataclasses.replace(response, taps=response.taps * db_to_gain(gain_db))
    processor = CabProcessor(louder, signal.shape[0])
    parts = [processor.process(chunk) for chunk in cut(signal, chunk_frames)]
    return np.concatenate([*parts, processor.finish()], axis=1)


@pytest.mark.parametrize("level", [1.0, 0.25])
@pytest.mark.parametrize("gain_db", [0.0, -6.0])
def test_a_unit_impulse_passes_to_the_bit_but_for_the_gain(
    inputs: Inputs, level: float, gain_db: float
) -> None:
    impulse = silence(0.01)
    impulse[0, 0] = level
    response = load(inputs, impulse, RATE_HZ)
    dry = plucks() + noise(96_000, level=1e-6)

    wet = play(response, dry, gain_db=gain_db)

    assert response.scaling_db == pytest.approx(-20.0 * np.log10(level), abs=1e-12)
    assert np.array_equal(wet, (dry.astype(np.float64) * db_to_gain(gain_db)).astype(np.float32))


def test_an_impulse_gives_the_response_to_the_bit(inputs: Inputs) -> None:
    taps = cabinet(1)
    response = load_unscaled_impulse_response(inputs.paths[inputs.sound(taps)], RATE_HZ)
    impulse = silence(0.5)
    impulse[0, 1000] = 1.0
    wet = play(response, impulse)
    assert np.array_equal(wet[:, 1000 : 1000 + taps.shape[1]], taps)
    assert not wet[:, :1000].any()
    assert not wet[:, 1000 + taps.shape[1] :].any()


def test_convolution_is_the_textbooks_and_keeps_the_tail(inputs: Inputs) -> None:
    response = load(inputs, cabinet(2), RATE_HZ)
    dry = plucks(1.0)
    wet = play(response, dry)
    expected = np.convolve(dry[0].astype(np.float64), response.taps)
    assert wet.shape[1] == dry.shape[1] + len(response.taps) - 1
    assert response.tail_s == pytest.approx((len(response.taps) - 1) / RATE_HZ)
    assert np.abs(wet[0] - expected).max() < 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize("chunk_frames", [1, 64, 511, 4096])
def test_chunk_size_changes_nothing(inputs: Inputs, chunk_frames: int) -> None:
    response = load(inputs, cabinet(3), 44_100)
    dry = noise(5_000, num_channels=2)
    assert np.array_equal(play(response, dry, chunk_frames), play(response, dry, 5_000))


def test_silence_after_a_response_changes_nothing(inputs: Inputs) -> None:
    taps = cabinet(4)
    padded = np.concatenate([taps, silence(1.5), noise(5, level=1e-6)], axis=1)
    short, long = load(inputs, taps, RATE_HZ), load(inputs, padded, RATE_HZ)
    assert long.source_num_frames > short.source_num_frames
    assert np.array_equal(short.taps, long.taps)
    assert short.scaling_db == long.scaling_db


def test_swapping_responses_does_not_jump_in_level(inputs: Inputs) -> None:
    dry = noise(96_000)
    levels = [
        level_db(play(load(inputs, cabinet(seed, level=level, num_frames=length), rate), dry))
        for seed, level, length, rate in [
            (1, 0.9, 4_000, 48_000),
            (2, 0.001, 500, 48_000),
            (3, 0.1, 8_000, 96_000),
        ]
    ]
    # A response at 96 kHz has half of its energy where this noise has none.
    assert levels[:2] == pytest.approx([level_db(dry)] * 2, abs=0.3)
    assert levels[2] == pytest.approx(level_db(dry) - 3.0, abs=1.0)


def band_limited(rate: int) -> FloatArray:
    """The same response at any rate: a burst at 3 kHz under a bell, around 10 ms."""
    time_s = np.arange(int(0.03 * rate)) / rate - 0.01
    burst = np.exp(-((time_s / 0.0005) ** 2)) * np.sin(2 * np.pi * 3000 * time_s)
    return burst[np.newaxis].astype(np.float32)


@pytest.mark.parametrize("file_rate", [44_100, 96_000])
def test_a_response_sounds_the_same_from_a_file_at_another_rate(
    inputs: Inputs, file_rate: int
) -> None:
    dry = resample(noise(44_100), 44_100, 48_000)
    at_48000 = play(load(inputs, band_limited(48_000), 48_000), dry)
    other = play(load(inputs, band_limited(file_rate), file_rate), dry)
    length = min(at_48000.shape[1], other.shape[1])
    difference = at_48000[:, :length] - other[:, :length]
    assert level_db(difference) < level_db(at_48000) - 60.0


def test_a_response_that_begins_with_its_peak_survives_another_rate(inputs: Inputs) -> None:
    impulse = silence(0.01, sample_rate_hz=44_100)
    impulse[0, 0] = 1.0
    response = load_unscaled_impulse_response(inputs.paths[inputs.sound(impulse, 44_100)], RATE_HZ)
    dry = plucks(1.0)
    wet = play(response, dry)[:, : dry.shape[1]]
    assert response.lead_frames > 10
    assert level_db(wet - dry) < level_db(dry) - 80.0

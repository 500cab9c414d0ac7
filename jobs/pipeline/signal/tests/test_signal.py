"""Changing the rate: no lag, the right length, the same samples however the stream is cut."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.pipeline.signal.samples import Resampler, WaveformOutline, resample
from jobs.pipeline.tests.signals import cut, level_db, noise, plucks, silence, sine


@pytest.mark.parametrize(
    ("from_hz", "to_hz"), [(44_100, 48_000), (48_000, 44_100), (96_000, 48_000)]
)
@pytest.mark.parametrize("chunk_frames", [1, 64, 511, 20_000])
def test_resampling_does_not_depend_on_chunks(from_hz: int, to_hz: int, chunk_frames: int) -> None:
    signal = noise(3_001, num_channels=2)
    resampler = Resampler(from_hz, to_hz, 2)
    parts = [resampler.process(chunk) for chunk in cut(signal, chunk_frames)]
    pieces = np.concatenate([*parts, resampler.finish()], axis=1)

    assert pieces.shape == (2, int(3_001 * to_hz / from_hz + 0.5))
    assert pieces.dtype == np.float32
    assert np.array_equal(pieces, resample(signal, from_hz, to_hz))


def test_a_resampled_tone_is_in_step() -> None:
    expected = sine(-6.0, 2.0, frequency_hz=997.0)
    tone = resample(sine(-6.0, 2.0, frequency_hz=997.0, sample_rate_hz=44_100), 44_100, 48_000)
    inside = slice(4_800, -4_800)
    assert level_db((tone - expected)[:, inside]) < -120.0


def test_the_same_rate_changes_nothing() -> None:
    signal = noise(100)
    assert resample(signal, 48_000, 48_000) is signal


@pytest.mark.parametrize("chunk_frames", [1, 63, 1000, 96_000])
def test_outline_keeps_every_peak(chunk_frames: int) -> None:
    signal = plucks()
    signal[0, 77_777] = -0.9
    outline = WaveformOutline()
    for chunk in cut(signal, chunk_frames):
        outline.add(chunk)
    columns = outline.columns(500)

    assert len(columns) == 500
    assert max(columns) == columns[77_777 * 500 // 96_000] == 0.9
    assert np.abs(signal[:, :192]).max() == pytest.approx(columns[0], abs=1e-4)


def test_outline_of_little_and_of_nothing() -> None:
    outline = WaveformOutline()
    assert outline.columns() == ()
    outline.add(silence(0.001) + np.float32(0.25))
    assert outline.columns() == (0.25,)

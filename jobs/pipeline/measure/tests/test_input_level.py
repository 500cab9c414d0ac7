"""The level of a DI does not depend on where the file was cut, nor on a DC offset."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from jobs.pipeline.measure.channels import InputLevelMeter
from jobs.pipeline.signal.samples import OUTPUT_SAMPLE_RATE_HZ as RATE_HZ
from jobs.pipeline.signal.samples import resample
from jobs.pipeline.tests.signals import sine

LEAD_FRAMES = 24_000


def riff() -> NDArray[np.float32]:
    """Four plucked notes, half a second of silence before and after: 5 s."""
    time_s = np.arange(4 * RATE_HZ) / RATE_HZ
    sound = np.zeros(len(time_s))
    for start_s, pitch_hz in ((0.0, 110.0), (0.9, 146.8), (1.7, 165.0), (2.5, 82.5)):
        since_s = time_s - start_s
        for order in range(1, 12):
            wave = np.exp(-since_s * (1.2 + 0.6 * order)) * np.sin(
                2 * np.pi * pitch_hz * order * since_s
            )
            sound += np.where(since_s >= 0.0, wave, 0.0) / order
    silence = np.zeros(LEAD_FRAMES)
    return np.concatenate([silence, 0.3 * sound / np.abs(sound).max(), silence]).astype(np.float32)


RIFF = riff()


def level_dbfs(samples: NDArray[np.float32], rate_hz: int = RATE_HZ, chunk: int = 65_536) -> float:
    meter = InputLevelMeter(rate_hz)
    for start in range(0, len(samples), chunk):
        meter.push(samples[np.newaxis, start : start + chunk])
    meter.finish()
    return float(10.0 * np.log10(meter.power()))


LEVEL_DBFS = level_dbfs(RIFF)


padding = st.integers(-LEAD_FRAMES, 20 * RATE_HZ)  # below zero: cut off


@settings(max_examples=200, deadline=None)
@given(
    lead=padding, trail=padding, dc_recorded=st.floats(-0.05, 0.05), dc_after=st.floats(-0.5, 0.5)
)
def test_padding_trimming_and_dc_leave_the_level(
    lead: int, trail: int, dc_recorded: float, dc_after: float
) -> None:
    sound = RIFF[max(0, -lead) : len(RIFF) - max(0, -trail)] + np.float32(dc_recorded)
    sound = np.pad(sound, (max(0, lead), max(0, trail))) + np.float32(dc_after)
    assert level_dbfs(sound) == pytest.approx(LEVEL_DBFS, abs=0.1)


def test_a_steady_tone_has_its_plain_rms() -> None:
    assert level_dbfs(sine(-6.0, 2.0)[0]) == pytest.approx(-9.01, abs=0.01)


def test_a_rest_in_the_middle_is_not_counted() -> None:
    tone = sine(-6.0, 2.0)[0]
    with_rest = np.concatenate([tone, np.zeros(20 * RATE_HZ, np.float32), tone])
    # Blocks that begin or end in the rest are partly silence, as in BS.1770.
    assert level_dbfs(with_rest) == pytest.approx(-9.01, abs=0.9)


@pytest.mark.parametrize("chunk", [1, 479, 10_007])
def test_the_level_does_not_depend_on_the_chunks(chunk: int) -> None:
    sound = RIFF[: RATE_HZ if chunk == 1 else None]
    assert level_dbfs(sound, chunk=chunk) == level_dbfs(sound)


@pytest.mark.parametrize("rate_hz", [44_100, 96_000])
def test_versions_at_other_rates_measure_alike(rate_hz: int) -> None:
    other = resample(RIFF[np.newaxis], RATE_HZ, rate_hz)[0]
    assert level_dbfs(other, rate_hz) == pytest.approx(LEVEL_DBFS, abs=0.005)


def test_digital_silence_has_no_power_and_quiet_playing_has() -> None:
    meter = InputLevelMeter(RATE_HZ)
    meter.push(np.zeros((1, RATE_HZ), np.float32))
    meter.finish()
    assert meter.power() == 0.0
    assert level_dbfs(sine(-90.0, 1.0)[0]) == pytest.approx(-93.01, abs=0.05)

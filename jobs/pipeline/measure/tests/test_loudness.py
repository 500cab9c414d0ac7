"""The meter against EBU Tech 3341 and 3342, generated here, and against FFmpeg's ebur128."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy import signal as dsp

from jobs.pipeline.errors import CancelledError, PipelineError
from jobs.pipeline.measure.loudness import (
    LoudnessMeter,
    LoudnessResult,
    k_weighting,
    measure_chunks,
    measure_file,
    power_to_lufs,
)
from jobs.pipeline.measure.tests.ffmpeg_meter import ffmpeg_ebur128
from jobs.pipeline.signal.samples import FloatArray, resample
from jobs.pipeline.tests.signals import cut, noise, plucks, silence, sine

RATE_HZ = 48_000


def tones(*parts: tuple[float | None, float], num_channels: int = 2) -> FloatArray:
    """1 kHz in steps of (peak level in dBFS, seconds); ``None`` is silence."""
    return np.concatenate(
        [
            silence(duration_s, num_channels=num_channels)
            if level_dbfs is None
            else sine(level_dbfs, duration_s, num_channels=num_channels)
            for level_dbfs, duration_s in parts
        ],
        axis=1,
    )


def measure(signal: FloatArray, sample_rate_hz: int = RATE_HZ) -> LoudnessResult:
    return measure_chunks(cut(signal, 16_384), sample_rate_hz, signal.shape[0])


def meter_of(signal: FloatArray) -> LoudnessMeter:
    meter = LoudnessMeter(RATE_HZ, signal.shape[0])
    meter.add(signal)
    return meter


def test_weighting_at_48_khz_is_the_standards_and_the_design_for_other_rates_leads_to_it() -> None:
    exact = k_weighting(48_000)
    assert exact[0, :3] == pytest.approx(
        [1.53512485958697, -2.69169618940638, 1.19839281085285], abs=0.0
    )
    assert exact[1, 4:] == pytest.approx([-1.99004745483398, 0.99007225036621], abs=0.0)
    # One hertz beside, the designed filter answers as the exact one does.
    frequencies_hz = np.geomspace(20.0, 20_000.0, 50)
    _, at_48000 = dsp.sosfreqz(exact, frequencies_hz, fs=48_000)
    _, at_48001 = dsp.sosfreqz(k_weighting(48_001), frequencies_hz, fs=48_001)
    assert 20 * np.log10(np.abs(at_48001 / at_48000)) == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("level", [-23.0, -33.0])
def test_3341_cases_1_and_2_steady_tones(level: float) -> None:
    result = measure(tones((level, 20.0)))
    assert result.integrated_lufs == pytest.approx(level, abs=0.1)
    assert result.max_momentary_lufs == pytest.approx(level, abs=0.1)
    assert result.max_short_term_lufs == pytest.approx(level, abs=0.1)
    assert result.sample_peak_dbfs == pytest.approx(level, abs=0.01)


@pytest.mark.parametrize(
    "parts",
    [
        [(-36, 10), (-23, 60), (-36, 10)],
        [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
        [(-26, 20), (-20, 20.1), (-26, 20)],
    ],
    ids=["case 3", "case 4", "case 5"],
)
def test_3341_cases_3_to_5_gating(parts: list[tuple[float, float]]) -> None:
    assert measure(tones(*parts)).integrated_lufs == pytest.approx(-23.0, abs=0.1)


def test_3341_case_6_five_channels() -> None:
    levels = (-28.0, -28.0, -24.0, -30.0, -30.0)  # L R C Ls Rs
    signal = np.concatenate([sine(level, 20.0) for level in levels])
    assert measure(signal).integrated_lufs == pytest.approx(-23.0, abs=0.1)


def test_low_frequency_effects_do_not_count() -> None:
    five = np.concatenate([sine(level, 5.0) for level in (-28.0, -28.0, -24.0, -30.0, -30.0)])
    six = np.concatenate([five[:3], sine(0.0, 5.0, frequency_hz=60.0), five[3:]])
    assert measure(six).integrated_lufs == pytest.approx(measure(five).integrated_lufs, abs=1e-9)


def test_3341_case_9_short_term_is_constant() -> None:
    meter = meter_of(tones(*([(-20, 1.34), (-30, 1.66)] * 5)))
    assert power_to_lufs(meter.short_term_powers()) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("index", range(20))
def test_3341_case_10_max_short_term_wherever_it_begins(index: int) -> None:
    result = measure(tones((None, index * 0.15), (-23, 3.0), (None, 1.0)))
    assert result.max_short_term_lufs == pytest.approx(-23.0, abs=0.1)


def test_3341_case_11_max_short_term_follows_rising_tones() -> None:
    meter = LoudnessMeter(RATE_HZ, 2)
    for index in range(20):
        meter.add(tones((None, index * 0.15), (-38 + index, 3.0), (None, 3.0 - index * 0.15)))
        now = power_to_lufs(meter.short_term_powers()).max()
        assert now == pytest.approx(-38 + index, abs=0.1)


def test_3341_case_12_momentary_is_constant() -> None:
    meter = meter_of(tones(*([(-20, 0.18), (-30, 0.22)] * 25)))
    assert power_to_lufs(meter.momentary_powers()) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("index", range(20))
def test_3341_case_13_max_momentary_wherever_it_begins(index: int) -> None:
    result = measure(tones((None, index * 0.02), (-23, 0.4), (None, 1.0)))
    assert result.max_momentary_lufs == pytest.approx(-23.0, abs=0.1)


def test_3341_case_14_max_momentary_follows_rising_tones() -> None:
    meter = LoudnessMeter(RATE_HZ, 2)
    for index in range(20):
        meter.add(tones((None, index * 0.02), (-38 + index, 0.4), (None, 0.4 - index * 0.02)))
        now = power_to_lufs(meter.momentary_powers()).max()
        assert now == pytest.approx(-38 + index, abs=0.1)


@pytest.mark.parametrize(
    ("divisor", "amplitude", "phase_deg", "expected_dbtp"),
    [
        (4, 0.50, 0.0, -6.0),
        (4, 0.50, 45.0, -6.0),
        (6, 0.50, 60.0, -6.0),
        (8, 0.50, 67.5, -6.0),
        (4, 1.41, 45.0, 3.0),
    ],
    ids=["case 15", "case 16", "case 17", "case 18", "case 19"],
)
def test_3341_cases_15_to_19_true_peak(
    divisor: int, amplitude: float, phase_deg: float, expected_dbtp: float
) -> None:
    frame = np.arange(RATE_HZ)
    tone = amplitude * np.sin(2.0 * np.pi * frame / divisor + np.deg2rad(phase_deg))
    result = measure(np.tile(faded(tone), (2, 1)))
    assert_true_peak(result, expected_dbtp)


@pytest.mark.parametrize("offset", range(4), ids=["case 20", "case 21", "case 22", "case 23"])
def test_3341_cases_20_to_23_true_peak_of_a_burst(offset: int) -> None:
    period_of_sixth, period_of_fourth = 24, 16  # frames at 4·fs
    low = 0.5 * np.sin(2.0 * np.pi * np.arange(period_of_sixth * 2000) / period_of_sixth)
    high = np.sin(2.0 * np.pi * np.arange(period_of_fourth) / period_of_fourth)
    low_pass = dsp.firwin(401, 0.9 / 4.0, window=("kaiser", 10.0))
    band_limited = dsp.fftconvolve(np.concatenate([low, high, low]), low_pass, "same")
    tone = faded(band_limited[offset::4])
    assert_true_peak(measure(np.tile(tone, (2, 1))), 0.0)


def faded(tone: np.ndarray[tuple[int], np.dtype[np.float64]]) -> FloatArray:
    """10 ms of fade at both ends, shape (1, n)."""
    fade = np.linspace(0.0, 1.0, RATE_HZ // 100)
    tone = tone.copy()
    tone[: len(fade)] *= fade
    tone[-len(fade) :] *= fade[::-1]
    return tone[np.newaxis].astype(np.float32)


def assert_true_peak(result: LoudnessResult, expected_dbtp: float) -> None:
    assert result.true_peak_dbtp is not None
    assert -0.4 <= result.true_peak_dbtp - expected_dbtp <= 0.2


@pytest.mark.parametrize(
    ("levels", "expected_lu"),
    [((-20, -30), 10.0), ((-20, -15), 5.0), ((-40, -20), 20.0), ((-50, -35, -20, -35, -50), 15.0)],
    ids=["case 1", "case 2", "case 3", "case 4"],
)
def test_3342_range(levels: tuple[float, ...], expected_lu: float) -> None:
    signal = tones(*[(level, 20.0) for level in levels])
    assert measure(signal).loudness_range_lu == pytest.approx(expected_lu, abs=1.0)


@pytest.mark.parametrize("sample_rate_hz", [44_100, 48_000, 96_000])
def test_agrees_with_ffmpeg(sample_rate_hz: int) -> None:
    dry = np.concatenate([plucks(8.0) * 2.0, silence(2.0), plucks(4.0) * 0.2], axis=1)
    left = resample(dry + noise(dry.shape[1], level=0.02), RATE_HZ, sample_rate_hz)
    signal = np.concatenate([left, np.roll(left, 500, axis=1) * np.float32(0.5)])

    ours = measure(signal, sample_rate_hz)
    theirs = ffmpeg_ebur128(signal, sample_rate_hz)
    assert ours.integrated_lufs == pytest.approx(theirs.integrated_lufs, abs=0.05)
    assert ours.loudness_range_lu == pytest.approx(theirs.range_lu, abs=0.5)


def test_one_channel_is_measured_as_the_two_it_is_played_by() -> None:
    mono = plucks(4.0)
    as_mono, as_stereo = measure(mono), measure(np.concatenate([mono, mono]))
    assert as_mono.integrated_lufs == pytest.approx(as_stereo.integrated_lufs, abs=1e-9)
    assert as_mono.true_peak_dbtp == as_stereo.true_peak_dbtp
    one_side = measure(np.concatenate([mono, 0 * mono]))
    assert as_mono.integrated_lufs is not None
    assert one_side.integrated_lufs == pytest.approx(as_mono.integrated_lufs - 3.01, abs=0.01)


@pytest.mark.parametrize("chunk_frames", [1, 7, 511, 100_000])
def test_chunk_size_changes_nothing(chunk_frames: int) -> None:
    signal = plucks(0.5 if chunk_frames < 10 else 4.0)
    whole = measure(signal, 44_100)
    pieces = measure_chunks(cut(signal, chunk_frames), 44_100, 1)
    for ours, theirs in zip(pieces.as_json().values(), whole.as_json().values(), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-9)


def test_the_same_sound_at_another_rate_is_as_loud() -> None:
    signal = plucks(4.0)
    at_48000 = measure(signal)
    for rate in (8_000, 11_025, 44_100, 192_000):
        other = measure(resample(signal, RATE_HZ, rate), rate)
        assert other.integrated_lufs == pytest.approx(at_48000.integrated_lufs, abs=0.03)


def test_gain_moves_every_level_by_as_much_and_no_range() -> None:
    signal = plucks(8.0)
    before, after = measure(signal), measure(signal * np.float32(10 ** (-6 / 20)))
    for name in ("integrated_lufs", "max_momentary_lufs", "true_peak_dbtp", "sample_peak_dbfs"):
        assert getattr(after, name) == pytest.approx(getattr(before, name) - 6.0, abs=1e-4)
    assert after.loudness_range_lu == pytest.approx(before.loudness_range_lu, abs=1e-4)


def test_silence_and_shortness_have_no_loudness() -> None:
    assert measure(silence(4.0)) == LoudnessResult(None, None, None, 0.0, None, None)
    short = measure(sine(-20.0, 0.3))
    assert (short.integrated_lufs, short.max_momentary_lufs) == (None, None)
    assert short.sample_peak_dbfs == pytest.approx(-20.0, abs=0.01)
    below_the_gate = measure(sine(-90.0, 4.0))
    assert below_the_gate.integrated_lufs is None
    assert below_the_gate.max_momentary_lufs == pytest.approx(-87.0 + 0.0, abs=3.1)


def test_a_finished_meter_answers_again_and_hears_no_more() -> None:
    meter = meter_of(plucks())
    assert meter.result() == meter.result()
    with pytest.raises(ValueError, match="finished"):
        meter.add(plucks())


def test_seven_channels_are_refused() -> None:
    with pytest.raises(PipelineError, match="AUDIO_TOO_MANY_CHANNELS"):
        LoudnessMeter(RATE_HZ, 7)


def test_a_file_is_measured_with_progress(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", plucks(4.0)[0], RATE_HZ, subtype="FLOAT")
    fractions: list[float] = []
    measurement = measure_file(tmp_path / "a.wav", fractions.append)

    assert (measurement.duration_s, measurement.num_channels) == (4.0, 1)
    assert measurement.sample_rate_hz == RATE_HZ
    assert measurement.integrated_lufs == measure(plucks(4.0)).integrated_lufs
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert all(math.isfinite(value) for value in measurement.as_json().values())

    def cancel(fraction: float) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        measure_file(tmp_path / "a.wav", cancel)


def test_a_file_with_a_value_that_is_no_number_is_not_measured(tmp_path: Path) -> None:
    signal = plucks()
    signal[0, 5] = np.nan
    soundfile.write(tmp_path / "a.wav", signal[0], RATE_HZ, subtype="FLOAT")
    with pytest.raises(PipelineError, match="AUDIO_NOT_FINITE"):
        measure_file(tmp_path / "a.wav")

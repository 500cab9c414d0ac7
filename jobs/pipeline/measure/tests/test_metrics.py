"""Metrics against signals whose values are known by construction."""

from __future__ import annotations

import json

import numpy as np
import pytest
from msgspec import convert, to_builtins

from jobs.pipeline.formats.manifest import SegmentMetrics
from jobs.pipeline.measure.chain_probes import thd_pct, thd_tone
from jobs.pipeline.measure.loudness import LoudnessMeter
from jobs.pipeline.measure.metrics import MetricsMeter
from jobs.pipeline.measure.onsets import DetectedNote, NoteMeter
from jobs.pipeline.measure.spectrum import Spectrum, SpectrumMeter
from jobs.pipeline.measure.third_octaves import THIRD_OCTAVE_CENTERS_HZ
from jobs.pipeline.signal.samples import FloatArray, empty
from jobs.pipeline.tests.signals import cut, noise, silence, sine

RATE_HZ = 48_000


def measured(signal: FloatArray, chunk_frames: int = 16_384) -> SegmentMetrics:
    meter = MetricsMeter(RATE_HZ, signal.shape[0])
    loudness = LoudnessMeter(RATE_HZ, signal.shape[0])
    for chunk in cut(signal, chunk_frames):
        meter.add(chunk)
        loudness.add(chunk)
    return meter.result(loudness.result())


def spectrum_of(signal: FloatArray, rate_hz: int = RATE_HZ) -> Spectrum:
    meter = SpectrumMeter(rate_hz, signal.shape[0])
    for chunk in cut(signal, 16_384):
        meter.add(chunk)
    return meter.result()


def notes_of(signal: FloatArray) -> tuple[DetectedNote, ...]:
    meter = NoteMeter(RATE_HZ, signal.shape[0])
    for chunk in cut(signal, 16_384):
        meter.add(chunk)
    return meter.result()


def plucked(
    starts_s: list[float], duration_s: float, *, attack_s: float = 0.02, decay_db_per_s: float
) -> FloatArray:
    """Notes of eight partials that rise in a straight line and fade exponentially; each is damped
    when the next begins. 10 to 90 % of the rise take 0.8 ``attack_s``."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    out = np.zeros_like(time_s)
    for number, (start_s, end_s) in enumerate(
        zip(starts_s, [*starts_s[1:], duration_s], strict=True)
    ):
        since_s = time_s - start_s
        envelope = np.clip(since_s / attack_s, 0.0, 1.0)
        envelope *= 10.0 ** (-decay_db_per_s * np.maximum(0.0, since_s - attack_s) / 20.0)
        envelope *= np.clip((end_s - time_s) / 0.01, 0.0, 1.0)
        frequency_hz = 110.0 * 2.0 ** ((0, 7, 3, 10, 5)[number % 5] / 12.0)
        for partial in range(1, 9):
            phase = 2.0 * np.pi * partial * frequency_hz * since_s + partial**2
            out += envelope * np.sin(phase) / partial
    return (0.2 * out)[np.newaxis].astype(np.float32)


class TestLevels:
    def test_a_sine(self) -> None:
        found = measured(sine(-6.0, 3.0, frequency_hz=1000.0))
        assert found.peak_dbfs == pytest.approx(-6.0, abs=0.01)
        assert found.rms_dbfs == pytest.approx(-9.01, abs=0.01)
        assert found.crest_factor_db == pytest.approx(3.01, abs=0.01)
        assert found.dynamic_range_db == pytest.approx(0.0, abs=0.01)
        assert found.spectral_centroid_hz == pytest.approx(1000.0, abs=1.0)
        assert found.loudness_lufs == pytest.approx(-6.0, abs=0.05)  # as dual mono

    def test_a_square_has_no_crest(self) -> None:
        signal = np.sign(sine(0.0, 2.0, frequency_hz=1000.0) + 1e-6) * np.float32(0.5)
        assert measured(signal).crest_factor_db == pytest.approx(0.0, abs=0.001)

    def test_the_noise_between_the_notes_is_the_floor(self) -> None:
        signal = noise(10 * RATE_HZ, level=0.001)
        signal[:, 2 * RATE_HZ :] += sine(-10.0, 8.0)
        found = measured(signal)
        assert found.noise_floor_dbfs == pytest.approx(-60.0, abs=0.3)
        assert found.dynamic_range_db == pytest.approx(60.0 - 13.01, abs=0.5)

    def test_equal_channels_measure_as_one(self) -> None:
        one = noise(2 * RATE_HZ)
        single, double = measured(one), measured(np.repeat(one, 2, axis=0))
        assert double.rms_dbfs == pytest.approx(single.rms_dbfs)
        assert double.third_octave_dbfs == pytest.approx(single.third_octave_dbfs, abs=1e-4)

    def test_silence_and_nothing_have_no_values_but_no_infinity_either(self) -> None:
        for signal in (silence(1.0), empty(1), silence(0.001)):
            values = to_builtins(measured(signal).rounded())
            json.dumps(values, allow_nan=False)
            assert values["rms_dbfs"] is None
            assert values["spectral_centroid_hz"] is None
            assert set(values["third_octave_dbfs"]) == {None}
            assert values["transient_density_per_s"] == 0.0

    def test_json_there_and_back(self) -> None:
        metrics = measured(plucked([0.2], 1.0, decay_db_per_s=20.0)).rounded()
        text = json.dumps(to_builtins(metrics))
        assert convert(json.loads(text), SegmentMetrics) == metrics

    @pytest.mark.parametrize("chunk_frames", [511, 48_000])
    def test_the_cut_does_not_matter(self, chunk_frames: int) -> None:
        signal = plucked([0.1, 0.6], 1.2, decay_db_per_s=30.0)
        found, expected = (
            to_builtins(metrics.rounded())
            for metrics in (measured(signal, chunk_frames), measured(signal))
        )
        for name, value in expected.items():
            assert found[name] == pytest.approx(value, abs=0.011), name


class TestSpectrum:
    def test_the_bands_are_those_of_the_standard(self) -> None:
        assert len(THIRD_OCTAVE_CENTERS_HZ) == 30
        assert THIRD_OCTAVE_CENTERS_HZ[0] == pytest.approx(25.119, abs=0.001)
        assert THIRD_OCTAVE_CENTERS_HZ[16] == 1000.0
        assert THIRD_OCTAVE_CENTERS_HZ[-1] == pytest.approx(19_952.623, abs=0.001)

    @pytest.mark.parametrize("band", range(len(THIRD_OCTAVE_CENTERS_HZ)))
    def test_a_sine_is_in_its_band_with_its_level(self, band: int) -> None:
        tone = sine(-10.0, 5.0, frequency_hz=THIRD_OCTAVE_CENTERS_HZ[band])
        levels = spectrum_of(tone).third_octave_dbfs()
        assert levels[band] == pytest.approx(-13.01, abs=0.05)
        others = [level for index, level in enumerate(levels) if abs(index - band) > 1]
        assert all(level is None or level < -45.0 for level in others)

    @pytest.mark.parametrize("num_frames", [1, 100, 5_000, 100_000])
    def test_the_bins_add_up_to_the_power(self, num_frames: int) -> None:
        signal = noise(num_frames, num_channels=2)
        power = float(np.mean(np.square(signal, dtype=np.float64)))
        assert spectrum_of(signal).powers.sum() == pytest.approx(power, rel=1e-5)

    def test_white_noise_rises_by_one_decibel_per_band(self) -> None:
        levels = spectrum_of(noise(30 * RATE_HZ)).third_octave_dbfs()
        wide = np.array(levels[13:], dtype=float)  # from 500 Hz: enough bins for a steady mean
        assert np.diff(wide) == pytest.approx(np.ones(len(wide) - 1), abs=0.25)

    def test_energy_shares_of_three_tones(self) -> None:
        tones = sum(
            sine(level, 4.0, frequency_hz=hz)
            for level, hz in ((-20.0, 100.0), (-17.0, 800.0), (-26.0, 5000.0))
        )
        shares = spectrum_of(np.asarray(tones)).energy_shares()
        powers = np.array([0.01, 10.0**-1.7, 10.0**-2.6])
        assert shares == pytest.approx(tuple(powers / powers.sum()), abs=0.001)

    def test_other_rates(self) -> None:
        tone = sine(-10.0, 2.0, frequency_hz=440.0, sample_rate_hz=44_100)
        assert spectrum_of(tone, 44_100).centroid_hz() == pytest.approx(440.0, abs=1.0)


class TestNotes:
    @pytest.mark.parametrize("attack_s", [0.01, 0.02, 0.05])
    @pytest.mark.parametrize("decay_db_per_s", [10.0, 30.0, 80.0])
    def test_attack_decay_and_count(self, attack_s: float, decay_db_per_s: float) -> None:
        starts_s = [0.3, 1.3, 2.3, 3.3, 4.3]
        signal = plucked(starts_s, 5.5, attack_s=attack_s, decay_db_per_s=decay_db_per_s)
        found = notes_of(signal)
        assert [note.start_s for note in found] == pytest.approx(starts_s, abs=0.03)
        metrics = measured(signal)
        assert metrics.transient_density_per_s == pytest.approx(5 / 5.5)
        assert metrics.attack_time_ms == pytest.approx(800.0 * attack_s, rel=0.15, abs=3.0)
        assert metrics.decay_rate_db_per_s == pytest.approx(decay_db_per_s, rel=0.05)

    def test_fast_notes_are_all_found(self) -> None:
        starts_s = [0.125 * number for number in range(40)]
        found = notes_of(plucked(starts_s, 5.5, attack_s=0.003, decay_db_per_s=40.0))
        assert len(found) == 40

    def test_level_does_not_matter(self) -> None:
        signal = plucked([0.3, 0.9, 1.5], 2.2, decay_db_per_s=30.0)
        assert len(notes_of(signal * np.float32(0.01))) == 3

    def test_a_held_tone_is_one_note_and_its_end_is_none(self) -> None:
        signal = np.concatenate([silence(0.5), sine(-6.0, 2.0), silence(0.5)], axis=1)
        assert len(notes_of(signal)) == 1
        assert len(notes_of(sine(-6.0, 2.0))) == 1


class TestDistortion:
    def test_a_polynomial(self) -> None:
        """x + a·x² + b·x³ on A·sin: fundamental A + ¾bA³, second aA²/2, third bA³/4."""
        a, b, amplitude = 0.3, 0.2, 0.5
        x = thd_tone(20.0 * np.log10(amplitude / np.sqrt(2.0)), RATE_HZ)
        bent = x + np.float32(a) * x**2 + np.float32(b) * x**3
        second, third = a * amplitude**2 / 2.0, b * amplitude**3 / 4.0
        expected = 100.0 * np.hypot(second, third) / (amplitude + 0.75 * b * amplitude**3)
        assert thd_pct(bent, RATE_HZ) == pytest.approx(expected, rel=1e-4)

    def test_a_wire_has_none_and_silence_no_answer(self) -> None:
        tone = thd_tone(-18.0, RATE_HZ)
        assert thd_pct(tone, RATE_HZ) == pytest.approx(0.0, abs=1e-4)
        assert thd_pct(np.zeros_like(tone), RATE_HZ) is None
        assert thd_pct(tone[:, :1000], RATE_HZ) is None

"""Comparison of files whose difference is known, and the words for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import signal as dsp

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.formats.manifest import SegmentMetrics
from jobs.pipeline.measure.compare import compare_files, write_residual
from jobs.pipeline.measure.descriptors import describe
from jobs.pipeline.measure.metrics import measure_metrics
from jobs.pipeline.measure.spectrum import SpectrumMeter
from jobs.pipeline.measure.third_octaves import (
    THIRD_OCTAVE_CENTERS_HZ,
    third_octave_difference_db,
    third_octave_mean_db,
)
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.encode import write_wav_f32
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.tests.signals import cut, noise, silence, sine

RATE_HZ = 48_000
Write = Callable[[str, FloatArray], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, signal: FloatArray) -> Path:
        path = tmp_path / f"{name}.wav"
        write_wav_f32(path, cut(signal, 5000), RATE_HZ, signal.shape[0])
        return path

    return write


def bands_of(signal: FloatArray) -> tuple[float | None, ...]:
    meter = SpectrumMeter(RATE_HZ, signal.shape[0])
    meter.add(signal)
    return meter.result().third_octave_dbfs()


class TestBands:
    @pytest.mark.parametrize("gain_db", [3.0, -3.0])
    def test_a_known_shelf_is_recovered(self, gain_db: float) -> None:
        """Low shelf at 400 Hz (R. Bristow-Johnson's cookbook, slope 1)."""
        a = 10.0 ** (gain_db / 40.0)
        w = 2.0 * np.pi * 400.0 / RATE_HZ
        alpha, c = np.sin(w) / np.sqrt(2.0), np.cos(w)
        beta = 2.0 * np.sqrt(a) * alpha
        b = [a * (a + 1 - (a - 1) * c + beta), 2 * a * (a - 1 - (a + 1) * c)]
        b.append(a * (a + 1 - (a - 1) * c - beta))
        d = [a + 1 + (a - 1) * c + beta, -2 * (a - 1 + (a + 1) * c), a + 1 + (a - 1) * c - beta]
        dry = noise(10 * RATE_HZ)
        wet = dsp.lfilter(b, d, dry, axis=1).astype(np.float32)
        found = np.array(third_octave_difference_db(bands_of(wet), bands_of(dry)), dtype=float)
        _, response = dsp.freqz(b, d, THIRD_OCTAVE_CENTERS_HZ, fs=RATE_HZ)
        assert found == pytest.approx(20.0 * np.log10(np.abs(response)), abs=0.25)
        assert found[2:6].mean() == pytest.approx(gain_db, abs=0.25)
        assert np.abs(found[20:]).max() < 0.05

    def test_the_mean_leaves_silent_bands_out(self) -> None:
        mean = third_octave_mean_db([(-20.0, None, -30.0), (-30.0, None, None)])
        assert mean == (-25.0, None, -30.0)
        assert third_octave_difference_db((-20.0, -1.0, None), mean) == (5.0, None, None)


class TestError:
    @pytest.mark.parametrize("lag", [-4800, -37, 0, 37, 4800])
    @pytest.mark.parametrize("gain", [0.5, -2.0])
    def test_gain_lag_and_polarity_are_found_and_nothing_is_left(
        self, write: Write, lag: int, gain: float
    ) -> None:
        whole = noise(3 * RATE_HZ, num_channels=2)
        reference = whole[:, 5000:-5000]
        other = np.float32(gain) * whole[:, 5000 - lag : whole.shape[1] - 5000 - lag]
        found = compare_files(write("a", reference), write("b", other))
        assert (found.lag_frames, found.is_inverted) == (lag, gain < 0.0)
        assert found.gain == pytest.approx(1.0 / gain)
        assert found.esr < 1e-12
        assert found.num_frames == reference.shape[1] - abs(lag)

    def test_added_noise_is_the_error(self, write: Write) -> None:
        clean, dirt = noise(5 * RATE_HZ, seed=1), noise(5 * RATE_HZ, seed=2, level=0.01)
        found = compare_files(write("a", clean), write("b", clean + dirt))
        assert found.esr_db == pytest.approx(-20.0, abs=0.1)
        unrelated = compare_files(write("c", clean), write("d", dirt))
        assert unrelated.esr == pytest.approx(1.0, abs=0.001)

    def test_the_residual_of_equal_signals_is_silence(self, write: Write, tmp_path: Path) -> None:
        one, out = sine(-6.0, 1.0), tmp_path / "residual.flac"
        one += noise(RATE_HZ)
        a, b = write("a", one), write("b", one)
        assert write_residual(a, b, compare_files(a, b), out) == RATE_HZ
        assert not any(chunk.any() for chunk in open_audio(out).chunks())

    def test_the_residual_is_what_was_added(self, write: Write, tmp_path: Path) -> None:
        tone, extra = sine(-6.0, 2.0), sine(-40.0, 2.0, frequency_hz=3000.0)
        a, b = write("a", tone + extra), write("b", tone)
        write_residual(a, b, compare_files(a, b), tmp_path / "r.wav")
        left = np.concatenate(list(open_audio(tmp_path / "r.wav").chunks()), axis=1)
        assert left == pytest.approx(extra, abs=1e-5)

    def test_one_channel_against_two(self, write: Write) -> None:
        one = noise(RATE_HZ)
        found = compare_files(write("a", one), write("b", np.repeat(one, 2, axis=0)))
        assert found.lag_frames == 0
        assert found.esr < 1e-12

    def test_silence_is_refused(self, write: Write) -> None:
        with pytest.raises(PipelineError) as caught:
            compare_files(write("a", silence(0.5)), write("b", noise(RATE_HZ)))
        assert caught.value.code == "COMPARE_SILENT"


class TestEvaluation:
    @pytest.fixture
    def metrics(self, write: Write) -> SegmentMetrics:
        return replace(
            measure_metrics(write("a", noise(RATE_HZ))),
            spectral_centroid_hz=1000.0,
            bass_ratio=0.4,
            mid_ratio=0.4,
            treble_ratio=0.2,
            crest_factor_db=12.0,
            attack_time_ms=20.0,
            decay_rate_db_per_s=30.0,
        )

    @pytest.mark.parametrize(
        ("metric", "step", "above", "below"),
        [
            ("spectral_centroid_hz", 100.0, "Brighter", "Darker"),
            ("bass_ratio", 0.05, "More bass", "Less bass"),
            ("mid_ratio", 0.05, "More mids", "Scooped mids"),
            ("treble_ratio", 0.03, "More treble", "Less treble"),
            ("crest_factor_db", 1.0, "More dynamic", "More compressed"),
            ("attack_time_ms", 5.0, "Softer attack", "Harder attack"),
            ("decay_rate_db_per_s", 5.0, "Less sustain", "More sustain"),
        ],
    )
    def test_both_signs_and_the_threshold(
        self, metrics: SegmentMetrics, metric: str, step: float, above: str, below: str
    ) -> None:
        middle = getattr(metrics, metric)
        for factor, has_descriptors in ((0.99, False), (1.01, True)):
            high = replace(metrics, **{metric: middle + factor * step})
            low = replace(metrics, **{metric: middle - factor * step})
            found = describe([high, metrics, low])
            assert [len(descriptors) for descriptors in found] == [
                has_descriptors,
                0,
                has_descriptors,
            ]
            if has_descriptors:
                assert found[0][0].text.startswith(above)
                assert found[2][0].text.startswith(below)
                assert found[0][0].metric == metric
                assert found[0][0].difference == pytest.approx(1.01 * step, rel=1e-3)
                assert found[2][0].difference == pytest.approx(-1.01 * step, rel=1e-3)

    def test_slower_decay_is_more_sustain(self, metrics: SegmentMetrics) -> None:
        slow = replace(metrics, decay_rate_db_per_s=10.0)
        fast = replace(metrics, decay_rate_db_per_s=40.0)
        of_slow, of_fast = describe([slow, fast])
        assert of_slow[0].text == (
            "More sustain: its notes fade 15 dB/s more slowly than the average."
        )
        assert of_fast[0].text == "Less sustain: its notes fade 15 dB/s faster than the average."

    def test_what_is_unknown_is_left_out(self, metrics: SegmentMetrics) -> None:
        unknown = replace(metrics, decay_rate_db_per_s=None)
        assert describe([metrics, unknown, metrics]) == [(), (), ()]
        assert describe([metrics]) == [()]
        assert describe([]) == []

"""What can be measured of one segment: its ``SegmentMetrics``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from jobs.pipeline.errors import Progress, no_progress
from jobs.pipeline.formats.manifest import SegmentMetrics
from jobs.pipeline.measure.loudness import LoudnessMeter, LoudnessResult
from jobs.pipeline.measure.onsets import NoteMeter
from jobs.pipeline.measure.spectrum import SILENCE_POWER, SpectrumMeter
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.step_times import timed

_WINDOWS_PER_S = 20  # 50 ms
_NOISE_FLOOR_PERCENTILE = 2.0


class MetricsMeter:
    """Hears a signal chunk by chunk; keeps about 20 kB per second of it."""

    def __init__(self, sample_rate_hz: int, num_channels: int) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._spectrum = SpectrumMeter(sample_rate_hz, num_channels)
        self._notes = NoteMeter(sample_rate_hz, num_channels)
        self._window = round(sample_rate_hz / _WINDOWS_PER_S)
        self._rest = np.zeros(0)
        self._window_powers: list[np.ndarray[Any, np.dtype[np.float64]]] = []
        self._energy = 0.0
        self._num_frames = 0

    def add(self, chunk: FloatArray) -> None:
        """Hear ``(channels, n)``."""
        powers = np.square(chunk, dtype=np.float64).mean(axis=0)
        self._energy += float(powers.sum())
        self._num_frames += len(powers)
        pending = np.concatenate([self._rest, powers])
        whole = len(pending) // self._window * self._window
        self._window_powers.append(pending[:whole].reshape(-1, self._window).mean(axis=1))
        self._rest = pending[whole:]
        self._spectrum.add(chunk)
        self._notes.add(chunk)

    def result(self, loudness: LoudnessResult, *, thd_pct: float | None = None) -> SegmentMetrics:
        """End the measurement. ``loudness``: of the same signal."""
        rms_dbfs = _power_db(self._energy / max(1, self._num_frames))
        peak_dbfs = loudness.sample_peak_dbfs if rms_dbfs is not None else None
        windows = np.concatenate([np.zeros(0), *self._window_powers])
        windows = windows[windows > SILENCE_POWER]
        low, high, floor = (
            _power_db(float(np.percentile(windows, percent))) if len(windows) else None
            for percent in (5.0, 95.0, _NOISE_FLOOR_PERCENTILE)
        )
        spectrum = self._spectrum.result()
        shares = spectrum.energy_shares() or (None, None, None)
        notes = self._notes.result()
        return SegmentMetrics(
            rms_dbfs=rms_dbfs,
            peak_dbfs=peak_dbfs,
            true_peak_dbtp=loudness.true_peak_dbtp,
            crest_factor_db=_difference(peak_dbfs, rms_dbfs),
            dynamic_range_db=_difference(high, low),
            loudness_lufs=loudness.integrated_lufs,
            loudness_range_lu=loudness.loudness_range_lu,
            spectral_centroid_hz=spectrum.centroid_hz(),
            bass_ratio=shares[0],
            mid_ratio=shares[1],
            treble_ratio=shares[2],
            third_octave_dbfs=spectrum.third_octave_dbfs(),
            transient_density_per_s=len(notes) * self._sample_rate_hz / max(1, self._num_frames),
            attack_time_ms=_median(note.attack_ms for note in notes),
            decay_rate_db_per_s=_median(note.decay_db_per_s for note in notes),
            noise_floor_dbfs=floor,
            thd_pct=thd_pct,
        )


@timed("measure")
def measure_metrics(
    path: Path,
    *,
    loudness: LoudnessResult | None = None,
    thd_pct: float | None = None,
    progress: Progress = no_progress,
) -> SegmentMetrics:
    """Decode and measure a file. ``loudness``: where it is known already.

    Raises what ``open_audio`` and ``AudioFile.chunks`` raise.
    """
    audio = open_audio(path)
    meter = MetricsMeter(audio.sample_rate_hz, audio.num_channels)
    loudness_meter = LoudnessMeter(audio.sample_rate_hz, audio.num_channels)
    num_frames = 0
    for chunk in audio.chunks():
        meter.add(chunk)
        if loudness is None:
            loudness_meter.add(chunk)
        num_frames += chunk.shape[1]
        progress(min(1.0, num_frames / audio.num_frames))
    return meter.result(loudness or loudness_meter.result(), thd_pct=thd_pct)


def _power_db(power: float) -> float | None:
    return float(10.0 * np.log10(power)) if power > SILENCE_POWER else None


def _difference(high: float | None, low: float | None) -> float | None:
    return None if high is None or low is None else high - low


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None

"""What can be measured of one segment.

Levels are RMS or peak relative to full scale 1.0: a sine of full scale has 0 dBFS peak and −3.01
dBFS RMS. ``None`` stands where a value is not defined; there is no infinity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from jobs.pipeline.audio.decode import open_audio
from jobs.pipeline.audio.loudness import LoudnessMeter, LoudnessResult
from jobs.pipeline.audio.notes import NoteMeter
from jobs.pipeline.audio.signal import FloatArray
from jobs.pipeline.audio.spectrum import SILENCE_POWER, SpectrumMeter
from jobs.pipeline.errors import Progress, no_progress
from jobs.pipeline.step_times import timed

_WINDOWS_PER_S = 20  # 50 ms
_NOISE_FLOOR_PERCENTILE = 2.0


@dataclass(frozen=True, slots=True)
class SegmentMetrics:
    """``dynamic_range_db``: between the 95th and the 5th percentile of the RMS of 50 ms windows.
    ``noise_floor_dbfs``: what 2 % of these windows lie below. Both look at sound only: windows
    below −120 dBFS do not count. ``…_ratio``: shares of the energy between 20 Hz and 20 kHz, with
    borders at 250 Hz and 2 kHz. ``third_octave_dbfs``: per band of ``THIRD_OCTAVE_CENTRES_HZ``.
    ``attack_time_ms``, ``decay_rate_db_per_s``: medians over the notes (``DetectedNote``).
    ``transient_density_per_s``: notes per second. ``thd_pct``: of the chain (see ``distortion``).
    """

    rms_dbfs: float | None
    peak_dbfs: float | None
    true_peak_dbtp: float | None
    crest_factor_db: float | None
    dynamic_range_db: float | None
    loudness_lufs: float | None
    loudness_range_lu: float
    spectral_centroid_hz: float | None
    bass_ratio: float | None
    mid_ratio: float | None
    treble_ratio: float | None
    third_octave_dbfs: tuple[float | None, ...]
    transient_density_per_s: float
    attack_time_ms: float | None
    decay_rate_db_per_s: float | None
    noise_floor_dbfs: float | None
    thd_pct: float | None = None

    def as_json(self) -> dict[str, Any]:
        """JSON-safe, rounded to what means something."""
        values = {name: _rounded(value) for name, value in asdict(self).items()}
        values["third_octave_dbfs"] = [_rounded(level, 2) for level in self.third_octave_dbfs]
        return values

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SegmentMetrics:
        """The inverse of ``as_json`` up to rounding. What a later version adds is left out."""
        names = {field.name for field in fields(cls)}
        values = {name: value for name, value in data.items() if name in names}
        return cls(**{**values, "third_octave_dbfs": tuple(data["third_octave_dbfs"])})


class MetricsMeter:
    """Hears a signal block by block; keeps about 20 kB per second of it."""

    def __init__(self, sample_rate_hz: int, num_channels: int) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._spectrum = SpectrumMeter(sample_rate_hz, num_channels)
        self._notes = NoteMeter(sample_rate_hz, num_channels)
        self._window = round(sample_rate_hz / _WINDOWS_PER_S)
        self._rest = np.zeros(0)
        self._window_powers: list[np.ndarray[Any, np.dtype[np.float64]]] = []
        self._energy = 0.0
        self._num_frames = 0

    def add(self, block: FloatArray) -> None:
        """Hear ``(channels, n)``."""
        powers = np.square(block, dtype=np.float64).mean(axis=0)
        self._energy += float(powers.sum())
        self._num_frames += len(powers)
        pending = np.concatenate([self._rest, powers])
        whole = len(pending) // self._window * self._window
        self._window_powers.append(pending[:whole].reshape(-1, self._window).mean(axis=1))
        self._rest = pending[whole:]
        self._spectrum.add(block)
        self._notes.add(block)

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

    Raises what ``open_audio`` and ``AudioFile.blocks`` raise.
    """
    audio = open_audio(path)
    meter = MetricsMeter(audio.sample_rate_hz, audio.num_channels)
    loudness_meter = LoudnessMeter(audio.sample_rate_hz, audio.num_channels)
    num_frames = 0
    for block in audio.blocks():
        meter.add(block)
        if loudness is None:
            loudness_meter.add(block)
        num_frames += block.shape[1]
        progress(min(1.0, num_frames / audio.num_frames))
    return meter.result(loudness or loudness_meter.result(), thd_pct=thd_pct)


def _power_db(power: float) -> float | None:
    return float(10.0 * np.log10(power)) if power > SILENCE_POWER else None


def _difference(high: float | None, low: float | None) -> float | None:
    return None if high is None or low is None else high - low


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def _rounded(value: Any, digits: int = 4) -> Any:
    return round(value, digits) if isinstance(value, float) else value

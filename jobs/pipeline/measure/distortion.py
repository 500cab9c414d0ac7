"""Total harmonic distortion, from a probe tone through a chain."""

from __future__ import annotations

import numpy as np
import scipy

from jobs.pipeline.measure.spectrum import SILENCE_POWER
from jobs.pipeline.signal.samples import FloatArray, db_to_gain

PROBE_HZ = 220
_SETTLING_S = 0.3  # a DC blocker of 5 Hz has fallen by 80 dB
_PERIODS = 44  # heard: 0.2 s, a whole number of frames at 44.1 and 48 kHz
_HEARD_S = _PERIODS / PROBE_HZ
_AUDIBLE_HZ = 20_000


def thd_tone(level_dbfs: float, sample_rate_hz: int) -> FloatArray:
    """A sine of 220 Hz with RMS ``level_dbfs``, half a second: ``(1, n)``."""
    time_s = np.arange(round((_SETTLING_S + _HEARD_S) * sample_rate_hz)) / sample_rate_hz
    tone = np.sqrt(2.0) * db_to_gain(level_dbfs) * np.sin(2.0 * np.pi * PROBE_HZ * time_s)
    return np.asarray(tone[np.newaxis], dtype=np.float32)


def thd_pct(heard: FloatArray, sample_rate_hz: int) -> float | None:
    """Total harmonic distortion in percent of the fundamental, of what became of ``thd_tone``.

    Of the last 0.2 s: √(Σ Aₙ²) / A₁, Aₙ the amplitude at n·220 Hz, n ≥ 2, up to 20 kHz
    (IEC 60268-3, referred to the fundamental). These are whole periods, so no window is needed.
    All channels of ``heard`` ``(channels, n)`` count. ``None`` when the fundamental is not there.
    """
    start, num_frames = round(_SETTLING_S * sample_rate_hz), round(_HEARD_S * sample_rate_hz)
    steady = heard[:, start : start + num_frames].astype(np.float64)
    if steady.shape[1] < num_frames:
        return None
    powers = np.square(np.abs(scipy.fft.rfft(steady, axis=1))).sum(axis=0)
    powers *= 2.0 / num_frames**2
    last = min(int(_AUDIBLE_HZ * _HEARD_S), (num_frames - 1) // 2)
    if powers[_PERIODS] <= SILENCE_POWER:
        return None
    harmonics = powers[2 * _PERIODS : last + 1 : _PERIODS]
    return float(100.0 * np.sqrt(harmonics.sum() / powers[_PERIODS]))

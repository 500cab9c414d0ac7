"""How late a chain is, and whether it turns the signal over: one sweep through it.

The sweep reaches the chain at −20 dBFS peak whatever the DI, so one chain is moved alike over
every DI. Blocks with a mix (delay, chorus, …) let it pass: what they add is not what comes first.

Captures and impulse responses often begin with a few samples of nothing, or are inverted. A
comparison should not hear that, so contenders are moved to begin together. Polarity is reported
and left alone: it belongs to the gear, and a constant gain is all that may touch the samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from jobs.pipeline.audio.signal import OUTPUT_SAMPLE_RATE_HZ, FloatArray, db_to_gain

MAX_LAG_S = 0.010
MIN_PEAK_RATIO = 2.0

_SWEEP_S = 0.100
_SWEEP_FROM_HZ = 20.0
_SWEEP_TO_HZ = 20_000.0
_SWEEP_DBFS = -20.0
_FADE_S = 0.002

# What lies closer to the peak belongs to it: the ringing of the cabinet's own band.
_PEAK_WIDTH_S = 0.001


@dataclass(frozen=True, slots=True)
class Alignment:
    """What the sweep has told. ``lag_samples``: 0…480 at 48 kHz. ``peak_ratio``: how far the
    peak of the correlation stands above everything else (linear); 0 when nothing was heard.
    ``is_accepted``: clear enough to move the segment, which then begins ``lag_samples`` earlier.
    """

    lag_samples: int
    is_inverted: bool
    is_accepted: bool
    peak_ratio: float

    @classmethod
    def unknown(cls) -> Alignment:
        """Of a chain that lets no sweep through."""
        return cls(0, is_inverted=False, is_accepted=False, peak_ratio=0.0)

    @property
    def advance_frames(self) -> int:
        """By how much the segment is moved, in frames at 48 kHz."""
        return self.lag_samples if self.is_accepted else 0


def alignment_sweep() -> FloatArray:
    """``(1, 4800)`` at 48 kHz: a linear sweep to 20 kHz at −20 dBFS peak, faded in and out."""
    num_frames = round(_SWEEP_S * OUTPUT_SAMPLE_RATE_HZ)
    time_s = np.arange(num_frames) / OUTPUT_SAMPLE_RATE_HZ
    rate = (_SWEEP_TO_HZ - _SWEEP_FROM_HZ) / _SWEEP_S
    phase = 2.0 * np.pi * (_SWEEP_FROM_HZ * time_s + 0.5 * rate * time_s**2)
    fade = scipy.signal.windows.tukey(num_frames, 2.0 * _FADE_S / _SWEEP_S)
    sweep = db_to_gain(_SWEEP_DBFS) * fade * np.sin(phase)
    return sweep[np.newaxis].astype(np.float32)


def estimate_alignment(sent: FloatArray, heard: FloatArray) -> Alignment:
    """Compare ``sent`` ``(1, n)`` with ``heard`` ``(channels, at least n + 480)`` at 48 kHz.

    The lag is where the magnitude of the cross-correlation is greatest between 0 and 10 ms, the
    polarity is its sign there. Channels are heard together.
    """
    num_lags = round(MAX_LAG_S * OUTPUT_SAMPLE_RATE_HZ) + 1
    window = heard.astype(np.float64).sum(axis=0)[: sent.shape[1] + num_lags - 1]
    correlation = scipy.signal.correlate(window, sent[0].astype(np.float64), "valid", "fft")
    magnitude = np.abs(correlation)
    lag = int(magnitude.argmax())
    width = round(_PEAK_WIDTH_S * OUTPUT_SAMPLE_RATE_HZ)
    rest = np.concatenate([magnitude[: max(0, lag - width)], magnitude[lag + width + 1 :]])
    # Rounding leaves something everywhere; a ratio beyond this says no more.
    floor = max(float(rest.max()), 1e-6 * float(magnitude[lag]))
    ratio = float(magnitude[lag]) / floor if floor > 0.0 else 0.0
    return Alignment(
        lag_samples=lag,
        is_inverted=bool(correlation[lag] < 0.0),
        is_accepted=ratio >= MIN_PEAK_RATIO,
        peak_ratio=ratio,
    )

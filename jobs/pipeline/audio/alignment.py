"""How late a chain is, and whether it turns the signal over: one sweep through it.

Captures and impulse responses often begin with a few samples of nothing, or are inverted. A
comparison should not hear that, so contenders are moved to begin together. Polarity is reported
and left alone: it belongs to the gear, and a constant gain is all that may touch the samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import signal

from jobs.pipeline.audio.chain import Chain, build_chain
from jobs.pipeline.audio.signal import OUTPUT_SAMPLE_RATE_HZ, FloatArray, db_to_gain
from jobs.pipeline.audio.staging import NORMALIZED_RMS_DBFS
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import SegmentRecipe

MAX_LAG_S = 0.010
MIN_PEAK_RATIO = 2.0

_SWEEP_S = 0.100
_SWEEP_FROM_HZ = 20.0
_SWEEP_TO_HZ = 20_000.0
_SWEEP_DBFS = -20.0
_FADE_S = 0.002

# Ahead of the sweep, for what a capture emits at silence to settle in the DC blocker.
_LEAD_IN_S = 0.100

# What lies closer to the peak belongs to it: the ringing of the cabinet's own band.
_PEAK_WIDTH_S = 0.001

# A chain that is silent or breaks under the sweep may still sound with the DI, or fail there.
_SAYS_NOTHING = ("BLOCK_SILENT", "BLOCK_NOT_FINITE")


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

    @property
    def advance_frames(self) -> int:
        """By how much the segment is moved, in frames at 48 kHz."""
        return self.lag_samples if self.is_accepted else 0


def measure_alignment(recipe: SegmentRecipe, sources: Mapping[str, Path]) -> Alignment:
    """Lag and polarity of the recipe's chain against what goes into it; no DI is read.

    The sweep (100 ms, linear, 20 Hz to 20 kHz) reaches the chain at −20 dBFS peak, whatever the
    DI, so one chain is moved alike over every DI. Raises what ``build_chain`` raises.
    """
    di = replace(recipe.di, input_level_dbu=None)
    chain = build_chain(
        replace(recipe, di=di),
        sources,
        di_sample_rate_hz=OUTPUT_SAMPLE_RATE_HZ,
        di_rms_dbfs=NORMALIZED_RMS_DBFS,
    )
    sweep = alignment_sweep()
    try:
        heard = _response(chain, sweep)
    except PipelineError as error:
        if error.code not in _SAYS_NOTHING:
            raise
        return Alignment(0, is_inverted=False, is_accepted=False, peak_ratio=0.0)
    return estimate_alignment(sweep, heard)


def alignment_sweep() -> FloatArray:
    """``(1, 4800)`` at 48 kHz: a linear sweep to 20 kHz at −20 dBFS peak, faded in and out."""
    num_frames = round(_SWEEP_S * OUTPUT_SAMPLE_RATE_HZ)
    time_s = np.arange(num_frames) / OUTPUT_SAMPLE_RATE_HZ
    rate = (_SWEEP_TO_HZ - _SWEEP_FROM_HZ) / _SWEEP_S
    phase = 2.0 * np.pi * (_SWEEP_FROM_HZ * time_s + 0.5 * rate * time_s**2)
    fade = signal.windows.tukey(num_frames, 2.0 * _FADE_S / _SWEEP_S)
    sweep = db_to_gain(_SWEEP_DBFS) * fade * np.sin(phase)
    return sweep[np.newaxis].astype(np.float32)


def estimate_alignment(sent: FloatArray, heard: FloatArray) -> Alignment:
    """Compare ``sent`` ``(1, n)`` with ``heard`` ``(channels, at least n + 480)`` at 48 kHz.

    The lag is where the magnitude of the cross-correlation is greatest between 0 and 10 ms, the
    polarity is its sign there. Channels are heard together.
    """
    num_lags = round(MAX_LAG_S * OUTPUT_SAMPLE_RATE_HZ) + 1
    window = heard.astype(np.float64).sum(axis=0)[: sent.shape[1] + num_lags - 1]
    correlation = signal.correlate(window, sent[0].astype(np.float64), "valid", "fft")
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


def _response(chain: Chain, sweep: FloatArray) -> FloatArray:
    """What the chain makes of the sweep, from its first frame on, with silence behind it."""
    lead_in = round(_LEAD_IN_S * OUTPUT_SAMPLE_RATE_HZ)
    silence_after = 2 * round(MAX_LAG_S * OUTPUT_SAMPLE_RATE_HZ)
    fed = np.pad(sweep, ((0, 0), (lead_in, silence_after)))
    return np.concatenate([chain.process(fed), chain.finish()], axis=1)[:, lead_in:]

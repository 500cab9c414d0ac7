"""Total harmonic distortion, from a probe tone through a stage or a whole chain."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy import fft

from jobs.pipeline.audio.chain import build_chain
from jobs.pipeline.audio.signal import OUTPUT_SAMPLE_RATE_HZ, Stage, db_to_gain
from jobs.pipeline.audio.spectrum import SILENCE_POWER
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import SegmentRecipe

PROBE_HZ = 220
PROBE_LEVEL_DBFS = -18.0
_SETTLING_S = 0.3  # a DC blocker of 5 Hz has fallen by 80 dB
_PERIODS = 44  # heard: 0.2 s, a whole number of frames at 44.1 and 48 kHz
_AUDIBLE_HZ = 20_000


def measure_thd_pct(
    stage: Stage,
    sample_rate_hz: int,
    *,
    out_sample_rate_hz: int | None = None,
    level_dbfs: float = PROBE_LEVEL_DBFS,
) -> float | None:
    """Total harmonic distortion of a stage or a chain, in percent of the fundamental.

    A sine of 220 Hz with RMS ``level_dbfs`` goes in for half a second. Of what comes out in the
    last 0.2 s: √(Σ Aₙ²) / A₁, Aₙ the amplitude at n·220 Hz, n ≥ 2, up to 20 kHz (IEC 60268-3,
    referred to the fundamental). These are whole periods, so no window is needed. All channels
    count. The stage is used up. ``None`` when the fundamental does not come out.
    """
    heard_s = _PERIODS / PROBE_HZ
    time_s = np.arange(round((_SETTLING_S + heard_s) * sample_rate_hz)) / sample_rate_hz
    probe = np.sqrt(2.0) * db_to_gain(level_dbfs) * np.sin(2.0 * np.pi * PROBE_HZ * time_s)
    out = np.concatenate(
        [stage.process(probe[np.newaxis].astype(np.float32)), stage.finish()], axis=1
    )
    out_rate_hz = out_sample_rate_hz or sample_rate_hz
    start, num_frames = round(_SETTLING_S * out_rate_hz), round(heard_s * out_rate_hz)
    heard = out[:, start : start + num_frames].astype(np.float64)
    if heard.shape[1] < num_frames:
        return None
    powers = np.square(np.abs(fft.rfft(heard, axis=1))).sum(axis=0)
    powers *= 2.0 / num_frames**2
    last = min(int(_AUDIBLE_HZ * heard_s), (num_frames - 1) // 2)
    if powers[_PERIODS] <= SILENCE_POWER:
        return None
    harmonics = powers[2 * _PERIODS : last + 1 : _PERIODS]
    return float(100.0 * np.sqrt(harmonics.sum() / powers[_PERIODS]))


def chain_thd_pct(
    recipe: SegmentRecipe, sources: Mapping[str, Path], *, di_rms_dbfs: float
) -> float | None:
    """Distortion of a recipe's whole chain, staging included, for a tone as loud as its DI.

    ``sources``: the recipe's files by SHA-256. ``None`` when the chain lets no tone through.
    """
    chain = build_chain(
        recipe, sources, di_sample_rate_hz=OUTPUT_SAMPLE_RATE_HZ, di_rms_dbfs=di_rms_dbfs
    )
    try:
        return measure_thd_pct(chain, OUTPUT_SAMPLE_RATE_HZ, level_dbfs=di_rms_dbfs)
    except PipelineError:  # a tone is not the DI: the segment itself has come out well
        return None

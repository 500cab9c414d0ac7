"""The tone and the sweep that go through a chain beside the DI, and what is read from each.

The tone gives the total harmonic distortion. The sweep gives what a chain answers, kept with its
render: what alignment is computed from. For that a chain is taken apart behind its last capture. Up
to there it distorts, and is heard as it is; what follows (cabinet, equalizers) answers a sweep of
its own, so that what an amp shared by many contenders adds to their lag is found once, and a
cabinet is judged by itself alone.

The sweep reaches the chain at −20 dBFS peak whatever the DI, so one chain answers alike over every
DI. Blocks with a mix (delay, chorus, …) let it pass: what they add is not what comes first.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from jobs.pipeline.measure.spectrum import SILENCE_POWER
from jobs.pipeline.signal.samples import OUTPUT_SAMPLE_RATE_HZ, FloatArray, db_to_gain

Taps = NDArray[np.float64]

# The tone.
PROBE_HZ = 220
_SETTLING_S = 0.3  # a DC blocker of 5 Hz has fallen by 80 dB
_PERIODS = 44  # heard: 0.2 s, a whole number of frames at 44.1 and 48 kHz
_HEARD_S = _PERIODS / PROBE_HZ
_AUDIBLE_HZ = 20_000

# The sweep.
_SWEEP_S = 0.100
_SWEEP_FROM_HZ = 20.0
_SWEEP_TO_HZ = 20_000.0
_SWEEP_DBFS = -20.0
_FADE_S = 0.002

# Where the sweep has less than this of its power, dividing by it would make noise.
_REGULARIZATION = 1e-4

# A response is kept from this long before it first reaches this share of its peak.
RESPONSE_FRAMES = 2048
_LEAD_FRAMES = 384
_FIRST_ARRIVAL = 0.3
_FADE_IN_FRAMES = 64
_FADE_OUT_FRAMES = 1024

# Below the answer of any chain that lets sound through; what rounding leaves.
_SILENT = 1e-7


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


@dataclass(frozen=True, slots=True)
class PartResponse:
    """The response of a part of a chain at 48 kHz around its first arrival, JSON-safe.

    ``start_frame``: of the first tap, counted from the sound that went in; may be negative.
    ``taps``: float32, little-endian, base64. Equal parts have equal responses, to the bit.
    """

    start_frame: int
    taps: str

    def samples(self) -> Taps:
        return np.frombuffer(base64.b64decode(self.taps), "<f4").astype(np.float64)


@dataclass(frozen=True, slots=True)
class ChainResponse:
    """``captured``: up to and with the last capture; ``linear``: what follows. ``None`` where
    nothing came through. A chain without a capture is all ``linear``."""

    has_capture: bool
    captured: PartResponse | None
    linear: PartResponse | None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ChainResponse:
        """The inverse of ``dataclasses.asdict``."""
        captured, linear = data["captured"], data["linear"]
        return cls(
            data["has_capture"],
            PartResponse(**captured) if captured else None,
            PartResponse(**linear) if linear else None,
        )


def alignment_sweep() -> FloatArray:
    """``(1, 4800)`` at 48 kHz: a linear sweep to 20 kHz at −20 dBFS peak, faded in and out."""
    num_frames = round(_SWEEP_S * OUTPUT_SAMPLE_RATE_HZ)
    time_s = np.arange(num_frames) / OUTPUT_SAMPLE_RATE_HZ
    rate = (_SWEEP_TO_HZ - _SWEEP_FROM_HZ) / _SWEEP_S
    phase = 2.0 * np.pi * (_SWEEP_FROM_HZ * time_s + 0.5 * rate * time_s**2)
    fade = scipy.signal.windows.tukey(num_frames, 2.0 * _FADE_S / _SWEEP_S)
    sweep = db_to_gain(_SWEEP_DBFS) * fade * np.sin(phase)
    return sweep[np.newaxis].astype(np.float32)


def part_response(heard: FloatArray | None) -> PartResponse | None:
    """What became of the sweep, ``(channels, n)`` at 48 kHz, divided by the sweep.

    Channels are heard together. Of a linear sweep the harmonics that distortion adds arrive
    before the sound that made them, spread over all of its time, so they disturb little.
    """
    if heard is None or heard.shape[1] == 0:
        return None
    together = heard.astype(np.float64).sum(axis=0)
    num_sent = alignment_sweep().shape[1]
    length = scipy.fft.next_fast_len(2 * num_sent + len(together), real=True)
    response = np.fft.irfft(np.fft.rfft(together, length) * _inverse_sweep(length), length)
    causal = np.abs(response[: len(together)])
    if causal.max() < _SILENT:
        return None
    arrival = int(np.argmax(causal >= _FIRST_ARRIVAL * causal.max()))
    start = arrival - _LEAD_FRAMES
    taps = np.take(response, np.arange(start, start + RESPONSE_FRAMES), mode="wrap") * _window()
    scaled = (taps / np.abs(taps).max()).astype("<f4")
    return PartResponse(start, base64.b64encode(scaled.tobytes()).decode("ascii"))


@cache
def _inverse_sweep(length: int) -> NDArray[np.complex128]:
    sweep = np.fft.rfft(alignment_sweep()[0].astype(np.float64), length)
    power = np.square(np.abs(sweep))
    inverse: NDArray[np.complex128] = np.conj(sweep) / (power + _REGULARIZATION * power.max())
    return inverse


@cache
def _window() -> Taps:
    """Fades what is cut off at both ends."""
    window = np.ones(RESPONSE_FRAMES)
    window[:_FADE_IN_FRAMES] = np.linspace(0.0, 1.0, _FADE_IN_FRAMES, endpoint=False)
    window[-_FADE_OUT_FRAMES:] = np.square(np.cos(np.linspace(0.0, np.pi / 2, _FADE_OUT_FRAMES)))
    return window

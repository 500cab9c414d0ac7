"""Impulse responses of cabinets whose onset and polarity are known, easy and hard to estimate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from jobs.pipeline.measure.chain_probes import PartResponse, alignment_sweep, part_response
from jobs.pipeline.signal.samples import FloatArray

RATE_HZ = 48_000
LATE_FRAMES = 720  # 15 ms

Taps = NDArray[np.float64]
Make = Callable[[np.random.Generator], Taps]

_MODES: tuple[tuple[float, float, float], ...] = (
    (95, 1.0, 28),
    (180, 0.7, 45),
    (420, 0.6, 90),
    (900, 0.5, 160),
    (1800, 0.5, 300),
)
_HIGH_MODES: tuple[tuple[float, float, float], ...] = ((2900, 0.7, 420), (4100, 0.4, 600))


def _time_s(duration_s: float = 0.15) -> Taps:
    return np.arange(round(duration_s * RATE_HZ)) / RATE_HZ


def _impulse(duration_s: float = 0.15) -> Taps:
    impulse = np.zeros(round(duration_s * RATE_HZ))
    impulse[0] = 1.0
    return impulse


def resonant(random: np.random.Generator) -> Taps:
    """Modes of a box and a cone that all start at once: rises slowly, rings long."""
    time_s, taps = _time_s(), np.zeros(len(_time_s()))
    for hz, level, per_s in (*_MODES, *_HIGH_MODES):
        hz, level = hz * random.uniform(0.8, 1.2), level * random.uniform(0.5, 1.5)
        taps += level * np.exp(-per_s * time_s) * np.sin(2.0 * np.pi * hz * time_s + 0.2)
    return taps


def single_mode(random: np.random.Generator) -> Taps:
    time_s = _time_s()
    return np.exp(-500.0 * time_s) * np.sin(2.0 * np.pi * random.uniform(800, 3000) * time_s)


def sharp(random: np.random.Generator) -> Taps:
    taps = 0.9 * _impulse(0.04)
    taps[1:20] = 0.2 * random.normal(size=19) * np.exp(-np.arange(19) / 5.0)
    return taps


def speaker(random: np.random.Generator) -> Taps:
    """A band of 80 Hz to 5 kHz with five peaks or dips."""
    taps = scipy.signal.lfilter(
        *scipy.signal.butter(2, random.uniform(60, 110), "high", fs=RATE_HZ), _impulse()
    )
    taps = scipy.signal.lfilter(
        *scipy.signal.butter(4, random.uniform(4000, 6500), fs=RATE_HZ), taps
    )
    for hz in (120, 400, 1100, 2500, 3600):
        gain = 10.0 ** (random.uniform(-8, 10) / 40.0)
        w = 2.0 * np.pi * hz * random.uniform(0.8, 1.2) / RATE_HZ
        width = np.sin(w) / (2.0 * random.uniform(1, 6))
        taps = scipy.signal.lfilter(
            [1 + width * gain, -2 * np.cos(w), 1 - width * gain],
            [1 + width / gain, -2 * np.cos(w), 1 - width / gain],
            taps,
        )
    return np.asarray(taps)


def with_reflection(random: np.random.Generator) -> Taps:
    taps = speaker(random)
    away = int(random.integers(20, 90))
    taps[away:] += random.uniform(0.3, 0.8) * random.choice([1, -1]) * taps[:-away]
    return taps


def noise_burst(random: np.random.Generator) -> Taps:
    """No first wave at all."""
    time_s = _time_s()
    return random.normal(size=len(time_s)) * np.exp(-60.0 * time_s)


def one_resonance(random: np.random.Generator) -> Taps:
    """A drone, and 60 dB below it something with a front."""
    time_s = _time_s()
    taps = np.exp(-25.0 * time_s) * np.sin(2.0 * np.pi * random.uniform(90, 400) * time_s)
    front = sharp(random)
    taps[: len(front)] += 1e-3 * front
    return taps


def dark(random: np.random.Generator) -> Taps:
    """Low-passed at a few hundred Hz, 24 dB per octave."""
    coefficients = scipy.signal.butter(4, random.uniform(200, 600), fs=RATE_HZ)
    return np.asarray(scipy.signal.lfilter(*coefficients, _impulse()))


EASY: tuple[Make, ...] = (resonant, single_mode, sharp, speaker, with_reflection)
HARD: tuple[Make, ...] = (noise_burst, one_resonance, dark)


@dataclass(frozen=True, slots=True)
class KnownCab:
    """``taps``: with ``onset_frame`` samples of silence in front, times ``sign``."""

    taps: Taps
    onset_frame: int
    sign: int

    def as_sound(self) -> FloatArray:
        sound: FloatArray = (0.9 * self.taps / np.abs(self.taps).max()).astype(np.float32)
        return sound[np.newaxis]

    def response(self) -> PartResponse | None:
        sweep = alignment_sweep()[0].astype(np.float64)
        return part_response(np.convolve(sweep, self.taps)[np.newaxis].astype(np.float32))

    def made_hard(self, random: np.random.Generator) -> KnownCab:
        """Another response with the same onset and polarity."""
        make = HARD[int(random.integers(len(HARD)))]
        return known(make(random), self.onset_frame, self.sign)


def known(taps: Taps, onset_frame: int, sign: int = 1) -> KnownCab:
    return KnownCab(np.concatenate([np.zeros(onset_frame), sign * taps]), onset_frame, sign)


def make_pack(seed: int, *, max_onset_frame: int = 30) -> list[KnownCab]:
    """Twelve cabinets of all easy kinds: two are inverted, the last begins 15 ms late."""
    random = np.random.default_rng(seed)
    onsets = random.integers(0, max_onset_frame + 1, 12)
    onsets[-1] = LATE_FRAMES
    inverted = random.choice(12, 2, replace=False)
    return [
        known(EASY[n % len(EASY)](random), int(onset), -1 if n in inverted else 1)
        for n, onset in enumerate(onsets)
    ]

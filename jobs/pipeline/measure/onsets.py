"""Notes: where they begin, how fast they rise, how fast they fade.

Beginnings are found by spectral flux (S. Böck, G. Widmer, "Maximum filter vibrato suppression for
onset detection", DAFx 2013), because a distorted guitar hardly changes its level from note to note.
Rise and fall are read from an envelope of 1 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy
from numpy.typing import NDArray

from jobs.pipeline.measure.spectrum import FrameCutter
from jobs.pipeline.signal.samples import FloatArray, db_to_gain

_Array = NDArray[np.float64]

_STEPS_PER_S = 1000  # of the envelope
_HOPS_PER_S = 100  # of the flux
_WINDOW_S = 0.043
_BANDS_PER_OCTAVE = 6
_BAND_RANGE_HZ = (60.0, 12_000.0)
_RANGE_DB = 60.0  # below the loudest band power nothing is looked at

# A note begins where the bands have grown within 30 ms by clearly more, in the mean, than is usual
# around there (noise always grows somewhere), and where nothing within 30 ms has grown more.
_FLUX_LAG = 3
_FLUX_THRESHOLD_DB = 0.6
_FLUX_USUAL_FACTOR = 1.6
_FLUX_MEDIAN_HOPS = 31
_FLUX_NEIGHBOR_HOPS = 3
_MIN_LEVEL_DB = -45.0  # relative to the loudest moment

# The envelope holds each peak for one period of the lowest note, 67 Hz.
_HOLD_STEPS = 15
_BEFORE_STEPS = 60
_MAX_ATTACK_STEPS = 150
_MIN_RISE_DB = 3.0
_CUT_OFF_DB = -20.0
_SETTLING_STEPS = 10
_MIN_FADE_STEPS = 100
_MAX_FADE_STEPS = 3000
_FADE_RANGE_DB = 40.0
_ABOVE_FLOOR_DB = 6.0


@dataclass(frozen=True, slots=True)
class DetectedNote:
    """``attack_ms``: from 10 to 90 % of its rise. ``decay_db_per_s``: what it loses, positive when
    it fades. ``None`` where it cannot be read: no clear rise, or the next note comes too soon."""

    start_s: float
    attack_ms: float | None
    decay_db_per_s: float | None


class NoteMeter:
    """Hears a signal chunk by chunk; keeps about 20 kB per second."""

    def __init__(self, sample_rate_hz: int, num_channels: int) -> None:
        self._num_channels = num_channels
        self._step = max(1, round(sample_rate_hz / _STEPS_PER_S))
        self._step_s = self._step / sample_rate_hz
        self._rest = np.zeros(0, dtype=np.float32)
        self._peaks: list[FloatArray] = []

        hop = max(1, round(sample_rate_hz / _HOPS_PER_S))
        self._hop_s = hop / sample_rate_hz
        self._frame = 1 << round(np.log2(_WINDOW_S * sample_rate_hz))
        self._window = scipy.signal.get_window("hann", self._frame).astype(np.float32)
        self._center_s = -0.5 * self._frame / sample_rate_hz  # of the first frame, all silence
        self._cutter = FrameCutter(self._frame, hop, num_channels, self._frame)
        self._band_starts = _band_starts(sample_rate_hz, self._frame)
        self._bands: list[FloatArray] = []

    def add(self, chunk: FloatArray) -> None:
        """Hear ``(channels, n)``."""
        if chunk.shape[1] == 0:
            return
        magnitudes = np.concatenate([self._rest, np.abs(chunk).max(axis=0)])
        whole = len(magnitudes) // self._step * self._step
        self._peaks.append(magnitudes[:whole].reshape(-1, self._step).max(axis=1))
        self._rest = magnitudes[whole:]
        self._hear(chunk)

    def result(self) -> tuple[DetectedNote, ...]:
        """End the measurement."""
        self._hear(np.zeros((self._num_channels, self._frame), dtype=np.float32))
        if not self._peaks or not self._bands:
            return ()
        peaks = np.concatenate(self._peaks).astype(np.float64)
        if not len(peaks) or peaks.max() <= 0.0:
            return ()
        # Held in the direction of time only: a rise stays as steep as it is. Silence goes before.
        envelope = scipy.ndimage.maximum_filter1d(
            np.concatenate([np.zeros(_BEFORE_STEPS), peaks]),
            _HOLD_STEPS,
            mode="constant",
            origin=(_HOLD_STEPS - 1) // 2,
        )
        quietest = peaks.max() * db_to_gain(_MIN_LEVEL_DB)
        starts = [
            start
            for start in self._start_steps()
            if _is_heard(envelope[start : start + 2 * _BEFORE_STEPS], quietest)
        ]
        floor = float(np.percentile(envelope, 5.0)) * db_to_gain(_ABOVE_FLOOR_DB)
        return tuple(
            self._note(envelope, start, end, floor)
            for start, end in pairwise([*starts, len(peaks)])
        )

    def _hear(self, chunk: FloatArray) -> None:
        for frames in self._cutter.push(chunk):
            bins = scipy.fft.rfft(frames * self._window, axis=-1)
            power = (np.square(bins.real) + np.square(bins.imag)).sum(axis=0)
            self._bands.append(np.add.reduceat(power, self._band_starts, axis=1)[:, :-1])

    def _start_steps(self) -> list[int]:
        powers = np.concatenate(self._bands).astype(np.float64)
        floor = powers.max() * 10.0 ** (-_RANGE_DB / 10.0)
        levels_db = 10.0 * np.log10(powers + max(floor, 1e-30))
        before_db = scipy.ndimage.maximum_filter1d(levels_db, 3, axis=1)  # a bend is not a note
        flux = np.zeros(len(levels_db))
        growth_db = np.maximum(0.0, levels_db[_FLUX_LAG:] - before_db[:-_FLUX_LAG])
        flux[_FLUX_LAG:] = growth_db.mean(axis=1)
        usual = scipy.ndimage.median_filter(flux, _FLUX_MEDIAN_HOPS, mode="constant")
        highest = scipy.ndimage.maximum_filter1d(flux, 2 * _FLUX_NEIGHBOR_HOPS + 1, mode="constant")
        found = np.flatnonzero(
            (flux >= highest) & (flux > _FLUX_USUAL_FACTOR * usual + _FLUX_THRESHOLD_DB)
        )
        # The growth up to hop k lies between the middles of windows k − lag and k.
        times_s = self._center_s + (found - 0.5 * _FLUX_LAG) * self._hop_s
        steps = np.maximum(0, np.rint(times_s / self._step_s).astype(int))
        is_new = np.diff(found, prepend=-_FLUX_NEIGHBOR_HOPS - 1) > _FLUX_NEIGHBOR_HOPS
        return [int(step) for step in steps[is_new]]

    def _note(self, envelope: _Array, start: int, end: int, floor: float) -> DetectedNote:
        """``envelope`` begins ``_BEFORE_STEPS`` before step 0."""
        first = start + _BEFORE_STEPS - _SETTLING_STEPS
        last = min(start + _MAX_ATTACK_STEPS, max(start, end - _SETTLING_STEPS)) + _BEFORE_STEPS
        top = first + int(envelope[first : max(first + 1, last)].argmax())
        rise_steps = _rise_steps(envelope[start : top + 1])
        fade_db = _fade_db_per_step(envelope[top : end + _BEFORE_STEPS], floor)
        return DetectedNote(
            start_s=start * self._step_s,
            attack_ms=None if rise_steps is None else 1000.0 * rise_steps * self._step_s,
            decay_db_per_s=None if fade_db is None else fade_db / self._step_s,
        )


def _is_heard(around: _Array, quietest: float) -> bool:
    """Whether there is sound after the middle; where a tone is cut off the bands grow too."""
    before, after = around[: _BEFORE_STEPS - _SETTLING_STEPS], around[_BEFORE_STEPS:]
    if len(after) < _BEFORE_STEPS:
        return False
    return bool(after.max() > quietest and after[-1] > before[-1] * db_to_gain(_CUT_OFF_DB))


def _rise_steps(rise: _Array) -> float | None:
    """From 10 to 90 % of the way from the lowest point to the last, the highest."""
    low, high = float(rise.min()), float(rise[-1])
    if high < low * db_to_gain(_MIN_RISE_DB) or high <= 0.0:
        return None
    return _crossing(rise, low + 0.9 * (high - low)) - _crossing(rise, low + 0.1 * (high - low))


def _crossing(rise: _Array, level: float) -> float:
    """Where the rise passes a level for the last time, between the steps."""
    below = int(np.flatnonzero(rise <= level)[-1])
    if below + 1 == len(rise):
        return float(below)
    return below + float((level - rise[below]) / (rise[below + 1] - rise[below]))


def _fade_db_per_step(fade: _Array, floor: float) -> float | None:
    """Slope of the straight line through the level, from shortly after the top down to the floor,
    to 40 dB below the top, or to shortly before the next note."""
    lowest = max(floor, fade[0] * db_to_gain(-_FADE_RANGE_DB))
    fallen = np.flatnonzero(fade <= lowest)
    end = int(fallen[0]) if len(fallen) else len(fade) - 2 * _SETTLING_STEPS
    heard = fade[_SETTLING_STEPS : min(end, _MAX_FADE_STEPS)]
    if len(heard) < _MIN_FADE_STEPS:
        return None
    levels_db = 20.0 * np.log10(heard)
    time = np.arange(len(heard)) - 0.5 * (len(heard) - 1)
    return -float((time * levels_db).sum() / np.square(time).sum())


def _band_starts(sample_rate_hz: int, frame: int) -> NDArray[np.int64]:
    """First bins of bands of 1/6 octave, at least one bin each, and one past the last band."""
    low_hz, high_hz = _BAND_RANGE_HZ[0], min(_BAND_RANGE_HZ[1], 0.45 * sample_rate_hz)
    count = int(np.log2(high_hz / low_hz) * _BANDS_PER_OCTAVE)
    edges_hz = low_hz * 2.0 ** (np.arange(count + 1) / _BANDS_PER_OCTAVE)
    return np.unique(np.rint(edges_hz * frame / sample_rate_hz).astype(np.int64))

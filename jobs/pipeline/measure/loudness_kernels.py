"""The two inner loops of the loudness meter: the energy of the filtered signal, and its true peak.

Both run as machine code where it can be made (``jobs.pipeline.jit``), else on NumPy.

True peak is the loudest point of a signal that is read four times as finely (ITU-R BS.1770-5 Annex
2). The three points between two samples are made of the 16 samples on either side, by a sinc under
a Kaiser window: flat within 0.01 dB up to 20.5 kHz at 48 kHz. The fourth point is a sample itself,
which a meter knows anyway.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from jobs.pipeline.jit import sound_kernels
from jobs.pipeline.signal.samples import FloatArray

_Doubles: TypeAlias = NDArray[np.float64]

# Of the true peak.
_OVERSAMPLING: Final = 4
_SIDE_SAMPLES: Final = 16
_NUM_TAPS: Final = 2 * _SIDE_SAMPLES
_KAISER_BETA: Final = 7.0
# So many outputs are there whenever the filter runs: silence ahead of the signal sees to it.
_MIN_OUTPUTS: Final = 64
# Fits into the first-level cache.
_CHUNK_FRAMES: Final = 4_096


class WeightedEnergy:
    """The energy of a filtered signal, piece by piece.

    Channels go through two second-order ``sections`` (2, 6), b0 b1 b2 1 a1 a2, in float64.
    """

    def __init__(self, sections: _Doubles, num_channels: int) -> None:
        self._sections = sections
        self._kernels = sound_kernels()
        states = (2, num_channels, 2) if self._kernels is None else (num_channels, 6)
        self._state = np.zeros(states)

    def add(self, chunk: FloatArray, ends: NDArray[np.int64], energies: _Doubles) -> None:
        """Hear ``(channels, n)``; add the squares of what comes out to ``energies`` (channels, m).

        Frames up to ``ends[0]`` go to the first, up to ``ends[1]`` to the second, up to n to the
        last.
        """
        if self._kernels is not None:
            for channel, state, sums in zip(chunk, self._state, energies, strict=True):
                self._kernels.weigh(channel, self._sections, state, ends, sums)
            return
        weighted, self._state = scipy.signal.sosfilt(
            self._sections, chunk.astype(np.float64), axis=1, zi=self._state
        )
        starts = np.concatenate([[0], ends[:-1]])
        # To ``reduceat`` a piece without frames would be one of one frame.
        has_frames = ends > starts
        squares = np.square(weighted, out=weighted)
        energies[:, has_frames] += np.add.reduceat(squares, starts[has_frames], axis=1)


def between_taps() -> FloatArray:
    """(3, 32): factors of 32 samples in a row for the points at ¼, ½ and ¾ behind the 16th."""
    points = np.arange(1, _OVERSAMPLING)[:, np.newaxis] / _OVERSAMPLING
    distances = np.arange(_NUM_TAPS) - (_SIDE_SAMPLES - 1) - points
    window = np.i0(_KAISER_BETA * np.sqrt(1.0 - np.square(distances / _SIDE_SAMPLES)))
    taps = np.sinc(distances) * window / np.i0(_KAISER_BETA)
    # A constant stays what it is, at every point.
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), dtype=np.float32)


_TAPS: Final = between_taps()


class TruePeak:
    """Hears a signal chunk by chunk.

    ``peak``: linear, of the points between samples that it could know so far.
    """

    def __init__(self, num_channels: int) -> None:
        self.peak = 0.0
        self._pending = np.zeros((num_channels, _NUM_TAPS - 1 + _MIN_OUTPUTS), np.float32)

    def add(self, chunk: FloatArray) -> None:
        """Hear ``(channels, n)``."""
        pending = np.concatenate([self._pending, chunk], axis=1)
        num_outputs = pending.shape[1] - _NUM_TAPS + 1
        if num_outputs >= _MIN_OUTPUTS:
            self.peak = max(self.peak, *(loudest_between(channel) for channel in pending))
            pending = pending[:, num_outputs:].copy()
        self._pending = pending

    def finish(self) -> None:
        """The signal is over: silence follows."""
        self.add(np.zeros((len(self._pending), _SIDE_SAMPLES + _MIN_OUTPUTS), np.float32))


def loudest_between(samples: FloatArray) -> float:
    """The greatest magnitude between samples ``(n,)``, n ≥ 95, that have 16 on either side."""
    kernels = sound_kernels()
    if kernels is not None:
        return kernels.loudest_between(samples, _TAPS)
    loudest = 0.0
    for start in range(0, len(samples) - _NUM_TAPS + 1, _CHUNK_FRAMES):
        heard = samples[start : start + _CHUNK_FRAMES + _NUM_TAPS - 1]
        num_outputs = len(heard) - _NUM_TAPS + 1
        for taps in _TAPS:
            total = np.zeros(num_outputs, np.float32)
            for number, tap in enumerate(taps):
                total += heard[number : number + num_outputs] * tap
            loudest = max(loudest, float(total.max()), -float(total.min()))
    return loudest

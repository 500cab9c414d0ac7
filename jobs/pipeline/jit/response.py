"""An impulse response laid out as the convolving kernel reads it; see ``fourier``."""

from __future__ import annotations

from typing import Final

import numpy as np
import scipy
from numpy.typing import NDArray

LANES: Final = 8
# Fifteen real parts and one to spare, and as many imaginary ones.
ROW_NUMBERS: Final = 4 * LANES
# Three complex factors for each row of a quarter.
TWIDDLES_PER_ROW: Final = 6

_Doubles = NDArray[np.float64]


class ResponseTables:
    """For circles of n = 8·4^``num_stages`` samples, at least as many as there are taps."""

    def __init__(self, taps: _Doubles, num_stages: int) -> None:
        num_rows = 4**num_stages
        self.num_stages = num_stages
        self.num_frames = LANES * num_rows
        phases = np.zeros((num_rows, LANES))
        phases.ravel()[: len(taps)] = taps
        # The way back adds up as many values as there are rows.
        spectra = scipy.fft.fft(phases, axis=0) / num_rows
        later = np.exp(-2j * np.pi * np.arange(num_rows) / num_rows)[:, np.newaxis]
        order = np.arange(num_rows).reshape((4,) * num_stages).transpose().ravel()
        fifteen = np.concatenate([spectra[:, 1:] * later, spectra], axis=1)[order]
        self.response = np.zeros((num_rows, ROW_NUMBERS))
        self.response[:, : 2 * LANES - 1] = fifteen.real
        self.response[:, 2 * LANES : 4 * LANES - 1] = fifteen.imag
        self.twiddles = _twiddles(num_stages)


def _twiddles(num_stages: int) -> _Doubles:
    """e^(−2πi·j·k/m) for k = 1, 2, 3 and every row j of a quarter of m, the longest m first.

    Not of m = 4, where nothing turns.
    """
    stages = []
    for stage in range(num_stages, 1, -1):
        length = 4**stage
        turns = np.outer(np.arange(length // 4), np.arange(1, 4)) / length
        factors = np.exp(-2j * np.pi * turns)
        stages.append(np.stack([factors.real, factors.imag], axis=2).ravel())
    return np.concatenate(stages)

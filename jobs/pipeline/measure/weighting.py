"""The energy of a filtered signal, piece by piece."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from jobs.pipeline.jit import sound_kernels
from jobs.pipeline.signal.samples import FloatArray

_Doubles = NDArray[np.float64]


class WeightedEnergy:
    """Channels through two second-order ``sections`` (2, 6), b0 b1 b2 1 a1 a2, in float64."""

    def __init__(self, sections: _Doubles, num_channels: int) -> None:
        self._sections = sections
        self._kernels = sound_kernels()
        states = (2, num_channels, 2) if self._kernels is None else (num_channels, 6)
        self._state = np.zeros(states)

    def add(self, block: FloatArray, ends: NDArray[np.int64], energies: _Doubles) -> None:
        """Hear ``(channels, n)``; add the squares of what comes out to ``energies`` (channels, m).

        Frames up to ``ends[0]`` go to the first, up to ``ends[1]`` to the second, up to n to the
        last.
        """
        if self._kernels is not None:
            for channel, state, sums in zip(block, self._state, energies, strict=True):
                self._kernels.weigh(channel, self._sections, state, ends, sums)
            return
        weighted, self._state = scipy.signal.sosfilt(
            self._sections, block.astype(np.float64), axis=1, zi=self._state
        )
        starts = np.concatenate([[0], ends[:-1]])
        # To ``reduceat`` a piece without frames would be one of one frame.
        has_frames = ends > starts
        squares = np.square(weighted, out=weighted)
        energies[:, has_frames] += np.add.reduceat(squares, starts[has_frames], axis=1)

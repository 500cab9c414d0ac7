"""The outline of a signal, for pages and pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jobs.pipeline.signal.samples import FloatArray

DEFAULT_NUM_COLUMNS = 1200

# Frames that one bucket of the running outline stands for.
_BUCKET_FRAMES = 64


class WaveformOutline:
    """Collects the peaks of a stream of unknown length, in four bytes per 64 frames."""

    def __init__(self) -> None:
        self._peaks: list[NDArray[np.float32]] = []
        self._rest = np.zeros(0, dtype=np.float32)

    def add(self, block: FloatArray) -> None:
        """Hear ``(channels, n)``; the loudest channel counts."""
        magnitudes = np.abs(block)
        loudest = magnitudes[0] if len(magnitudes) == 1 else magnitudes.max(axis=0)
        magnitudes = np.concatenate([self._rest, loudest])
        num_whole = len(magnitudes) // _BUCKET_FRAMES * _BUCKET_FRAMES
        if num_whole:
            # Several times as fast as the greatest of each row of an array.
            starts = np.arange(0, num_whole, _BUCKET_FRAMES)
            self._peaks.append(np.maximum.reduceat(magnitudes[:num_whole], starts))
        self._rest = magnitudes[num_whole:]

    def columns(self, num_columns: int = DEFAULT_NUM_COLUMNS) -> tuple[float, ...]:
        """Greatest magnitude per column, linear (1.0 is full scale), rounded to four digits.

        Every peak of the signal is in one column. Fewer than ``num_columns`` when the signal has
        fewer than 64 frames per column.
        """
        peaks = [*self._peaks, self._rest.max(keepdims=True)] if len(self._rest) else self._peaks
        if not peaks:
            return ()
        buckets = np.concatenate(peaks)
        count = min(num_columns, len(buckets))
        starts = np.arange(count, dtype=np.int64) * len(buckets) // count
        loudest = np.maximum.reduceat(buckets, starts)
        return tuple(loudest.astype(np.float64).round(4).tolist())

"""What a signal is here; decibels, changing the rate, and the outline that pages draw.

Arrays are float32, shape ``(channels, frames)``; full scale is 1.0. Decibels are relative to
full scale unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol, TypeAlias

import numpy as np
import soxr
from numpy.typing import NDArray

from jobs.pipeline.vocabulary.sound import OUTPUT_SAMPLE_RATE_HZ as OUTPUT_SAMPLE_RATE_HZ

FloatArray: TypeAlias = NDArray[np.float32]
Chunks: TypeAlias = Iterator[FloatArray]

# Frames that travel together through a chain. Changes nothing in the result, only the speed.
CHUNK_FRAMES = 65_536

# Of an outline.
DEFAULT_NUM_COLUMNS = 1200

# Frames that one bucket of an outline stands for while it is collected.
_BUCKET_FRAMES = 64


class Processor(Protocol):
    """One step of a chain that gets the signal chunk by chunk and keeps its own state.

    The result does not depend on how the signal is cut into chunks.
    """

    def process(self, chunk: FloatArray) -> FloatArray:
        """Take ``(channels, n)``; return ``(channels, m)``, where m may differ from n."""
        ...

    def finish(self) -> FloatArray:
        """The signal has ended: return what is still inside (latency, tail), maybe 0 frames."""
        ...


def db_to_gain(level_db: float) -> float:
    """Linear factor of a level in decibels: 10^(dB/20)."""
    return float(10.0 ** (level_db / 20.0))


def gain_to_db(gain: float) -> float:
    """Decibels of a linear factor: 20·log10(gain). Raises ``ValueError`` if it is not positive."""
    if gain <= 0.0:
        raise ValueError("gain must be positive to have a level in decibels")
    return float(20.0 * np.log10(gain))


def num_frames_at(rate_hz: int, num_frames: int, from_rate_hz: int) -> int:
    """How many frames become of ``num_frames`` at another rate: to the nearest, as soxr counts."""
    return (2 * num_frames * rate_hz + from_rate_hz) // (2 * from_rate_hz)


def empty(num_channels: int) -> FloatArray:
    """A signal of no frames, shape ``(num_channels, 0)``."""
    return np.zeros((num_channels, 0), dtype=np.float32)


class EvenChunks:
    """Hands a processor that answers each frame at once chunks of one length and no other.

    For processors whose arithmetic or cost depends on the length. The last chunk is filled up with
    silence, whose answer is thrown away: the signal has ended.
    """

    def __init__(self, processor: Processor, chunk_frames: int, num_channels: int) -> None:
        self._processor = processor
        self._chunk_frames = chunk_frames
        self._num_channels = num_channels
        self._pending = empty(num_channels)

    def process(self, chunk: FloatArray) -> FloatArray:
        """``(channels, n)`` to ``(channels, m)``: m is a whole number of those chunks."""
        pending = np.concatenate([self._pending, chunk], axis=1)
        num_ready = pending.shape[1] // self._chunk_frames * self._chunk_frames
        self._pending = pending[:, num_ready:].copy()
        outputs = [
            self._processor.process(pending[:, start : start + self._chunk_frames])
            for start in range(0, num_ready, self._chunk_frames)
        ]
        return np.concatenate([empty(self._num_channels), *outputs], axis=1)

    def finish(self) -> FloatArray:
        """The frames that did not fill a chunk."""
        num_left = self._pending.shape[1]
        filling = np.zeros((self._num_channels, -num_left % self._chunk_frames), np.float32)
        return self.process(filling)[:, :num_left]


class Resampler:
    """Changes the rate of a stream with soxr: no lag, and no frame too many.

    n frames in give floor(n·out/in + ½) frames out in all. Content up to 91 % of the lower
    Nyquist frequency passes; the result does not depend, to the bit, on how the stream is cut.
    ``quality``: VHQ (28 bits) for what is heard, HQ (20 bits) for what is only measured.
    """

    def __init__(
        self,
        from_rate_hz: int,
        to_rate_hz: int,
        num_channels: int,
        *,
        quality: Literal["VHQ", "HQ"] = "VHQ",
    ) -> None:
        self._num_channels = num_channels
        self._stream = soxr.ResampleStream(
            from_rate_hz, to_rate_hz, num_channels, dtype="float32", quality=quality
        )

    def process(self, chunk: FloatArray) -> FloatArray:
        """``(channels, n)`` to ``(channels, m)``, m ≈ n·out/in less what the filter waits for."""
        return self._push(chunk, is_last=False)

    def finish(self) -> FloatArray:
        """What the filter waited for; the stream cannot be used afterwards."""
        return self._push(empty(self._num_channels), is_last=True)

    def _push(self, chunk: FloatArray, *, is_last: bool) -> FloatArray:
        # soxr wants (frames, channels), and one channel as a plain vector.
        frames = chunk[0] if self._num_channels == 1 else chunk.T
        out = self._stream.resample_chunk(np.ascontiguousarray(frames), last=is_last)
        return np.ascontiguousarray(out.reshape(-1, self._num_channels).T)


def resample(signal: FloatArray, from_rate_hz: int, to_rate_hz: int) -> FloatArray:
    """A whole signal ``(channels, frames)`` at another rate, as ``Resampler`` would give it."""
    if from_rate_hz == to_rate_hz:
        return signal
    resampler = Resampler(from_rate_hz, to_rate_hz, signal.shape[0])
    return np.concatenate([resampler.process(signal), resampler.finish()], axis=1)


class WaveformOutline:
    """The outline of a signal for pages and pictures.

    Collects the peaks of a stream of unknown length, in four bytes per 64 frames.
    """

    def __init__(self) -> None:
        self._peaks: list[NDArray[np.float32]] = []
        self._rest = np.zeros(0, dtype=np.float32)

    def add(self, chunk: FloatArray) -> None:
        """Hear ``(channels, n)``; the loudest channel counts."""
        magnitudes = np.abs(chunk)
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

"""Our own float32 WAV files: what one step leaves for the next.

Own code, because libsndfile puts the time of day (PEAK chunk) into every float WAV: here the same
samples give the same bytes. And because reading them back then is reading, not decoding.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.signal.samples import BLOCK_FRAMES, FloatArray

_HEADER: Final = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI")
_SAMPLE_BYTES: Final = 4


class WavF32Writer:
    """A float32 WAV file, written as it comes."""

    def __init__(self, file: BinaryIO, sample_rate_hz: int, num_channels: int) -> None:
        self._file = file
        self._sample_rate_hz = sample_rate_hz
        self._num_channels = num_channels
        self.num_frames = 0
        file.write(_header(sample_rate_hz, num_channels, 0))

    def write(self, block: FloatArray) -> None:
        """Append ``(channels, n)``."""
        self._file.write(np.ascontiguousarray(block.T, dtype="<f4").data)
        self.num_frames += block.shape[1]

    def close(self) -> None:
        """Write the final sizes. The file stays open."""
        self._file.seek(0)
        self._file.write(_header(self._sample_rate_hz, self._num_channels, self.num_frames))


@dataclass(frozen=True, slots=True)
class WavF32File:
    """A file that ``WavF32Writer`` has finished."""

    path: Path
    sample_rate_hz: int
    num_channels: int
    num_frames: int

    @classmethod
    def open(cls, path: Path) -> WavF32File:
        """Raises ``PipelineError``: ``AUDIO_UNREADABLE``, ``AUDIO_TRUNCATED``."""
        with path.open("rb") as file:
            start = file.read(_HEADER.size)
        if len(start) < _HEADER.size:
            raise _truncated("no whole header")
        fields = _HEADER.unpack(start)
        num_channels, sample_rate_hz = fields[6], fields[7]
        num_bytes = path.stat().st_size - _HEADER.size
        num_frames = num_bytes // (_SAMPLE_BYTES * max(num_channels, 1))
        if start != _header(sample_rate_hz, num_channels, num_frames):
            if start[:4] == b"RIFF" and num_bytes < fields[-1]:
                raise _truncated(f"{num_bytes} of {fields[-1]} bytes")
            raise PipelineError(
                "AUDIO_UNREADABLE", "A file made on the way is damaged.", detail=str(path)
            )
        return cls(path, sample_rate_hz, num_channels, num_frames)

    def blocks(self, start_frame: int, num_frames: int) -> Iterator[FloatArray]:
        """``(channels, n)`` each, ``num_frames`` in all. Raises ``AUDIO_TRUNCATED``."""
        with self.path.open("rb") as file:
            file.seek(_HEADER.size + start_frame * self.num_channels * _SAMPLE_BYTES)
            for start in range(0, num_frames, BLOCK_FRAMES):
                num_wanted = min(BLOCK_FRAMES, num_frames - start) * self.num_channels
                samples = np.fromfile(file, "<f4", num_wanted)
                if len(samples) < num_wanted:
                    raise _truncated(f"{start} of {num_frames} frames")
                yield np.ascontiguousarray(samples.reshape(-1, self.num_channels).T, np.float32)


def _header(sample_rate_hz: int, num_channels: int, num_frames: int) -> bytes:
    frame_bytes = _SAMPLE_BYTES * num_channels
    # Above 4 GiB (six hours of stereo) a WAV header has no room; readers then use the size.
    data_bytes = min(num_frames * frame_bytes, 0xFFFF_FFFF - _HEADER.size)
    ieee_float, bits = 3, 32
    return _HEADER.pack(
        *(b"RIFF", _HEADER.size - 8 + data_bytes, b"WAVE"),
        *(b"fmt ", 18, ieee_float, num_channels, sample_rate_hz),
        *(sample_rate_hz * frame_bytes, frame_bytes, bits, 0),
        *(b"fact", 4, min(num_frames, 0xFFFF_FFFF)),
        *(b"data", data_bytes),
    )


def _truncated(detail: str) -> PipelineError:
    return PipelineError("AUDIO_TRUNCATED", "A file made on the way is cut off.", detail=detail)

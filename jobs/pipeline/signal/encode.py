"""Writing sound files, chunk by chunk; a file appears under its name only when it is whole.

At 24 bits what is published or downloaded, as FLAC or WAV. In float32 what one step leaves for the
next: WAV files of our own, because libsndfile puts the time of day (PEAK chunk) into every float
WAV, and here the same samples give the same bytes; and because reading these back is reading, not
decoding.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.files import replacing
from jobs.pipeline.signal.samples import CHUNK_FRAMES, FloatArray

_HEADER: Final = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI")
_SAMPLE_BYTES: Final = 4

_FULL_SCALE_24 = 1 << 23


class WavF32Writer:
    """A float32 WAV file, written as it comes."""

    def __init__(self, file: BinaryIO, sample_rate_hz: int, num_channels: int) -> None:
        self._file = file
        self._sample_rate_hz = sample_rate_hz
        self._num_channels = num_channels
        self.num_frames = 0
        file.write(_header(sample_rate_hz, num_channels, 0))

    def write(self, chunk: FloatArray) -> None:
        """Append ``(channels, n)``."""
        self._file.write(np.ascontiguousarray(chunk.T, dtype="<f4").data)
        self.num_frames += chunk.shape[1]

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

    def chunks(self, start_frame: int, num_frames: int) -> Iterator[FloatArray]:
        """``(channels, n)`` each, ``num_frames`` in all. Raises ``AUDIO_TRUNCATED``."""
        with self.path.open("rb") as file:
            file.seek(_HEADER.size + start_frame * self.num_channels * _SAMPLE_BYTES)
            for start in range(0, num_frames, CHUNK_FRAMES):
                num_wanted = min(CHUNK_FRAMES, num_frames - start) * self.num_channels
                samples = np.fromfile(file, "<f4", num_wanted)
                if len(samples) < num_wanted:
                    raise _truncated(f"{start} of {num_frames} frames")
                yield np.ascontiguousarray(samples.reshape(-1, self.num_channels).T, np.float32)


def write_wav_f32(
    path: Path, chunks: Iterable[FloatArray], sample_rate_hz: int, num_channels: int
) -> int:
    """Write chunks ``(channels, n)`` as float32 WAV; return the number of frames."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        writer = WavF32Writer(file, sample_rate_hz, num_channels)
        for chunk in chunks:
            writer.write(chunk)
        writer.close()
    return writer.num_frames


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


@dataclass(frozen=True, slots=True)
class PcmWritten:
    """``pcm_sha256``: of the interleaved 24-bit little-endian samples, as decoders give them
    (``s24le``): independent of encoder versions. ``num_clipped``: samples beyond full scale."""

    num_frames: int
    pcm_sha256: str
    num_clipped: int


def write_pcm_24(
    path: Path,
    chunks: Iterable[FloatArray],
    sample_rate_hz: int,
    num_channels: int,
    *,
    dither_key: str | None,
    on_written: Callable[[FloatArray], None] | None = None,
) -> PcmWritten:
    """Write chunks ``(channels, n)`` at 24 bits: WAV where ``path`` ends in ``.wav``, else FLAC.

    TPDF dither is drawn from a generator seeded with ``dither_key`` (say, a digest of the recipe):
    the same signal under the same key gives the same samples, however it is cut into chunks.
    ``None``: rounded to the nearest step; what has 24 bits already passes unchanged.
    ``on_written`` hears the samples as they are in the file.
    """
    quantizer = _Quantizer24(dither_key, num_channels)
    digest = hashlib.sha256()
    num_frames = 0
    container = "WAV" if path.suffix.lower() == ".wav" else "FLAC"
    with (
        replacing(path) as temporary,
        _sound_file(temporary, sample_rate_hz, num_channels, container) as file,
    ):
        for chunk in chunks:
            samples = quantizer.quantize(chunk)
            digest.update(samples.view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
            file.write(samples << 8)  # libsndfile takes the upper 24 of 32 bits
            if on_written is not None:
                # 24 bits fit into the mantissa of a float32.
                on_written(samples.T.astype(np.float32) / np.float32(_FULL_SCALE_24))
            num_frames += len(samples)
    return PcmWritten(num_frames, digest.hexdigest(), quantizer.num_clipped)


@contextmanager
def _sound_file(
    path: Path, sample_rate_hz: int, num_channels: int, container: str
) -> Iterator[soundfile.SoundFile]:
    """A file to write to. A disk that is full raises ``OSError``, as elsewhere.

    libsndfile itself would say "System error" or count too few frames, and nothing at all of its
    last write.
    """
    with open(path, "wb", buffering=0) as raw:
        output = _Output(raw)
        try:
            with soundfile.SoundFile(
                output, "w", sample_rate_hz, num_channels, subtype="PCM_24", format=container
            ) as file:
                yield file
        except Exception:
            if output.error is None:
                raise
        if output.error is not None:
            raise output.error


class _Output:
    """What libsndfile writes through. It cannot pass on an exception, so that is kept here."""

    def __init__(self, raw: RawIOBase) -> None:
        self._raw = raw
        self.seek, self.tell = raw.seek, raw.tell
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._raw.write(rest) :]
        except OSError as error:
            self.error = error
            return 0
        return len(data)


class _Quantizer24:
    """float32 ``(channels, n)`` to 24-bit integers ``(n, channels)``, in little-endian int32.

    TPDF dither: the difference of two uniform variables of one step each, so that neither the
    mean nor the variance of the rounding error depends on the signal.
    """

    def __init__(self, dither_key: str | None, num_channels: int) -> None:
        self._random: np.random.Generator | None = None
        if dither_key is not None:
            seed = int.from_bytes(hashlib.sha256(dither_key.encode()).digest())
            self._random = np.random.Generator(np.random.PCG64(seed))
        self._num_channels = num_channels
        self.num_clipped = 0

    def quantize(self, chunk: FloatArray) -> NDArray[np.int32]:
        scaled = np.ascontiguousarray(chunk.T, dtype=np.float64) * _FULL_SCALE_24
        if self._random is not None:
            # Frame by frame, so that the noise of a frame does not depend on the chunk size.
            uniform = self._random.random((chunk.shape[1], self._num_channels, 2))
            scaled += uniform[:, :, 0] - uniform[:, :, 1]
        np.rint(scaled, out=scaled)
        low, high = -_FULL_SCALE_24, _FULL_SCALE_24 - 1
        self.num_clipped += int(np.count_nonzero((scaled < low) | (scaled > high)))
        return np.clip(scaled, low, high).astype("<i4")

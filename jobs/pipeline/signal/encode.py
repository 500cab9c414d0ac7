"""Writing sound files, block by block; a file appears under its name only when it is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from jobs.pipeline.files import replacing
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.signal.wav_f32 import WavF32Writer

_FULL_SCALE_24 = 1 << 23


def write_wav_f32(
    path: Path, blocks: Iterable[FloatArray], sample_rate_hz: int, num_channels: int
) -> int:
    """Write blocks ``(channels, n)`` as float32 WAV; return the number of frames."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        writer = WavF32Writer(file, sample_rate_hz, num_channels)
        for block in blocks:
            writer.write(block)
        writer.close()
    return writer.num_frames


@dataclass(frozen=True, slots=True)
class PcmWritten:
    """``pcm_sha256``: of the interleaved 24-bit little-endian samples, as decoders give them
    (``s24le``): independent of encoder versions. ``num_clipped``: samples beyond full scale."""

    num_frames: int
    pcm_sha256: str
    num_clipped: int


def write_pcm_24(
    path: Path,
    blocks: Iterable[FloatArray],
    sample_rate_hz: int,
    num_channels: int,
    *,
    dither_key: str | None,
    on_written: Callable[[FloatArray], None] | None = None,
) -> PcmWritten:
    """Write blocks ``(channels, n)`` at 24 bits: WAV where ``path`` ends in ``.wav``, else FLAC.

    TPDF dither is drawn from a generator seeded with ``dither_key`` (say, a digest of the recipe):
    the same signal under the same key gives the same samples, however it is cut into blocks.
    ``None``: rounded to the nearest step; what has 24 bits already passes unchanged.
    ``on_written`` hears the samples as they are in the file.
    """
    quantiser = _Quantiser24(dither_key, num_channels)
    digest = hashlib.sha256()
    num_frames = 0
    container = "WAV" if path.suffix.lower() == ".wav" else "FLAC"
    with (
        replacing(path) as temporary,
        _sound_file(temporary, sample_rate_hz, num_channels, container) as file,
    ):
        for block in blocks:
            samples = quantiser.quantise(block)
            digest.update(samples.view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
            file.write(samples << 8)  # libsndfile takes the upper 24 of 32 bits
            if on_written is not None:
                # 24 bits fit into the mantissa of a float32.
                on_written(samples.T.astype(np.float32) / np.float32(_FULL_SCALE_24))
            num_frames += len(samples)
    return PcmWritten(num_frames, digest.hexdigest(), quantiser.num_clipped)


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


class _Quantiser24:
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

    def quantise(self, block: FloatArray) -> NDArray[np.int32]:
        scaled = np.ascontiguousarray(block.T, dtype=np.float64) * _FULL_SCALE_24
        if self._random is not None:
            # Frame by frame, so that the noise of a frame does not depend on the block size.
            uniform = self._random.random((block.shape[1], self._num_channels, 2))
            scaled += uniform[:, :, 0] - uniform[:, :, 1]
        np.rint(scaled, out=scaled)
        low, high = -_FULL_SCALE_24, _FULL_SCALE_24 - 1
        self.num_clipped += int(np.count_nonzero((scaled < low) | (scaled > high)))
        return np.clip(scaled, low, high).astype("<i4")

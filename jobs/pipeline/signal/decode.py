"""Reading sound files, block by block, through libsndfile."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.signal.containers import is_cut_off
from jobs.pipeline.signal.samples import BLOCK_FRAMES, FloatArray

MIN_SAMPLE_RATE_HZ = 8_000
MAX_SAMPLE_RATE_HZ = 192_000
MAX_CHANNELS = 16  # more only costs memory: a header may announce a thousand

# libsndfile's name of a container -> ours. What is not here is refused.
_FORMATS = {
    "WAV": "WAV",
    "WAVEX": "WAV",
    "RF64": "WAV",
    "W64": "WAV",
    "FLAC": "FLAC",
    "AIFF": "AIFF",
    "OGG": "OGG",
    "MP3": "MP3",
}

# A header may announce "unknown" as a very large number of frames.
_MAX_PLAUSIBLE_FRAMES = 1 << 40

# The length of an MP3, by itself or within a WAV (whose "fact" is often wrong), is estimated from
# its headers; only a clear lack means that it is cut off. The estimate counts whole frames of the
# coder, and what it needs ahead.
_MP3_LENGTH_TOLERANCE = 0.02
_MP3_TOLERANCE_FRAMES = 3 * 1152

# Of a length that a FLAC from a pipe does not tell no more is counted than anything takes.
_MAX_COUNTED_S = 3600


class _ForwardReader(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no stubs
    """Reads on from where it is. ``SoundFile`` seeks after every read, to the position where it
    already is, and libsndfile's MP3 decoder then loses its memory of the frames before.
    """

    def seekable(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A readable sound file. ``num_frames``: as its header says; decoding may find fewer.

    ``tolerance_frames``: how many may be missing where the header only estimates.
    """

    path: Path
    sample_rate_hz: int
    num_channels: int
    num_frames: int
    format: str
    tolerance_frames: int = 0

    @property
    def duration_s(self) -> float:
        """As its header says."""
        return self.num_frames / self.sample_rate_hz

    def blocks(
        self,
        block_frames: int = BLOCK_FRAMES,
        *,
        start_frame: int = 0,
        num_frames: int | None = None,
    ) -> Iterator[FloatArray]:
        """Decode: float32 ``(channels, n)``, n ≤ ``block_frames``, full scale 1.0.

        From ``start_frame`` (WAV, AIFF and FLAC only: MP3 and OGG do not land on the frame), to
        the end or for ``num_frames``. Raises ``AUDIO_UNREADABLE`` where decoding fails and
        ``AUDIO_TRUNCATED`` when there is less sound than announced.
        """
        expected = self.num_frames - start_frame if num_frames is None else num_frames
        limit = math.inf if num_frames is None else num_frames
        num_decoded = 0
        try:
            with _ForwardReader(self.path) as file:
                if start_frame:
                    file.seek(start_frame)
                while num_decoded < limit:
                    wanted = int(min(block_frames, limit - num_decoded))
                    frames = file.read(wanted, dtype="float32", always_2d=True)
                    if not len(frames):
                        break
                    num_decoded += len(frames)
                    yield np.ascontiguousarray(frames.T)
        except soundfile.SoundFileError as error:
            raise _unreadable(str(error)) from error
        if num_decoded < expected - self.tolerance_frames:
            raise _truncated(f"decoded {num_decoded} of {expected} frames")


def open_audio(path: Path) -> AudioFile:
    """Read the header of a WAV, FLAC, AIFF, OGG or MP3 file.

    Raises ``PipelineError``: ``AUDIO_EMPTY`` (no bytes, or no sound), ``AUDIO_UNREADABLE``,
    ``AUDIO_TRUNCATED``, ``AUDIO_FORMAT_UNSUPPORTED``, ``AUDIO_SAMPLE_RATE_UNSUPPORTED``,
    ``AUDIO_TOO_MANY_CHANNELS``.
    """
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise PipelineError("AUDIO_EMPTY", "The file is empty.")
    try:
        with soundfile.SoundFile(path) as file:
            container, num_frames = str(file.format), int(file.frames)
            sample_rate_hz, num_channels = int(file.samplerate), int(file.channels)
            is_mp3 = str(file.subtype).startswith("MPEG_LAYER")
    except soundfile.SoundFileError as error:
        raise _unreadable(str(error)) from error

    if container not in _FORMATS:
        raise PipelineError(
            "AUDIO_FORMAT_UNSUPPORTED",
            "Only WAV, FLAC, AIFF, OGG and MP3 files can be used.",
            detail=f"libsndfile says {container}",
        )
    if not MIN_SAMPLE_RATE_HZ <= sample_rate_hz <= MAX_SAMPLE_RATE_HZ:
        raise PipelineError(
            "AUDIO_SAMPLE_RATE_UNSUPPORTED",
            f"The sample rate is {sample_rate_hz} Hz; it must lie between 8 and 192 kHz.",
        )
    if num_channels > MAX_CHANNELS:
        raise PipelineError(
            "AUDIO_TOO_MANY_CHANNELS", f"The file has {num_channels} channels: too many."
        )
    if is_cut_off(path):
        raise _truncated("the header announces more sound than the file holds")
    if num_frames <= 0:
        # An OGG that is cut off has lost the page that tells its length.
        if _FORMATS[container] == "OGG":
            raise _truncated("no last page")
        raise PipelineError("AUDIO_EMPTY", "The file holds no sound.")
    if num_frames > _MAX_PLAUSIBLE_FRAMES:
        num_frames = _count_frames(path, _MAX_COUNTED_S * sample_rate_hz)
        if not num_frames:
            raise PipelineError("AUDIO_EMPTY", "The file holds no sound.")
    tolerance = math.ceil(num_frames * _MP3_LENGTH_TOLERANCE) + _MP3_TOLERANCE_FRAMES
    return AudioFile(
        path,
        sample_rate_hz,
        num_channels,
        num_frames,
        _FORMATS[container],
        tolerance_frames=tolerance if is_mp3 else 0,
    )


def _count_frames(path: Path, max_frames: int) -> int:
    """By decoding it, as far as anything is interested. Raises ``AUDIO_UNREADABLE``."""
    num_frames = 0
    try:
        with _ForwardReader(path) as file:
            while num_frames < max_frames:
                read = len(file.read(BLOCK_FRAMES, dtype="float32", always_2d=True))
                if not read:
                    break
                num_frames += read
    except soundfile.SoundFileError as error:
        raise _unreadable(str(error)) from error
    return num_frames


def _unreadable(detail: str) -> PipelineError:
    return PipelineError(
        "AUDIO_UNREADABLE", "The file cannot be read as sound. Is it damaged?", detail=detail
    )


def _truncated(detail: str) -> PipelineError:
    return PipelineError(
        "AUDIO_TRUNCATED", "The file is cut off: a part of its sound is missing.", detail=detail
    )

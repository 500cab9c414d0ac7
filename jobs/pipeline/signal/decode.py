"""Reading sound files through libsndfile, chunk by chunk: whole, or only the part that is played.

libsndfile plays a file that is cut off up to where it ends, without a word. So for WAV and AIFF
the chunks of the file are looked at first, for OGG its last page.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.signal.samples import CHUNK_FRAMES, FloatArray, db_to_gain
from jobs.pipeline.signal.trim import Trim, check_trim

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

# In the header of a WAV or AIFF, where writers that cannot seek (pipes) leave a size near 2^31 or
# 2^32 bytes, or zero.
_UNKNOWN_SIZE = 0x7FFF_0000
# Looked at in search of the one that holds the sound.
_MAX_CHUNKS = 4096

# An OGG page: 27 bytes of header, up to 255 lengths, up to 255 × 255 bytes.
_OGG_HEADER_BYTES = 27
_MAX_OGG_PAGE_BYTES = _OGG_HEADER_BYTES + 255 + 255 * 255
# Formats that do not land on the frame when they are asked to begin elsewhere than at the start.
_READ_FROM_START = ("MP3", "OGG")

# At either end of a part, in seconds, and the peak below which nothing needs it.
_FADE_S = 0.005
_SILENCE_DBFS = -60.0


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

    def chunks(
        self,
        chunk_frames: int = CHUNK_FRAMES,
        *,
        start_frame: int = 0,
        num_frames: int | None = None,
    ) -> Iterator[FloatArray]:
        """Decode: float32 ``(channels, n)``, n ≤ ``chunk_frames``, full scale 1.0.

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
                    wanted = int(min(chunk_frames, limit - num_decoded))
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
    if _is_cut_off(path):
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
                read = len(file.read(CHUNK_FRAMES, dtype="float32", always_2d=True))
                if not read:
                    break
                num_frames += read
    except soundfile.SoundFileError as error:
        raise _unreadable(str(error)) from error
    return num_frames


def _is_cut_off(path: Path) -> bool:
    """Whether a WAV or AIFF ends before the sound that its header announces, an OGG inside a page.

    Files of any other kind, and headers without a size, give ``False``.
    """
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12:
            return False
        match head[:4], head[8:]:
            case b"RIFF", b"WAVE":
                return _sound_is_cut(file, size_bytes, b"data", "<I")
            case b"RIFX", b"WAVE":
                return _sound_is_cut(file, size_bytes, b"data", ">I")
            case b"FORM", b"AIFF" | b"AIFC":
                return _sound_is_cut(file, size_bytes, b"SSND", ">I")
            case b"OggS", _:
                return _last_page_is_cut(file, size_bytes)
            case _:
                return False


def _sound_is_cut(file: BinaryIO, size_bytes: int, wanted: bytes, size_format: str) -> bool:
    position = 12
    for _ in range(_MAX_CHUNKS):
        file.seek(position)
        header = file.read(8)
        if len(header) < 8:
            return False  # no chunk of sound at all: for the decoder to refuse
        (chunk_bytes,) = struct.unpack(size_format, header[4:])
        if header[:4] == wanted:
            return bool(chunk_bytes < _UNKNOWN_SIZE and position + 8 + chunk_bytes > size_bytes)
        position += 8 + chunk_bytes + chunk_bytes % 2
    return False


def _last_page_is_cut(file: BinaryIO, size_bytes: int) -> bool:
    file.seek(max(0, size_bytes - _MAX_OGG_PAGE_BYTES))
    end = file.read()
    page = end[max(0, end.rfind(b"OggS")) :]
    if len(page) < _OGG_HEADER_BYTES:
        return True
    num_lengths = page[_OGG_HEADER_BYTES - 1]
    lengths = page[_OGG_HEADER_BYTES : _OGG_HEADER_BYTES + num_lengths]
    return len(page) < _OGG_HEADER_BYTES + num_lengths + sum(lengths)


def _unreadable(detail: str) -> PipelineError:
    return PipelineError(
        "AUDIO_UNREADABLE", "The file cannot be read as sound. Is it damaged?", detail=detail
    )


def _truncated(detail: str) -> PipelineError:
    return PipelineError(
        "AUDIO_TRUNCATED", "The file is cut off: a part of its sound is missing.", detail=detail
    )


def trimmed_chunks(audio: AudioFile, trim: Trim) -> Iterator[FloatArray]:
    """Decode that part of a DI recording at its own rate, all channels.

    A cut in the middle of a sound would click: then the first or last 5 ms are faded. A cut at
    silence leaves the samples as they are. Raises ``DI_TRIM_INVALID`` and as ``AudioFile.chunks``.
    """
    if trim.is_whole:
        yield from audio.chunks()
        return
    start, end = _trim_frames(audio, trim)
    num_fade = max(1, round(_FADE_S * audio.sample_rate_hz))
    chunks = _cut(audio, start, end)
    if start:
        chunks = _faded_in(chunks, num_fade)
    if end is not None:
        chunks = _faded_out(chunks, num_fade)
    yield from chunks


def _trim_frames(audio: AudioFile, trim: Trim) -> tuple[int, int | None]:
    """First frame, and one past the last (``None``: the end). Raises ``DI_TRIM_INVALID``."""
    check_trim(trim, audio.duration_s)
    start = round(trim.start_s * audio.sample_rate_hz)
    end = None if trim.end_s is None else round(trim.end_s * audio.sample_rate_hz)
    # The length of some formats is only estimated: then the end is wherever it is.
    return start, None if end is not None and end >= audio.num_frames else end


def _cut(audio: AudioFile, start: int, end: int | None) -> Iterator[FloatArray]:
    if audio.format not in _READ_FROM_START:
        num_frames = None if end is None else end - start
        yield from audio.chunks(start_frame=start, num_frames=num_frames)
        return
    position = 0
    for chunk in audio.chunks():
        first = max(0, start - position)
        last = chunk.shape[1] if end is None else min(chunk.shape[1], end - position)
        position += chunk.shape[1]
        if first < last:
            yield chunk[:, first:last]
        if end is not None and position >= end:
            return


def _faded_in(chunks: Iterator[FloatArray], num_fade: int) -> Iterator[FloatArray]:
    head: FloatArray | None = None
    for chunk in chunks:
        head = chunk if head is None else np.concatenate([head, chunk], axis=1)
        if head.shape[1] >= num_fade:
            break
    if head is None:
        return
    yield np.concatenate([_faded(head[:, :num_fade], rising=True), head[:, num_fade:]], axis=1)
    yield from chunks


def _faded_out(chunks: Iterator[FloatArray], num_fade: int) -> Iterator[FloatArray]:
    held: FloatArray | None = None
    for chunk in chunks:
        held = chunk if held is None else np.concatenate([held, chunk], axis=1)
        if held.shape[1] > num_fade:
            yield held[:, :-num_fade]
            held = held[:, -num_fade:]
    if held is not None:
        yield _faded(held, rising=False)


def _faded(edge: FloatArray, *, rising: bool) -> FloatArray:
    """Unchanged where it is silent."""
    if float(np.abs(edge).max(initial=0.0)) < db_to_gain(_SILENCE_DBFS):
        return edge
    gains = ((np.arange(edge.shape[1]) + 0.5) / edge.shape[1]).astype(np.float32)
    faded: FloatArray = edge * (gains if rising else gains[::-1])
    return faded

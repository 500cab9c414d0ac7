"""The soundtrack: AAC-LC, 48 kHz stereo, in step with the picture and below the peak limit.

An AAC encoder puts 1,024 samples of priming before the sound. The usual cure is an edit list, which
YouTube and several players ignore. So the first 1,024 frames of the montage (silence under the
opening card) are not encoded: what a decoder gives back, priming included, then lies exactly where
the montage has it.

Coding moves peaks, so the true peak is measured on what a decoder gives back. When it is too high
the whole soundtrack is encoded again with one constant gain.
"""

from __future__ import annotations

import contextlib
import struct
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import av
import numpy as np
import soxr
from av.audio.codeccontext import AudioCodecContext

from jobs.pipeline.errors import PipelineError, Progress
from jobs.pipeline.formats.timeline import Timeline
from jobs.pipeline.signal.samples import OUTPUT_SAMPLE_RATE_HZ, FloatArray, db_to_gain
from jobs.pipeline.video.scene import open_montage

AAC_FRAME = 1024
AAC_PRIMING = 1024
AAC_BIT_RATE = 384_000
TRUE_PEAK_CEILING_DBTP = -1.0

# No noise substitution and no intensity stereo: the tones are to be compared, not imitated. Most
# soundtracks are dual mono; coded as mid and side, the idle side leaves the encoder's search for
# the bit rate without an end (2.5 times slower, at no better ratio of signal to noise).
_AAC_OPTIONS = {"aac_coder": "twoloop", "aac_ms": "0", "aac_is": "0", "aac_pns": "0"}

_OVERSAMPLING = 4
_MAX_ATTEMPTS = 4
# A little more than needed, because coding at the new level moves the peaks again.
_MARGIN_DB = 0.05
_SILENCE_DBTP = -200.0

_PROGRESS_EVERY_AAC_FRAMES = 16


@dataclass(frozen=True, slots=True)
class Soundtrack:
    """Encoded packets in a temporary file, the level as decoded, and the gain it took."""

    file: IO[bytes]
    extradata: bytes
    num_packets: int
    true_peak_dbtp: float
    gain_db: float

    def packets(self) -> Iterator[bytes]:
        """The payload of every packet; packet n starts at frame 1024·n."""
        self.file.seek(0)
        while header := self.file.read(4):
            yield self.file.read(struct.unpack("<I", header)[0])


class TruePeakMeter:
    """The largest value between the samples (ITU-R BS.1770-5, Annex 2), four-fold oversampled."""

    def __init__(self, num_channels: int) -> None:
        self._resampler = soxr.ResampleStream(
            OUTPUT_SAMPLE_RATE_HZ,
            _OVERSAMPLING * OUTPUT_SAMPLE_RATE_HZ,
            num_channels,
            dtype="float32",
            quality="HQ",
        )
        self._peak = 0.0

    def add(self, chunk: FloatArray, *, is_last: bool = False) -> None:
        """Hear ``(channels, frames)``."""
        oversampled = self._resampler.resample_chunk(np.ascontiguousarray(chunk.T), last=is_last)
        for values in (chunk, oversampled):
            if values.size:
                self._peak = max(self._peak, float(values.max()), -float(values.min()))

    @property
    def true_peak_dbtp(self) -> float:
        return 20.0 * float(np.log10(self._peak)) if self._peak > 0.0 else _SILENCE_DBTP


def new_aac_encoder() -> AudioCodecContext:
    encoder = av.CodecContext.create("aac", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate = OUTPUT_SAMPLE_RATE_HZ
    encoder.layout = "stereo"
    encoder.format = "fltp"
    encoder.bit_rate = AAC_BIT_RATE
    encoder.options = _AAC_OPTIONS
    return encoder


@contextlib.contextmanager
def encode_soundtrack(
    timeline: Timeline, montage: Path, *, folder: Path, progress: Progress
) -> Iterator[Soundtrack]:
    """Encode the montage; the packets live in ``folder`` until the context is left.

    Raises ``PipelineError`` VIDEO_MONTAGE_INVALID (not the timeline's sound) and
    VIDEO_TRUE_PEAK (no gain brings the peak under the ceiling, which should not happen).
    """
    gain_db = 0.0
    for _ in range(_MAX_ATTEMPTS):
        with tempfile.TemporaryFile(dir=folder) as file:
            soundtrack = _encode(timeline, montage, file, gain_db, progress)
            if soundtrack.true_peak_dbtp <= TRUE_PEAK_CEILING_DBTP:
                yield soundtrack
                return
            gain_db += TRUE_PEAK_CEILING_DBTP - soundtrack.true_peak_dbtp - _MARGIN_DB
    raise PipelineError(
        "VIDEO_TRUE_PEAK",
        "The sound of the video cannot be brought below its peak limit.",
        detail=f"{soundtrack.true_peak_dbtp:.2f} dBTP at {gain_db:.2f} dB",
    )


def _encode(
    timeline: Timeline, montage: Path, file: IO[bytes], gain_db: float, progress: Progress
) -> Soundtrack:
    encoder, decoder = new_aac_encoder(), av.CodecContext.create("aac", "r")
    assert isinstance(decoder, AudioCodecContext)
    meter = TruePeakMeter(2)
    num_packets = 0

    def store(packets: Sequence[av.Packet[Any]]) -> None:
        nonlocal num_packets
        for packet in packets:
            if decoder.extradata is None:
                decoder.extradata = encoder.extradata
            payload = bytes(packet)
            file.write(struct.pack("<I", len(payload)) + payload)
            num_packets += 1
            for decoded in decoder.decode(av.Packet(payload)):
                meter.add(decoded.to_ndarray().astype(np.float32, copy=False))

    gain = np.float32(db_to_gain(gain_db))
    for number, chunk in enumerate(_aac_frames(timeline, montage)):
        if number % _PROGRESS_EVERY_AAC_FRAMES == 0:
            progress(number * AAC_FRAME / timeline.total_frames)
        frame = av.AudioFrame.from_ndarray(chunk * gain, format="fltp", layout="stereo")
        frame.sample_rate = OUTPUT_SAMPLE_RATE_HZ
        frame.pts = number * AAC_FRAME
        store(encoder.encode(frame))
    store(encoder.encode(None))
    meter.add(np.zeros((2, AAC_FRAME), np.float32), is_last=True)
    return Soundtrack(file, encoder.extradata or b"", num_packets, meter.true_peak_dbtp, gain_db)


def _aac_frames(timeline: Timeline, montage: Path) -> Iterator[FloatArray]:
    """The montage from frame 1,024 on, in encoder frames; the last one may be short."""
    with open_montage(timeline, montage) as source:
        source.seek(min(AAC_PRIMING, timeline.total_frames))
        for chunk in source.blocks(16 * AAC_FRAME, dtype="float32", always_2d=True):
            for start in range(0, len(chunk), AAC_FRAME):
                yield np.ascontiguousarray(chunk[start : start + AAC_FRAME].T)

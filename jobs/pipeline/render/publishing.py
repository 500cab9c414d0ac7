"""From renders to what is published: one constant gain per segment, its file, and the montage."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.files import sha256_of
from jobs.pipeline.formats.timeline import Timeline, TimelineEntry
from jobs.pipeline.measure.loudness import GatedLoudness, LoudnessMeter, LoudnessResult
from jobs.pipeline.signal.decode import AudioFile, open_audio
from jobs.pipeline.signal.encode import PcmWritten, write_pcm_24
from jobs.pipeline.signal.fades import fade_in_gains, fade_out_gains
from jobs.pipeline.signal.samples import (
    CHUNK_FRAMES,
    OUTPUT_SAMPLE_RATE_HZ,
    FloatArray,
    WaveformOutline,
    db_to_gain,
    empty,
)
from jobs.pipeline.step_times import timed

DEFAULT_TARGET_LUFS = -14.0
DEFAULT_CEILING_DBTP = -1.0

# A lowered target is rounded down to a hundredth, which also keeps other meters below the ceiling.
_TARGET_STEPS_PER_LU = 100

_MONTAGE_CHANNELS = 2


@dataclass(frozen=True, slots=True)
class LevelMatch:
    """``gains_db``: one per segment, in the order given. ``is_target_lowered``: the ceiling did
    not let all segments be as loud as was wished."""

    common_target_lufs: float
    gains_db: tuple[float, ...]
    is_target_lowered: bool


def match_levels(
    renders: Sequence[LoudnessResult],
    target_lufs: float = DEFAULT_TARGET_LUFS,
    ceiling_dbtp: float = DEFAULT_CEILING_DBTP,
) -> LevelMatch:
    """The gains that bring every segment of a shootout to one loudness.

    When the true peak of any would exceed the ceiling, the common target is lowered for all, so
    they stay alike. ``renders``: those of ``measure_loudness`` know how a gain moves the gates.
    Raises ``LOUDNESS_UNKNOWN`` when a segment has no loudness.
    """
    target = target_lufs
    while True:
        levels = [_level(render, target) for render in renders]
        loudest = min((ceiling_dbtp - peak for _, peak in levels), default=target)
        if loudest >= target:
            gains_db = tuple(target - basis_lufs for basis_lufs, _ in levels)
            return LevelMatch(target, gains_db, target < target_lufs)
        target = math.floor(loudest * _TARGET_STEPS_PER_LU) / _TARGET_STEPS_PER_LU


def _level(render: LoudnessResult, target_lufs: float) -> tuple[float, float]:
    """What the gain is counted from, in LUFS, and how far the true peak is above that, in dB."""
    basis_lufs = render.basis_lufs(target_lufs)
    if render.integrated_lufs is None or basis_lufs is None or render.true_peak_dbtp is None:
        raise PipelineError(
            "LOUDNESS_UNKNOWN", "A segment is too quiet or too short to be level-matched."
        )
    return basis_lufs, render.true_peak_dbtp - basis_lufs


@dataclass(frozen=True, slots=True)
class PublishedSegment:
    """A finished file. ``pcm_sha256``: of the 24-bit little-endian samples, interleaved.
    ``loudness``: measured on the samples as written, one channel as dual mono."""

    sha256: str
    pcm_sha256: str
    num_frames: int
    num_channels: int
    duration_s: float
    loudness: LoudnessResult
    waveform: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """What is played of a render: from ``advance_frames`` on, and with silence at its end should
    that leave less than ``min_frames``."""

    advance_frames: int = 0
    min_frames: int = 0

    def num_frames(self, audio: AudioFile) -> int:
        return max(audio.num_frames - self.advance_frames, self.min_frames)

    def chunks(self, audio: AudioFile) -> Iterator[FloatArray]:
        to_drop, num_frames = self.advance_frames, 0
        for chunk in audio.chunks():
            played = chunk[:, min(to_drop, chunk.shape[1]) :]
            to_drop -= chunk.shape[1] - played.shape[1]
            num_frames += played.shape[1]
            if played.shape[1]:
                yield played
        if num_frames < self.min_frames:
            yield np.zeros((audio.num_channels, self.min_frames - num_frames), dtype=np.float32)


@timed("measure")
def measure_loudness(
    pre_gain_path: Path, cut: Cut = Cut(), progress: Progress = no_progress
) -> GatedLoudness:
    """Of what is played of a render. Raises what ``open_audio`` raises."""
    audio = open_audio(pre_gain_path)
    meter = LoudnessMeter(audio.sample_rate_hz, audio.num_channels)
    num_frames = 0
    for chunk in cut.chunks(audio):
        meter.add(chunk)
        num_frames += chunk.shape[1]
        progress(min(1.0, num_frames / cut.num_frames(audio)))
    return meter.gated_result()


@timed("publish")
def publish_segment(
    pre_gain_path: Path,
    gain_db: float,
    out_path: Path,
    *,
    cut: Cut = Cut(),
    dither_key: str | None = None,
    progress: Progress = no_progress,
) -> PublishedSegment:
    """Apply a gain, dither to 24 bits and write FLAC (WAV where the name ends in ``.wav``).

    The rate and the channels stay. The dither is drawn from ``dither_key``, by default the
    SHA-256 of the pre-gain file: the same render gives the same samples. A file appears only when
    it is whole, whatever ``progress`` raises. Raises what ``open_audio`` raises.
    """
    audio = open_audio(pre_gain_path)
    gain = np.float32(db_to_gain(gain_db))

    def louder() -> Iterator[FloatArray]:
        num_frames = 0
        for chunk in cut.chunks(audio):
            yield chunk * gain
            num_frames += chunk.shape[1]
            progress(min(1.0, num_frames / cut.num_frames(audio)))

    meter = LoudnessMeter(audio.sample_rate_hz, audio.num_channels)
    outline = WaveformOutline()

    def hear(chunk: FloatArray) -> None:
        meter.add(chunk)
        outline.add(chunk)

    written = write_pcm_24(
        out_path,
        louder(),
        audio.sample_rate_hz,
        audio.num_channels,
        dither_key=sha256_of(pre_gain_path) if dither_key is None else dither_key,
        on_written=hear,
    )
    return PublishedSegment(
        sha256=sha256_of(out_path),
        pcm_sha256=written.pcm_sha256,
        num_frames=written.num_frames,
        num_channels=audio.num_channels,
        duration_s=written.num_frames / audio.sample_rate_hz,
        loudness=meter.result(),
        waveform=outline.columns(),
    )


@timed("montage")
def write_montage(
    timeline: Timeline,
    segment_paths: Mapping[tuple[int, int], Path],
    out_path: Path,
    *,
    progress: Progress = no_progress,
) -> PcmWritten:
    """The montage: all segments in playing order as one sound file.

    Writes the timeline as stereo 48 kHz 24-bit FLAC, ``timeline.total_frames`` long.

    ``segment_paths``: published segments (48 kHz, one or two channels) by
    ``(contender_index, di_index)``. Outside the joins their samples are copied to the bit, one
    channel to both sides. In a join two segments in phase may add up to more than either:
    ``num_clipped`` of the result tells whether full scale was passed. Streams; a file appears only
    when it is whole, whatever ``progress`` raises.

    Raises what ``open_audio`` raises, ``AUDIO_TRUNCATED`` when a segment is shorter than planned,
    ``ValueError`` when one is at another rate.
    """
    files = {key: _open_segment(path) for key, path in segment_paths.items()}

    def watched() -> Iterator[FloatArray]:
        num_frames = 0
        for chunk in _mixed(timeline, files):
            yield chunk
            num_frames += chunk.shape[1]
            progress(num_frames / timeline.total_frames)

    return write_pcm_24(
        out_path, watched(), OUTPUT_SAMPLE_RATE_HZ, _MONTAGE_CHANNELS, dither_key=None
    )


def _open_segment(path: Path) -> AudioFile:
    audio = open_audio(path)
    if audio.sample_rate_hz != OUTPUT_SAMPLE_RATE_HZ or audio.num_channels > _MONTAGE_CHANNELS:
        raise ValueError("a published segment is at 48 kHz and has one or two channels")
    return audio


def _mixed(timeline: Timeline, files: Mapping[tuple[int, int], AudioFile]) -> Iterator[FloatArray]:
    """Entries added up where they overlap, silence where there are none."""
    waiting = deque(sorted(timeline.entries, key=lambda entry: entry.start_frame))
    sounding: list[_EntryReader] = []
    for start in range(0, timeline.total_frames, CHUNK_FRAMES):
        end = min(start + CHUNK_FRAMES, timeline.total_frames)
        while waiting and waiting[0].start_frame < end:
            entry = waiting.popleft()
            sounding.append(_EntryReader(entry, files[(entry.contender_index, entry.di_index)]))
        chunk = np.zeros((_MONTAGE_CHANNELS, end - start), dtype=np.float32)
        for reader in sounding:
            first, last = reader.position, min(reader.entry.end_frame, end)
            chunk[:, first - start : last - start] += reader.read(last - first)
        sounding = [reader for reader in sounding if reader.position < reader.entry.end_frame]
        yield chunk


class _EntryReader:
    """One entry of the timeline from its first frame to its last, faded where it is joined.

    ``position``: where in the montage the next frame belongs.
    """

    def __init__(self, entry: TimelineEntry, file: AudioFile) -> None:
        self.entry = entry
        self.position = entry.start_frame
        self._chunks = file.chunks(
            start_frame=entry.source_start_frame, num_frames=entry.num_frames
        )
        self._pending = empty(file.num_channels)

    def read(self, num_frames: int) -> FloatArray:
        """The next ``num_frames``, one or two channels."""
        parts = [self._pending]
        num_found = self._pending.shape[1]
        while num_found < num_frames:
            parts.append(next(self._chunks))
            num_found += parts[-1].shape[1]
        found = np.concatenate(parts, axis=1)
        self._pending = found[:, num_frames:]
        first = self.position - self.entry.start_frame
        self.position += num_frames
        return self._faded(found[:, :num_frames].copy(), first)

    def _faded(self, chunk: FloatArray, first: int) -> FloatArray:
        """``chunk`` begins ``first`` frames into the entry."""
        last = first + chunk.shape[1]
        num_in, num_out = self.entry.fade_in_frames, self.entry.fade_out_frames
        if first < num_in:
            gains = fade_in_gains(num_in)[first:last]
            chunk[:, : len(gains)] *= gains
        fade_start = self.entry.num_frames - num_out
        if last > fade_start:
            gains = fade_out_gains(num_out)[max(first - fade_start, 0) : last - fade_start]
            chunk[:, chunk.shape[1] - len(gains) :] *= gains
        return chunk

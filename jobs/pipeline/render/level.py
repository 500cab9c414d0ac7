"""Level matching: one constant gain per segment, and publishing with it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.files import sha256_of
from jobs.pipeline.measure.loudness import GatedLoudness, LoudnessMeter, LoudnessResult
from jobs.pipeline.signal.decode import AudioFile, open_audio
from jobs.pipeline.signal.encode import write_pcm_24
from jobs.pipeline.signal.samples import FloatArray, db_to_gain
from jobs.pipeline.signal.waveform import WaveformOutline
from jobs.pipeline.step_times import timed

DEFAULT_TARGET_LUFS = -14.0
DEFAULT_CEILING_DBTP = -1.0

# A lowered target is rounded down to a hundredth, which also keeps other meters below the ceiling.
_TARGET_STEPS_PER_LU = 100


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

    def blocks(self, audio: AudioFile) -> Iterator[FloatArray]:
        to_drop, num_frames = self.advance_frames, 0
        for block in audio.blocks():
            played = block[:, min(to_drop, block.shape[1]) :]
            to_drop -= block.shape[1] - played.shape[1]
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
    for block in cut.blocks(audio):
        meter.add(block)
        num_frames += block.shape[1]
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
        for block in cut.blocks(audio):
            yield block * gain
            num_frames += block.shape[1]
            progress(min(1.0, num_frames / cut.num_frames(audio)))

    meter = LoudnessMeter(audio.sample_rate_hz, audio.num_channels)
    outline = WaveformOutline()

    def hear(block: FloatArray) -> None:
        meter.add(block)
        outline.add(block)

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

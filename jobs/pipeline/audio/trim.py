"""The part of a DI recording that is played: from one frame to another, at its own rate.

A cut in the middle of a sound would click: then the first or last 5 ms are faded. A cut at silence
leaves the samples as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jobs.pipeline.audio.decode import AudioFile
from jobs.pipeline.audio.signal import FloatArray, db_to_gain
from jobs.pipeline.errors import PipelineError

MIN_DI_DURATION_S = 0.4  # one gating block of the loudness meter
FADE_S = 0.005
_ROUNDING_S = 1e-3  # people and pages write milliseconds
_SILENCE_DBFS = -60.0
# These do not land on the frame when they are asked to begin elsewhere than at the beginning.
_READ_FROM_START = ("MP3", "OGG")


@dataclass(frozen=True, slots=True)
class Trim:
    """``end_s``: ``None`` is the end of the recording."""

    start_s: float = 0.0
    end_s: float | None = None

    @property
    def is_whole(self) -> bool:
        return self.start_s == 0.0 and self.end_s is None


WHOLE = Trim()


def trimmed_blocks(audio: AudioFile, trim: Trim) -> Iterator[FloatArray]:
    """Decode that part of a file, all channels. Raises ``DI_TRIM_INVALID`` and as
    ``AudioFile.blocks``."""
    if trim.is_whole:
        yield from audio.blocks()
        return
    start, end = trim_frames(audio, trim)
    num_fade = max(1, round(FADE_S * audio.sample_rate_hz))
    blocks = _cut(audio, start, end)
    if start:
        blocks = _faded_in(blocks, num_fade)
    if end is not None:
        blocks = _faded_out(blocks, num_fade)
    yield from blocks


def check_trim(trim: Trim, duration_s: float) -> None:
    """Raises ``DI_TRIM_INVALID`` for what is no part of a recording, or too short to be played."""
    end_s = duration_s if trim.end_s is None else trim.end_s
    is_inside = 0.0 <= trim.start_s < end_s <= duration_s + _ROUNDING_S
    if not is_inside or end_s - trim.start_s < MIN_DI_DURATION_S - _ROUNDING_S:
        shown = "its end" if trim.end_s is None else f"{trim.end_s:g} s"
        raise PipelineError(
            "DI_TRIM_INVALID",
            f"The DI is {duration_s:.3f} s long; it cannot be played from {trim.start_s:g} s to "
            f"{shown}. At least {MIN_DI_DURATION_S:g} s of it must be left.",
        )


def check_part(trim: Trim, duration_s: float, sound_s: tuple[float, float]) -> None:
    """As ``check_trim``, and for what is nothing but silence. ``sound_s``: where sound begins and
    ends in the recording, as probed."""
    check_trim(trim, duration_s)
    end_s = duration_s if trim.end_s is None else trim.end_s
    if trim.start_s >= sound_s[1] or end_s <= sound_s[0]:
        raise PipelineError(
            "DI_TRIM_INVALID",
            f"There is only silence from {trim.start_s:g} s to {end_s:g} s of the DI; it sounds "
            f"from {sound_s[0]:.1f} s to {sound_s[1]:.1f} s.",
        )


def trim_frames(audio: AudioFile, trim: Trim) -> tuple[int, int | None]:
    """First frame, and one past the last (``None``: the end). Raises ``DI_TRIM_INVALID``."""
    check_trim(trim, audio.duration_s)
    start = round(trim.start_s * audio.sample_rate_hz)
    end = None if trim.end_s is None else round(trim.end_s * audio.sample_rate_hz)
    # The length of some formats is only estimated: then the end is wherever it is.
    return start, None if end is not None and end >= audio.num_frames else end


def _cut(audio: AudioFile, start: int, end: int | None) -> Iterator[FloatArray]:
    if audio.format not in _READ_FROM_START:
        num_frames = None if end is None else end - start
        yield from audio.blocks(start_frame=start, num_frames=num_frames)
        return
    position = 0
    for block in audio.blocks():
        first = max(0, start - position)
        last = block.shape[1] if end is None else min(block.shape[1], end - position)
        position += block.shape[1]
        if first < last:
            yield block[:, first:last]
        if end is not None and position >= end:
            return


def _faded_in(blocks: Iterator[FloatArray], num_fade: int) -> Iterator[FloatArray]:
    head: FloatArray | None = None
    for block in blocks:
        head = block if head is None else np.concatenate([head, block], axis=1)
        if head.shape[1] >= num_fade:
            break
    if head is None:
        return
    yield np.concatenate([_faded(head[:, :num_fade], rising=True), head[:, num_fade:]], axis=1)
    yield from blocks


def _faded_out(blocks: Iterator[FloatArray], num_fade: int) -> Iterator[FloatArray]:
    held: FloatArray | None = None
    for block in blocks:
        held = block if held is None else np.concatenate([held, block], axis=1)
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

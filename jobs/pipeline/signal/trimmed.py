"""The part of a DI recording that is played: from one frame to another, at its own rate.

A cut in the middle of a sound would click: then the first or last 5 ms are faded. A cut at silence
leaves the samples as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from jobs.pipeline.signal.decode import AudioFile
from jobs.pipeline.signal.samples import FloatArray, db_to_gain
from jobs.pipeline.signal.trim import Trim, check_trim

FADE_S = 0.005
_SILENCE_DBFS = -60.0
# These do not land on the frame when they are asked to begin elsewhere than at the beginning.
_READ_FROM_START = ("MP3", "OGG")


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

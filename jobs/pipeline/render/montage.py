"""The montage: all segments in playing order as one sound file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from jobs.pipeline.errors import Progress, no_progress
from jobs.pipeline.formats.timeline import Timeline, TimelineEntry
from jobs.pipeline.signal.decode import AudioFile, open_audio
from jobs.pipeline.signal.encode import PcmWritten, write_pcm_24
from jobs.pipeline.signal.samples import BLOCK_FRAMES, OUTPUT_SAMPLE_RATE_HZ, FloatArray, empty
from jobs.pipeline.step_times import timed
from jobs.pipeline.video.timeline import fade_in_gains, fade_out_gains

_NUM_CHANNELS = 2


@timed("montage")
def write_montage(
    timeline: Timeline,
    segment_paths: Mapping[tuple[int, int], Path],
    out_path: Path,
    *,
    progress: Progress = no_progress,
) -> PcmWritten:
    """Write the timeline as stereo 48 kHz 24-bit FLAC, ``timeline.total_frames`` long.

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
        for block in _mixed(timeline, files):
            yield block
            num_frames += block.shape[1]
            progress(num_frames / timeline.total_frames)

    return write_pcm_24(out_path, watched(), OUTPUT_SAMPLE_RATE_HZ, _NUM_CHANNELS, dither_key=None)


def _open_segment(path: Path) -> AudioFile:
    audio = open_audio(path)
    if audio.sample_rate_hz != OUTPUT_SAMPLE_RATE_HZ or audio.num_channels > _NUM_CHANNELS:
        raise ValueError("a published segment is at 48 kHz and has one or two channels")
    return audio


def _mixed(timeline: Timeline, files: Mapping[tuple[int, int], AudioFile]) -> Iterator[FloatArray]:
    """Entries added up where they overlap, silence where there are none."""
    waiting = deque(sorted(timeline.entries, key=lambda entry: entry.start_frame))
    sounding: list[_EntryReader] = []
    for start in range(0, timeline.total_frames, BLOCK_FRAMES):
        end = min(start + BLOCK_FRAMES, timeline.total_frames)
        while waiting and waiting[0].start_frame < end:
            entry = waiting.popleft()
            sounding.append(_EntryReader(entry, files[(entry.contender_index, entry.di_index)]))
        block = np.zeros((_NUM_CHANNELS, end - start), dtype=np.float32)
        for reader in sounding:
            first, last = reader.position, min(reader.entry.end_frame, end)
            block[:, first - start : last - start] += reader.read(last - first)
        sounding = [reader for reader in sounding if reader.position < reader.entry.end_frame]
        yield block


class _EntryReader:
    """One entry of the timeline from its first frame to its last, faded where it is joined.

    ``position``: where in the montage the next frame belongs.
    """

    def __init__(self, entry: TimelineEntry, file: AudioFile) -> None:
        self.entry = entry
        self.position = entry.start_frame
        self._blocks = file.blocks(
            start_frame=entry.source_start_frame, num_frames=entry.num_frames
        )
        self._pending = empty(file.num_channels)

    def read(self, num_frames: int) -> FloatArray:
        """The next ``num_frames``, one or two channels."""
        parts = [self._pending]
        num_found = self._pending.shape[1]
        while num_found < num_frames:
            parts.append(next(self._blocks))
            num_found += parts[-1].shape[1]
        found = np.concatenate(parts, axis=1)
        self._pending = found[:, num_frames:]
        first = self.position - self.entry.start_frame
        self.position += num_frames
        return self._faded(found[:, :num_frames].copy(), first)

    def _faded(self, block: FloatArray, first: int) -> FloatArray:
        """``block`` begins ``first`` frames into the entry."""
        last = first + block.shape[1]
        num_in, num_out = self.entry.fade_in_frames, self.entry.fade_out_frames
        if first < num_in:
            gains = fade_in_gains(num_in)[first:last]
            block[:, : len(gains)] *= gains
        fade_start = self.entry.num_frames - num_out
        if last > fade_start:
            gains = fade_out_gains(num_out)[max(first - fade_start, 0) : last - fade_start]
            block[:, block.shape[1] - len(gains) :] *= gains
        return block

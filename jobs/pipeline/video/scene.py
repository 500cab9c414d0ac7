"""What a video shows, as data, and the waveforms on the screen.

How it looks is in ``layout.py`` and ``templates/video/*.svg``. The waveforms are read from the
montage: they show what sounds, level-matched.

The pipeline is free of Django: anyone who calls hands in an ``SvgRenderer``, for example
``django.template.loader.render_to_string``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.formats.timeline import Timeline
from jobs.pipeline.signal.samples import CHUNK_FRAMES, OUTPUT_SAMPLE_RATE_HZ, FloatArray
from jobs.pipeline.vocabulary.options import ThemeName

# (contender_index, di_index)
SegmentKey: TypeAlias = tuple[int, int]

# Takes the name of a template ("video/contender.svg") and its values; gives SVG text in which
# every value is escaped.
SvgRenderer: TypeAlias = Callable[[str, Mapping[str, object]], str]


@dataclass(frozen=True, slots=True)
class SceneGear:
    """One block of a chain.

    ``kind``: a ``GearKind``, or any other word for a built-in processor. ``settings``: short texts
    ("gain 6", "+3.0 dB"). ``creator`` and ``licence``: of the capture, empty for a built-in
    processor.
    """

    kind: str
    name: str
    make: str = ""
    settings: tuple[str, ...] = ()
    creator: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class SceneDI:
    """A DI track. ``details``: guitar, pickup, tuning, tempo… as short texts, in that order."""

    name: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SceneContender:
    """One chain. ``note``: the input gain, in a few words, where that is the same with every
    DI; what differs is in the segments."""

    label: str
    gear: tuple[SceneGear, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class SceneSegment:
    """What is true of one contender over one DI and no other. ``note``: the input gain;
    ``loudness_lufs``: as published, ``None`` where it is not known."""

    note: str
    loudness_lufs: float | None


@dataclass(frozen=True, slots=True)
class VideoScene:
    """Everything a video tells. ``contenders`` and ``dis`` are indexed as in the timeline,
    ``segments`` by both.

    The waveforms are not here: see ``read_waveforms``.
    """

    title: str
    contenders: tuple[SceneContender, ...]
    dis: tuple[SceneDI, ...]
    description: str = ""
    target_lufs: float | None = None
    theme: ThemeName = "dark"
    segments: Mapping[SegmentKey, SceneSegment] = field(default_factory=dict)

    def segment(self, contender_index: int, di_index: int) -> SceneSegment:
        """What a frame says while this contender plays this DI."""
        known = self.segments.get((contender_index, di_index))
        return known or SceneSegment(self.contenders[contender_index].note, self.target_lufs)

    def texts(self) -> str:
        """All that will be written, for choosing fonts."""
        parts = [self.title, self.description]
        for di in self.dis:
            parts += [di.name, *di.details]
        for contender in self.contenders:
            parts += [contender.label, contender.note]
            for gear in contender.gear:
                parts += [gear.name, gear.make, gear.creator, gear.licence, *gear.settings]
        parts += [segment.note for segment in self.segments.values()]
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Waveform:
    """One segment in ``bars``: ``peaks`` and ``rms``, linear, shape ``(bars,)``; its length."""

    peaks: NDArray[np.float32]
    rms: NDArray[np.float32]
    num_frames: int


class _Bars:
    """Gathers peak and mean square of ``num_frames`` frames in ``num_bars`` equal parts."""

    def __init__(self, num_frames: int, num_bars: int) -> None:
        self.num_frames = num_frames
        self.peaks = np.zeros(num_bars, np.float32)
        self.squares = np.zeros(num_bars, np.float64)
        self.counts = np.zeros(num_bars, np.int64)

    def add(self, chunk: FloatArray, first_frame: int) -> None:
        frames = np.arange(first_frame, first_frame + chunk.shape[1])
        bars = frames * len(self.peaks) // self.num_frames
        starts = np.flatnonzero(np.diff(bars, prepend=-1))
        at = bars[starts]
        peaks = np.maximum.reduceat(np.abs(chunk).max(axis=0), starts)
        self.peaks[at] = np.maximum(self.peaks[at], peaks)
        self.squares[at] += np.add.reduceat((chunk.astype(np.float64) ** 2).mean(axis=0), starts)
        self.counts[at] += np.diff(starts, append=len(bars))

    def finish(self) -> Waveform:
        rms = np.sqrt(self.squares / np.maximum(self.counts, 1)).astype(np.float32)
        return Waveform(self.peaks, rms, self.num_frames)


def segment_frames(timeline: Timeline) -> dict[SegmentKey, int]:
    """How long each segment of the timeline is, in frames."""
    lengths: dict[SegmentKey, int] = defaultdict(int)
    for entry in timeline.entries:
        key = (entry.contender_index, entry.di_index)
        lengths[key] = max(lengths[key], entry.source_start_frame + entry.num_frames)
    return dict(lengths)


def read_waveforms(
    timeline: Timeline, montage: Path, num_bars: int, *, progress: Progress = no_progress
) -> dict[SegmentKey, Waveform]:
    """The waveform of every segment. One pass over the montage, chunk by chunk."""
    gathered = {
        key: _Bars(num_frames, num_bars) for key, num_frames in segment_frames(timeline).items()
    }
    with open_montage(timeline, montage) as file:
        for entry in timeline.entries:
            bars = gathered[entry.contender_index, entry.di_index]
            file.seek(entry.start_frame)
            position = entry.source_start_frame
            for chunk in _chunks(file, entry.num_frames):
                progress(file.tell() / timeline.total_frames)
                bars.add(chunk, position)
                position += chunk.shape[1]
    return {key: bars.finish() for key, bars in gathered.items()}


def _chunks(file: soundfile.SoundFile, num_frames: int) -> Iterator[FloatArray]:
    while num_frames > 0:
        chunk = file.read(min(CHUNK_FRAMES, num_frames), dtype="float32", always_2d=True)
        if len(chunk) == 0:
            return
        num_frames -= len(chunk)
        yield chunk.T


def open_montage(timeline: Timeline, montage: Path) -> soundfile.SoundFile:
    """Open the montage. Raises ``PipelineError`` VIDEO_MONTAGE_INVALID if it is not the timeline's
    sound: stereo, 48 kHz, exactly as long.
    """
    try:
        file = soundfile.SoundFile(montage)
    except (soundfile.LibsndfileError, OSError) as error:
        raise PipelineError(
            "VIDEO_MONTAGE_INVALID", "The sound of the video cannot be read.", detail=str(error)
        ) from error
    actual = (file.channels, file.samplerate, file.frames)
    expected = (2, OUTPUT_SAMPLE_RATE_HZ, timeline.total_frames)
    if actual != expected:
        file.close()
        raise PipelineError(
            "VIDEO_MONTAGE_INVALID",
            "The sound of the video does not fit its timeline.",
            detail=f"channels, rate, frames are {actual} instead of {expected}",
        )
    return file

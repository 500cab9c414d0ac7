"""A made-up shootout with sound, for measuring and testing without captures and renders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from jobs.pipeline.formats.timeline import Timeline
from jobs.pipeline.signal.fades import fade_in_gains, fade_out_gains
from jobs.pipeline.signal.samples import OUTPUT_SAMPLE_RATE_HZ, FloatArray
from jobs.pipeline.video.scene import SceneContender, SceneDI, SceneGear, VideoScene, segment_frames
from jobs.pipeline.video.timeline import TimelineSegment, build_timeline
from jobs.pipeline.vocabulary.options import PlaybackOrder, ThemeName

_NOTE_S = 0.4
_RMS = 0.14

_TONES = (
    ("Clean combo", "amp", 0.4, ("bright on", "volume 4")),
    ("Crunch stack", "amp", 2.0, ("gain 6", "presence 5")),
    ("High-gain stack", "amp", 12.0, ("gain 7", "master 4")),
)


def sample_scene(num_contenders: int = 3, theme: ThemeName = "dark") -> VideoScene:
    """A scene of ``num_contenders`` invented chains over one DI."""
    cab = SceneGear("cab", "4×12 closed back", "Sample", ("SM57",), "GTS project", "CC0 1.0")
    contenders = []
    for index in range(num_contenders):
        name, kind, _, settings = _TONES[index % len(_TONES)]
        amp = SceneGear(kind, name, "Sample", settings, "GTS project", "CC0 1.0")
        contenders.append(SceneContender(f"{name} {index + 1}", (amp, cab), "Input calibrated"))
    return VideoScene(
        title="A sample shootout",
        contenders=tuple(contenders),
        dis=(SceneDI("Riff in A", ("Electric guitar", "bridge humbucker", "150 bpm")),),
        target_lufs=-14.0,
        theme=theme,
    )


def sample_timeline(
    duration_s: float = 30.0, num_contenders: int = 3, order: PlaybackOrder = "sequential"
) -> Timeline:
    """A timeline of about ``duration_s``, cards included."""
    segment_s = (duration_s - 5.5) / num_contenders
    frames = round(segment_s * OUTPUT_SAMPLE_RATE_HZ)
    return build_timeline([TimelineSegment(i, 0, frames) for i in range(num_contenders)], order)


def write_sample_montage(timeline: Timeline, path: Path) -> None:
    """Plucked notes through three amounts of tanh, equally loud, where the timeline has them."""
    montage = np.zeros((timeline.total_frames, 2), np.float32)
    sounds = {key: _riff(frames, key[0]) for key, frames in segment_frames(timeline).items()}
    for entry in timeline.entries:
        source = sounds[entry.contender_index, entry.di_index]
        part = source[entry.source_start_frame :][: entry.num_frames].copy()
        if entry.fade_in_frames:
            part[: entry.fade_in_frames] *= fade_in_gains(entry.fade_in_frames)
        if entry.fade_out_frames:
            part[-entry.fade_out_frames :] *= fade_out_gains(entry.fade_out_frames)
        montage[entry.start_frame : entry.end_frame] += part[:, np.newaxis]
    soundfile.write(path, montage, OUTPUT_SAMPLE_RATE_HZ, subtype="PCM_24", format="FLAC")


def _riff(num_frames: int, tone: int) -> FloatArray:
    random = np.random.default_rng(7)
    time_s = np.arange(num_frames) / OUTPUT_SAMPLE_RATE_HZ
    phase_s = time_s % _NOTE_S
    notes = random.integers(0, 15, int(num_frames / OUTPUT_SAMPLE_RATE_HZ / _NOTE_S) + 1)
    pitch_hz = 110.0 * 2.0 ** (notes[(time_s / _NOTE_S).astype(np.int64)] / 12)
    pluck = sum(np.sin(2 * np.pi * pitch_hz * h * phase_s) / h for h in range(1, 7))
    drive = _TONES[tone % len(_TONES)][2]
    sound = np.tanh(drive * np.asarray(pluck) * np.exp(-4.0 * phase_s))
    leveled: FloatArray = (sound * (_RMS / np.sqrt(np.mean(sound**2)))).astype(np.float32)
    return leveled

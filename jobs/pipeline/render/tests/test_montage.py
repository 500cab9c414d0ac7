"""The montage holds the published samples, where the timeline says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile

from jobs.pipeline.errors import CancelledError, PipelineError
from jobs.pipeline.formats.timeline import Timeline
from jobs.pipeline.render.publishing import write_montage
from jobs.pipeline.signal.encode import write_pcm_24
from jobs.pipeline.signal.fades import fade_in_gains, fade_out_gains
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.tests.signals import noise, sine
from jobs.pipeline.video.timeline import TimelineSegment, build_timeline

Key = tuple[int, int]


def publish(
    folder: Path, signals: Mapping[Key, FloatArray], rate: int = 48_000
) -> tuple[dict[Key, Path], list[TimelineSegment]]:
    """Signals by (contender, DI) as published files, and what the timeline wants to know."""
    paths = {}
    for (contender, di), signal in signals.items():
        path = folder / f"{contender}-{di}.flac"
        write_pcm_24(path, [signal], rate, signal.shape[0], dither_key="test")
        paths[(contender, di)] = path
    segments = [TimelineSegment(c, d, signal.shape[1]) for (c, d), signal in signals.items()]
    return paths, segments


def montage(timeline: Timeline, paths: Mapping[Key, Path], out: Path) -> FloatArray:
    written = write_montage(timeline, paths, out)
    info = soundfile.info(out)
    assert (info.format, info.subtype) == ("FLAC", "PCM_24")
    assert (info.samplerate, info.channels) == (48_000, 2)
    assert info.frames == written.num_frames == timeline.total_frames
    return read(out)


def read(path: Path) -> FloatArray:
    samples, _ = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(samples.T)


def test_in_sequence_every_sample_is_where_the_timeline_says(tmp_path: Path) -> None:
    paths, segments = publish(
        tmp_path,
        {
            (0, 0): noise(70_001, seed=1),
            (1, 0): noise(65_000, seed=2, num_channels=2),
            (0, 1): noise(40_000, seed=3),
        },
    )
    timeline = build_timeline(segments)
    found = montage(timeline, paths, tmp_path / "montage.flac")

    for entry in timeline.entries:
        source = read(paths[(entry.contender_index, entry.di_index)])
        stretch = found[:, entry.start_frame : entry.end_frame]
        assert np.array_equal(stretch, np.broadcast_to(source, stretch.shape))
    assert len(timeline.cards) == 3
    for card in timeline.cards:
        assert not found[:, card.start_frame : card.end_frame].any()


def test_alternating_slices_are_joined_with_equal_power(tmp_path: Path) -> None:
    paths, segments = publish(tmp_path, {(n, 0): noise(100_000, seed=n) for n in range(3)})
    timeline = build_timeline(segments, "alternating", slice_s=0.5)
    found = montage(timeline, paths, tmp_path / "montage.flac")

    expected = np.zeros((2, timeline.total_frames))
    for entry in timeline.entries:
        source = read(paths[(entry.contender_index, entry.di_index)])
        last = entry.source_start_frame + entry.num_frames
        part = source[:, entry.source_start_frame : last].astype(np.float64)
        part[:, : entry.fade_in_frames] *= fade_in_gains(entry.fade_in_frames)
        if entry.fade_out_frames:
            part[:, -entry.fade_out_frames :] *= fade_out_gains(entry.fade_out_frames)
        expected[:, entry.start_frame : entry.end_frame] += part
    assert len(timeline.entries) == 12
    assert np.abs(found - expected).max() < 2.0**-22
    # Noise through an equal-power join is as strong in the middle of it as around it.
    joins = [entry.start_frame for entry in timeline.entries[1:]]
    inside = np.concatenate([found[0, start : start + 480] for start in joins])
    assert np.sqrt(np.mean(inside**2)) == pytest.approx(0.1, rel=0.05)


def test_a_join_beyond_full_scale_is_reported(tmp_path: Path) -> None:
    tone = sine(-0.5, 2.0)
    paths, segments = publish(tmp_path, {(0, 0): tone, (1, 0): tone})
    timeline = build_timeline(segments, "alternating", slice_s=0.5)
    written = write_montage(timeline, paths, tmp_path / "montage.flac")
    assert written.num_clipped > 0


def test_a_segment_that_is_too_short_or_at_another_rate_is_refused(tmp_path: Path) -> None:
    paths, segments = publish(tmp_path, {(0, 0): noise(50_000)})
    longer = [TimelineSegment(0, 0, 60_000)]
    with pytest.raises(PipelineError, match="AUDIO_TRUNCATED"):
        write_montage(build_timeline(longer), paths, tmp_path / "montage.flac")
    paths, _ = publish(tmp_path, {(0, 0): noise(50_000)}, rate=44_100)
    with pytest.raises(ValueError, match="48 kHz"):
        write_montage(build_timeline(segments), paths, tmp_path / "montage.flac")
    assert not (tmp_path / "montage.flac").exists()


def test_progress_rises_to_one_and_cancelling_leaves_nothing(tmp_path: Path) -> None:
    paths, segments = publish(tmp_path, {(0, 0): noise(50_000)})
    timeline = build_timeline(segments)
    fractions: list[float] = []
    write_montage(timeline, paths, tmp_path / "montage.flac", progress=fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    (tmp_path / "montage.flac").unlink()

    def cancel(fraction: float) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        write_montage(timeline, paths, tmp_path / "montage.flac", progress=cancel)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0-0.flac"]

"""A rendered shootout, and the steps after the segments: levels, publication, montage.

The web application and ``render_shootout`` both come through here, so they cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from jobs.pipeline.environment import sample_origin
from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.formats.manifest import Descriptor, SegmentMetrics
from jobs.pipeline.formats.shootout_info import ShootoutInfo
from jobs.pipeline.formats.timeline import Timeline
from jobs.pipeline.measure.alignment import Alignment, align
from jobs.pipeline.measure.descriptors import describe
from jobs.pipeline.measure.loudness import GatedLoudness, LoudnessResult
from jobs.pipeline.measure.metrics import measure_metrics
from jobs.pipeline.recipe import SegmentRecipe
from jobs.pipeline.render.publishing import (
    Cut,
    LevelMatch,
    PublishedSegment,
    match_levels,
    measure_loudness,
    publish_segment,
    write_montage,
)
from jobs.pipeline.render.segment import SegmentRender
from jobs.pipeline.video.timeline import TimelineSegment, build_timeline

# Of the work of finishing: measuring the segments.
_MEASURED_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """One rendered segment before alignment and the level match.

    ``pre_gain_path``: float32 WAV, 48 kHz.

    ``rendered_with``: what computed it, which may have been another machine, long ago; empty when
    no one noted it.
    """

    di_index: int
    contender_index: int
    recipe: SegmentRecipe
    render: SegmentRender
    pre_gain_path: Path
    rendered_with: Mapping[str, str] = field(default_factory=sample_origin)


@dataclass(frozen=True, slots=True)
class FinishedSegment:
    """A segment as it is published: 24-bit FLAC at ``path``, and what was measured of it.

    ``loudness_before``: of what is played, ahead of the gain. ``alignment``: None when it was
    switched off. ``descriptors``: how it differs from the mean of the segments of its DI.
    """

    result: SegmentResult
    gain_db: float
    published: PublishedSegment
    path: Path
    metrics: SegmentMetrics
    loudness_before: LoudnessResult
    alignment: Alignment | None = None
    descriptors: tuple[Descriptor, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for people, of the render and of its alignment."""
        about_alignment = self.alignment.warnings if self.alignment else ()
        return (*self.result.render.warnings, *(warning.text for warning in about_alignment))


@dataclass(frozen=True, slots=True)
class FinishedAudio:
    """All sound of a shootout. ``montage_path``: stereo 48 kHz 24-bit FLAC of the timeline."""

    segments: tuple[FinishedSegment, ...]
    levels: LevelMatch
    timeline: Timeline
    montage_path: Path


def finish_audio(
    info: ShootoutInfo,
    results: Sequence[SegmentResult],
    folder: Path,
    *,
    progress: Progress = no_progress,
) -> FinishedAudio:
    """Align, match levels, publish each segment, and write the montage, all into ``folder``.

    Whole samples at the beginning and one constant gain per segment; nothing else touches the
    samples. Segments that failed are simply not among ``results``. Raises ``PipelineError``
    NO_SEGMENTS when there are none.
    """
    if not results:
        raise PipelineError("NO_SEGMENTS", "None of the segments could be rendered.")
    ordered = sorted(results, key=lambda result: (result.di_index, result.contender_index))
    alignments = _alignments(info, ordered)
    cuts = [
        Cut(alignment.advance_frames if alignment else 0, result.render.di_num_frames)
        for result, alignment in zip(ordered, alignments, strict=True)
    ]
    loudness = _loudness(ordered, cuts, lambda done: progress(_MEASURED_SHARE * done))
    levels = match_levels(loudness, target_lufs=info.options.target_loudness_lufs)
    finished: list[FinishedSegment] = []
    for number, (result, gain_db) in enumerate(zip(ordered, levels.gains_db, strict=True)):

        def within(start: float, end: float, number: int = number) -> Progress:
            return lambda done: progress(
                _MEASURED_SHARE
                + (0.6 - _MEASURED_SHARE) * (number + start + (end - start) * done) / len(ordered)
            )

        path = folder / f"di{result.di_index + 1}-{result.contender_index + 1:02d}.flac"
        published = publish_segment(
            result.pre_gain_path, gain_db, path, cut=cuts[number], progress=within(0.0, 0.6)
        )
        metrics = measure_metrics(
            path,
            loudness=published.loudness,
            thd_pct=result.render.thd_pct,
            progress=within(0.6, 1.0),
        )
        finished.append(
            FinishedSegment(
                result, gain_db, published, path, metrics, loudness[number], alignments[number]
            )
        )
    finished = _described(finished)

    timeline = plan_timeline(info, [(segment.result, segment.published) for segment in finished])
    montage_path = folder / "montage.flac"
    write_montage(
        timeline,
        {(s.result.contender_index, s.result.di_index): s.path for s in finished},
        montage_path,
        progress=lambda fraction: progress(0.6 + 0.4 * fraction),
    )
    return FinishedAudio(tuple(finished), levels, timeline, montage_path)


def _alignments(
    info: ShootoutInfo, ordered: Sequence[SegmentResult]
) -> list[Alignment] | list[None]:
    """The contenders of each DI to each other."""
    if not info.options.is_aligned:
        return [None] * len(ordered)
    alignments: list[Alignment] = []
    for _, group in groupby(ordered, key=lambda result: result.di_index):
        alignments += align([result.render.response for result in group])
    return alignments


def _loudness(
    results: Sequence[SegmentResult], cuts: Sequence[Cut], progress: Progress
) -> list[GatedLoudness]:
    """Of what is played, with its gating blocks, which the match needs."""
    loudness: list[GatedLoudness] = []
    for number, (result, cut) in enumerate(zip(results, cuts, strict=True)):

        def within(done: float, number: int = number) -> None:
            progress((number + done) / len(results))

        loudness.append(measure_loudness(result.pre_gain_path, cut, within))
    return loudness


def _described(segments: Sequence[FinishedSegment]) -> list[FinishedSegment]:
    """With descriptors; only what was played by the same DI is compared."""
    described: list[FinishedSegment] = []
    for _, group in groupby(segments, key=lambda segment: segment.result.di_index):
        same_di = list(group)
        descriptors = describe([segment.metrics for segment in same_di])
        described += [replace(s, descriptors=r) for s, r in zip(same_di, descriptors, strict=True)]
    return described


def plan_timeline(
    info: ShootoutInfo, segments: Sequence[tuple[SegmentResult, PublishedSegment]]
) -> Timeline:
    """The playing order of the published segments."""
    return build_timeline(
        [
            TimelineSegment(result.contender_index, result.di_index, published.num_frames)
            for result, published in segments
        ],
        info.options.playback_order,
        slice_s=info.options.slice_s,
        bpm_by_di={index: di.bpm for index, di in enumerate(info.dis)},
    )

"""What the shootout page shows, made from the manifest and the published files alone.

That includes what was measured of every segment; older manifests may lack it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from jobs.pipeline.formats.manifest import Descriptor, NamFacts, Segment, SegmentMetrics
from jobs.pipeline.formats.manifest import Manifest as ManifestContent
from jobs.pipeline.formats.shootout_info import DIInfo, GearLine
from jobs.pipeline.measure.third_octaves import third_octave_difference_db, third_octave_mean_db
from shootouts.models import Manifest, RenderedFile
from shootouts.models.media import RenderedFileKind

# More columns than a lane has pixels on most screens, and a third of the bytes of the manifest's.
_LANE_COLUMNS = 600
_SCALE_WIDTH = 240.0
_SCALE_MARGIN = 8.0


def player_data(manifest: Manifest) -> dict[str, Any]:
    """For the player's script: DI tracks, contenders, and where each segment is to be heard."""
    content = manifest.content
    return {
        "title": content.title,
        "dis": [{"name": di.name} for di in content.dis],
        "contenders": [{"label": contender.label} for contender in content.contenders],
        "segments": [
            {
                "di": segment.di,
                "contender": segment.contender,
                "url": media_url(segment.media),
                "duration_s": segment.duration_s,
                "num_channels": segment.num_channels,
                "waveform": _columns(segment.waveform),
            }
            for segment in content.segments
        ],
    }


@dataclass(frozen=True, slots=True)
class Lane:
    """One contender over one DI in the player."""

    position: int
    label: str
    gear: Sequence[GearLine]
    segment: Segment | None
    reason: str


@dataclass(frozen=True, slots=True)
class FairnessRow:
    """One segment of the level report; ``x_…`` are places on a common loudness scale."""

    position: int
    label: str
    segment: Segment
    x_before: float
    x_after: float

    @property
    def input_trim(self) -> str:
        return input_trim_text(self.segment)

    @property
    def networks(self) -> list[NamFacts]:
        """The captured blocks: of a container the submodel that played."""
        return [block for block in self.segment.blocks if isinstance(block, NamFacts)]

    @property
    def computed_by(self) -> str:
        """What rendered it, perhaps long ago and elsewhere."""
        return " · ".join(
            f"{name} {version}" for name, version in self.segment.rendered_with.items()
        )


def input_trim_text(segment: Segment) -> str:
    """By what the input of a chain was trimmed, or why not by the levels: "calibrated"."""
    staging = segment.staging
    if staging.basis != "assumed" or staging.requested == "normalized":
        return staging.mode
    if segment.recipe.di.input_level_dbu is None:
        return "DI track has no input level"
    return "capture has no calibration"


@dataclass(frozen=True, slots=True)
class ChainInput:
    """A DI as it reached a contender. ``trim``: in words, what decided on its gain."""

    di_name: str
    trim: str
    gain_db: float


@dataclass(frozen=True, slots=True)
class ContenderChain:
    """A contender: what it is made of, and how loud it was played."""

    position: int
    label: str
    gear: Sequence[GearLine]
    inputs: Sequence[ChainInput]


def contender_chains(manifest: Manifest) -> list[ContenderChain]:
    """The contenders, with the input trim of every DI through each."""
    content = manifest.content
    return [
        ContenderChain(
            position=position,
            label=contender.label,
            gear=contender.gear,
            inputs=[
                ChainInput(
                    content.dis[segment.di].name,
                    input_trim_text(segment),
                    segment.staging.gain_db,
                )
                for segment in content.segments
                if segment.contender == position
            ],
        )
        for position, contender in enumerate(content.contenders)
    ]


@dataclass(frozen=True, slots=True)
class PlayedDITrack:
    """One DI track with all that was rendered from it."""

    di: DIInfo
    position: int
    lanes: Sequence[Lane]
    rows: Sequence[FairnessRow]
    x_target: float
    measured: Sequence[MeasuredSegment]


def played_di_tracks(manifest: Manifest) -> list[PlayedDITrack]:
    """The shootout by DI track: the lanes of the player and the rows of the level report."""
    content = manifest.content
    segments = {(segment.di, segment.contender): segment for segment in content.segments}
    reasons = {(failed.di, failed.contender): failed.reason for failed in content.failed_segments}
    target_lufs = content.fairness.common_target_lufs
    measured = measured_segments(content)
    place = _Scale([*_loudnesses(content.segments), target_lufs])
    found = []
    for di_index, di in enumerate(content.dis):
        lanes = [
            Lane(
                position=index,
                label=contender.label,
                gear=contender.gear,
                segment=segments.get((di_index, index)),
                reason=reasons.get((di_index, index)) or "It was not rendered.",
            )
            for index, contender in enumerate(content.contenders)
        ]
        rows = [
            FairnessRow(
                position=lane.position,
                label=lane.label,
                segment=lane.segment,
                x_before=place(lane.segment.loudness_before_lufs),
                x_after=place(lane.segment.loudness_after_lufs),
            )
            for lane in lanes
            if lane.segment is not None
        ]
        of_di = [segment for segment in measured if segment.di == di_index]
        found.append(PlayedDITrack(di, di_index, lanes, rows, place(target_lufs), of_di))
    return found


@dataclass(frozen=True, slots=True)
class MeasuredSegment:
    """``difference_db``: of each third-octave band to the mean of the segments of its DI."""

    di: int
    contender: int
    di_name: str
    label: str
    metrics: SegmentMetrics
    difference_db: tuple[float | None, ...]
    notes: tuple[Descriptor, ...]


def measured_segments(manifest: ManifestContent) -> list[MeasuredSegment]:
    """Every segment of a manifest that has metrics, in its order."""
    measured = [
        (segment, segment.metrics) for segment in manifest.segments if segment.metrics is not None
    ]
    means = {
        di: third_octave_mean_db(
            [metrics.third_octave_dbfs for segment, metrics in measured if segment.di == di]
        )
        for di in {segment.di for segment, _ in measured}
    }
    return [
        MeasuredSegment(
            di=segment.di,
            contender=segment.contender,
            di_name=manifest.dis[segment.di].name,
            label=manifest.contenders[segment.contender].label,
            metrics=metrics,
            difference_db=tuple(
                None if level is None else round(level, 2)
                for level in third_octave_difference_db(
                    metrics.third_octave_dbfs, means[segment.di]
                )
            ),
            notes=segment.notes,
        )
        for segment, metrics in measured
    ]


@dataclass(frozen=True, slots=True)
class Download:
    title: str
    url: str
    size_bytes: int
    file_name: str


_TITLES = {
    RenderedFileKind.VIDEO: "Video",
    RenderedFileKind.MONTAGE: "All takes in one file",
    RenderedFileKind.THUMBNAIL: "Thumbnail",
    RenderedFileKind.CHAPTERS: "Chapters for the video description",
    RenderedFileKind.SUBTITLES_VTT: "Subtitles (WebVTT)",
    RenderedFileKind.SUBTITLES_SRT: "Subtitles (SRT)",
}


def downloads(manifest: Manifest, files: Iterable[RenderedFile]) -> list[Download]:
    """Every published file, the video first and the segments last; without chapters that cannot be
    (an empty file)."""
    content = manifest.content
    titles = {
        segment.media: (
            f"{content.contenders[segment.contender].label} · {content.dis[segment.di].name}"
        )
        for segment in content.segments
    }
    order = {kind: index for index, kind in enumerate([*_TITLES, RenderedFileKind.SEGMENT])}
    return [
        Download(
            title=titles.get(str(file.uuid)) or _TITLES.get(RenderedFileKind(file.kind), file.name),
            url=f"{media_url(file.uuid)}?download",
            size_bytes=file.size_bytes,
            file_name=file.name,
        )
        for file in sorted(files, key=lambda file: (order[RenderedFileKind(file.kind)], file.pk))
        if file.size_bytes
    ]


def media_url(media: object) -> str:
    return reverse("media", args=[media])


class _Scale:
    """Places loudness on a horizontal scale that holds all of ``values_lufs``."""

    def __init__(self, values_lufs: Sequence[float]) -> None:
        self._low = min(values_lufs)
        self._span = max(max(values_lufs) - self._low, 1.0)

    def __call__(self, value_lufs: float | None) -> float:
        share = 0.0 if value_lufs is None else (value_lufs - self._low) / self._span
        return round(_SCALE_MARGIN + share * (_SCALE_WIDTH - 2 * _SCALE_MARGIN), 1)


def _loudnesses(segments: Iterable[Segment]) -> list[float]:
    return [
        loudness_lufs
        for segment in segments
        for loudness_lufs in (segment.loudness_before_lufs, segment.loudness_after_lufs)
        if loudness_lufs is not None
    ]


def _columns(peaks: Sequence[float]) -> list[float]:
    """At most ``_LANE_COLUMNS`` magnitudes; every peak of the signal stays in one of them."""
    count = min(_LANE_COLUMNS, len(peaks))
    return [
        round(max(peaks[n * len(peaks) // count : (n + 1) * len(peaks) // count]), 3)
        for n in range(count)
    ]

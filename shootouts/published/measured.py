"""What was measured of a published render, from the manifest alone; older ones may lack it."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.pipeline.formats.manifest import Descriptor, Manifest, SegmentMetrics
from jobs.pipeline.measure.third_octaves import third_octave_difference_db, third_octave_mean_db


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


def measured_segments(manifest: Manifest) -> list[MeasuredSegment]:
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

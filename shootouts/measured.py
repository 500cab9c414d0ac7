"""What was measured of a published render, from the manifest alone; older ones may lack it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.pipeline.audio.third_octaves import third_octave_difference_db, third_octave_mean_db


@dataclass(frozen=True, slots=True)
class MeasuredSegment:
    """``difference_db``: of each third-octave band to the mean of the segments of its DI."""

    di: int
    contender: int
    di_name: str
    label: str
    metrics: Mapping[str, Any]
    difference_db: tuple[float | None, ...]
    notes: tuple[Mapping[str, Any], ...]


def measured_segments(data: Mapping[str, Any]) -> list[MeasuredSegment]:
    """Every segment of a manifest that has metrics, in its order."""
    measured = [segment for segment in data["segments"] if segment.get("metrics")]
    means = {
        di: third_octave_mean_db(
            [s["metrics"]["third_octave_dbfs"] for s in measured if s["di"] == di]
        )
        for di in {segment["di"] for segment in measured}
    }
    return [
        MeasuredSegment(
            di=segment["di"],
            contender=segment["contender"],
            di_name=data["dis"][segment["di"]]["name"],
            label=data["contenders"][segment["contender"]]["label"],
            metrics=segment["metrics"],
            difference_db=tuple(
                None if level is None else round(level, 2)
                for level in third_octave_difference_db(
                    segment["metrics"]["third_octave_dbfs"], means[segment["di"]]
                )
            ),
            notes=tuple(segment.get("notes", ())),
        )
        for segment in measured
    ]

"""How long a render will take on this installation, from what its last ones took.

Every job of a render notes how much sound it worked on (``work_done``), and how long it took is in
its row. Where nothing was rendered yet, typical figures are used.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, median_low
from typing import Any, Final, Literal, TypeAlias

from gear.chains.describe import architecture_of
from gear.models import Capture
from jobs.models import Job, JobState
from shootouts.job_kinds import FINALIZE_SHOOTOUT, MAKE_VIDEO, RENDER_PREFIX, RENDER_SEGMENT

Basis: TypeAlias = Literal["measured", "typical"]

_SOUND: Final = "sound_s"
_PASSES: Final = "passes"
# Of each kind so many of the last jobs are looked at, and the newest of them count: the machine may
# have other things to do now than it had then.
_NUM_LOOKED_AT: Final = 500
_NUM_JOBS: Final = 48
_NUM_SEGMENTS: Final = 9
_NUM_OTHERS: Final = 3
_NUM_WORKERS_TYPICAL: Final = 2

# Seconds from the end of a job to the beginning of the next, of those that follow at once.
_TYPICAL_GAP_S: Final = 0.2
_LONGEST_GAP_S: Final = 10.0
# Of a pass through a capture besides: probes, and silence that settles its network.
_PROBES_S: Final = 1.5

# Seconds of work per second of sound, on two cores of a server of 2024. A pass through a network
# that is not listed takes as long as through an A1 standard.
_TYPICAL_PASS: Final = 0.025
_TYPICAL_PASSES: Final[Mapping[str, float]] = {
    "A1 lite (12 channels)": 0.012,
    "A1 feather (8 channels)": 0.009,
    "A1 nano (4 channels)": 0.006,
    "A2 Full (8 channels)": 0.016,
}
_TYPICAL_SEGMENT: Final = 0.01
_TYPICAL_FINALIZE: Final = 0.015
_TYPICAL_VIDEO: Final = 0.25
# Once, until the kernels are compiled that all of it runs on.
_TYPICAL_START_S: Final = 1.0


def work_done(sound_s: float, passes: Iterable[str] = ()) -> dict[str, Any]:
    """What a job notes of its work in its result. ``sound_s``: seconds of sound; of a segment
    those of its DI. ``passes``: SHA-256 of the captures that it was sent through."""
    return {_SOUND: round(sound_s, 3), _PASSES: list(passes)}


@dataclass(frozen=True, slots=True)
class Speeds:
    """Seconds of work per second of sound. ``passes``: through captures, by architecture.
    ``gap_s``: how long a worker takes from one job to the next. ``start_s``: before the first."""

    basis: Basis
    num_workers: int
    gap_s: float
    segment: float
    finalize: float
    video: float
    passes: Mapping[str, float] = field(default_factory=dict)
    start_s: float = 0.0

    def pass_s(self, architecture: str, sound_s: float) -> float:
        """How long one pass through a capture takes."""
        typical = _typical_pass(architecture)
        ratios = [rate / _typical_pass(name) for name, rate in self.passes.items()]
        rate = self.passes.get(architecture) or typical * (median(ratios) if ratios else 1.0)
        return rate * (sound_s + _PROBES_S)

    def job_s(self, rate: float, sound_s: float) -> float:
        return self.gap_s + rate * sound_s


def speeds_measured() -> Speeds:
    """From the last jobs of each kind, the newest first. Five queries."""
    segments, prefixes, finalized, videos = (
        _last_jobs(kind) for kind in (RENDER_SEGMENT, RENDER_PREFIX, FINALIZE_SHOOTOUT, MAKE_VIDEO)
    )
    plain = [job for job in segments if not job.result.get(_PASSES)]
    segment = _rate(plain[:_NUM_SEGMENTS], _TYPICAL_SEGMENT)
    return Speeds(
        basis="measured" if segments else "typical",
        num_workers=_most_at_once([*segments, *prefixes]),
        gap_s=_gap_s([*segments[:_NUM_SEGMENTS], *prefixes[:_NUM_SEGMENTS], *finalized]),
        segment=segment,
        finalize=_rate(finalized[:_NUM_OTHERS], _TYPICAL_FINALIZE),
        video=_rate(videos[:_NUM_OTHERS], _TYPICAL_VIDEO),
        passes=_pass_rates(prefixes, segments, segment),
        start_s=0.0 if segments else _TYPICAL_START_S,
    )


def _last_jobs(kind: str) -> list[Job]:
    ended = Job.objects.filter(kind=kind, state=JobState.COMPLETED).order_by("-created_at")
    # Those of before, and those that found all in the cache, say nothing of their work.
    jobs = Job.objects.filter(pk__in=ended.values("pk")[:_NUM_LOOKED_AT], result__has_key=_SOUND)
    columns = "kind", "parent", "result", "started_at", "finished_at"
    found = jobs.only(*columns).order_by("-created_at")
    return [job for job in found[:_NUM_JOBS] if job.result[_SOUND] and job.started_at]


def _rate(jobs: Sequence[Job], typical: float) -> float:
    rates = [(job.duration_s or 0.0) / job.result[_SOUND] for job in jobs]
    return median_low(rates) if rates else typical


def _pass_rates(
    prefixes: Sequence[Job], segments: Sequence[Job], segment: float
) -> dict[str, float]:
    """Of jobs with one pass; what a segment takes besides is known."""
    alone = [(job, 0.0) for job in prefixes] + [(job, segment) for job in segments]
    one = [(job, rest) for job, rest in alone if len(job.result.get(_PASSES, ())) == 1]
    named = {job.result[_PASSES][0] for job, _ in one}
    captures = Capture.objects.filter(sha256__in=named)
    architectures = {capture.sha256: architecture_of(capture) for capture in captures}
    rates: dict[str, list[float]] = {}
    for job, rest in one:
        architecture = architectures.get(job.result[_PASSES][0])
        if architecture is not None:
            sound_s = job.result[_SOUND]
            work_s = max((job.duration_s or 0.0) - rest * sound_s, 0.0)
            rates.setdefault(architecture, []).append(work_s / (sound_s + _PROBES_S))
    # Of two the lower: the first pass of a process compiles its kernels.
    lower = {name: median_low(found[:_NUM_OTHERS]) for name, found in rates.items()}
    return {name: rate for name, rate in lower.items() if rate > 0.0}


def _typical_pass(architecture: str) -> float:
    return _TYPICAL_PASSES.get(architecture, _TYPICAL_PASS)


def _most_at_once(jobs: Sequence[Job]) -> int:
    """How many workers there were for them."""
    moments = [
        (moment, change)
        for job in jobs
        if job.started_at is not None and job.finished_at is not None
        for moment, change in ((job.started_at, 1), (job.finished_at, -1))
    ]
    most = running = 0
    for _, change in sorted(moments):
        running += change
        most = max(most, running)
    return most or _NUM_WORKERS_TYPICAL


def _gap_s(jobs: Sequence[Job]) -> float:
    """Within each render: when a job has ended, the next one begins in so many seconds."""
    gaps = []
    trees: dict[int | None, list[Job]] = {}
    for job in jobs:
        trees.setdefault(job.parent_id, []).append(job)
    for tree in trees.values():
        starts = sorted(job.started_at for job in tree if job.started_at is not None)
        for job in tree:
            ended = job.finished_at
            number = len(starts) if ended is None else bisect_left(starts, ended)
            if ended is not None and number < len(starts):
                gaps.append((starts[number] - ended).total_seconds())
    gaps = [gap for gap in gaps if gap < _LONGEST_GAP_S]
    return median(gaps) if gaps else _TYPICAL_GAP_S


def stages_s(stages: Iterable[Sequence[float]], num_workers: int) -> float:
    """How long jobs of these lengths take ``num_workers`` workers: one stage after the other,
    each job by the worker that is free first."""
    total_s = 0.0
    for lengths in stages:
        free_at = [0.0] * max(num_workers, 1)
        for length_s in lengths:
            heapq.heapreplace(free_at, free_at[0] + length_s)
        total_s += max(free_at)
    return total_s

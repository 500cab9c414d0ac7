"""Comparing two published segments: asked for, done once by a job, kept in the cache of audio."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from gts.web.errors import ConflictError
from jobs.files.storage import stored_name
from jobs.models import Job, JobState
from jobs.services import job_enqueue
from shootouts.job_kinds import COMPARE_SEGMENTS
from shootouts.models import CachedAudio, Shootout
from shootouts.selectors import SegmentPair

# A pair that could not be compared is not tried again for each who asks.
_FAILED_FOR: Final = timedelta(minutes=1)


class ComparisonFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Of ``jobs.pipeline.measure.compare.Comparison`` what is kept."""

    lag_frames: int
    gain_db: float | None
    is_inverted: bool
    esr: float
    esr_db: float | None
    num_frames: int


@dataclass(frozen=True, slots=True)
class Compared:
    """``storage_name``: of the residual, 24-bit FLAC."""

    figures: ComparisonFigures
    storage_name: str
    size_bytes: int
    sha256: str


def comparison_request(*, shootout: Shootout, pair: SegmentPair) -> Compared | Job:
    """What was found of a pair, or the job that is at it; asked for by anyone who sees the
    shootout, at its owner's expense.

    Raises ``ConflictError`` with the code of the pipeline where that has failed a moment ago, and
    ``LimitError`` with too many waiting.
    """
    found = _find(pair)
    if found is not None:
        return found
    with transaction.atomic():
        # Who asks at the same moment waits here, and finds the job.
        User.objects.select_for_update().get(pk=shootout.owner_id)
        under_way = _under_way(shootout, pair)
        if under_way is not None:
            return under_way
        # It may have ended while this one waited.
        return _find(pair) or job_enqueue(
            kind=COMPARE_SEGMENTS,
            owner=shootout.owner,
            payload={
                "pair": pair.key,
                "reference": str(pair.reference.uuid),
                "other": str(pair.other.uuid),
            },
            label=f"Comparison: {shootout.title}"[:200],
        )


def comparison_look(*, shootout: Shootout, pair: SegmentPair) -> Compared | Job | None:
    """The same for who only looks and starts nothing. ``None``: a request would start a job.

    Raises ``ConflictError`` as ``comparison_request`` does.
    """
    return _find(pair) or _under_way(shootout, pair)


def _under_way(shootout: Shootout, pair: SegmentPair) -> Job | None:
    """The job that is at it. Raises ``ConflictError`` for one that has failed a moment ago."""
    latest = (
        Job.objects.filter(owner=shootout.owner, kind=COMPARE_SEGMENTS, payload__pair=pair.key)
        .order_by("-created_at", "-id")
        .first()
    )
    if latest is None or not latest.is_finished:
        return latest
    _raise_why(latest)
    return None


def _find(pair: SegmentPair) -> Compared | None:
    row = CachedAudio.objects.filter(key=pair.key).first()
    if row is None:
        return None
    # Nothing takes it away as long as it may be being read.
    CachedAudio.objects.filter(pk=row.pk).update(used_at=timezone.now())
    figures = msgspec.convert(row.described["figures"], ComparisonFigures)
    return Compared(figures, stored_name(row.file), row.size_bytes, row.described["sha256"])


def _raise_why(job: Job) -> None:
    """For what ended badly a moment ago."""
    is_recent = job.finished_at is not None and job.finished_at > timezone.now() - _FAILED_FOR
    if job.state == JobState.FAILED and is_recent:
        raise ConflictError(job.error_message, code=job.error_code)

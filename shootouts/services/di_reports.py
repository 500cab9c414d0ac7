"""Judging recordings: when they arrive, and those that came before there were reports."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from jobs.files.reading import di_read
from jobs.files.storage import fetch_file, scratch_folder, stored_name
from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.measure.di_facts import DIProbe, Finding
from shootouts import rendering
from shootouts.models import DITrack

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """``num_failed``: their files could not be read now; they are tried again the next time."""

    num_judged: int
    num_failed: int


def di_track_probe(track: DITrack, progress: Progress = no_progress) -> DIProbe:
    """The whole recording, by the limits of uploads. Raises as ``fetch_file`` and
    ``jobs.files.reading``."""
    with scratch_folder() as folder:
        return di_read(
            fetch_file(stored_name(track.file), folder, sha256=track.sha256),
            max_duration_s=settings.GTS_DI_MAX_DURATION_S,
            progress=progress,
        )


def di_reports_add() -> Judged:
    """A report for every usable recording that has none, one after the other. Doing it twice, or
    in two processes at once, is harmless.

    One that would be refused as an upload today stays, and its report says why it would be.
    """
    num_judged = num_failed = 0
    for track in DITrack.objects.usable().without_report().order_by("pk").iterator(chunk_size=20):
        try:
            found = _found(track)
        except (PipelineError, OSError) as error:
            logger.warning("DI track %s could not be judged: %s", track.uuid, error)
            num_failed += 1
        else:
            num_judged += _add(track, found)
    return Judged(num_judged, num_failed)


# Of the file or of its storage, not of the recording: there may be a report another time.
_NOT_THE_RECORDING = ("FILE_MISSING", "FILE_DAMAGED")


def _found(track: DITrack) -> Mapping[str, Any]:
    try:
        return rendering.di_found(di_track_probe(track))
    except PipelineError as error:
        if not error.is_permanent or error.code in _NOT_THE_RECORDING:
            raise
        finding = Finding(error.code, "warning", None, "", error.message)
        return {"info": {**track.info, "report": [asdict(finding)]}}


def _add(track: DITrack, found: Mapping[str, Any]) -> bool:
    """Whether it did: not where the row is gone, or has got its report meanwhile."""
    with transaction.atomic():
        rows = DITrack.objects.usable().without_report().select_for_update(of=("self",))
        row = rows.filter(pk=track.pk).first()
        if row is None:
            return False
        for field, value in found.items():
            setattr(row, field, value)
        row.save(update_fields=[*found, "updated_at"])
    return True

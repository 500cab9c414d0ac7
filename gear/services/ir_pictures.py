"""What is drawn of impulse responses, for those that were checked before there were pictures."""

from __future__ import annotations

import logging
from typing import Any, Final

from django.db import transaction

from gear.captures.inspection import inspect_capture
from gear.models import Capture
from gear.models.item import CaptureFormat
from jobs.files.storage import fetch_file, scratch_folder, stored_name
from jobs.pipeline.errors import PipelineError

logger = logging.getLogger(__name__)

_DRAWN: Final = ("waveform", "response_db")


def ir_pictures_add() -> int:
    """For each usable impulse response that has none, one after the other; how many got one.

    Doing it twice, or in two processes at once, is harmless: the same file gives the same picture.
    One that would be refused today has an empty one, and is not asked for again.
    """
    num_drawn = 0
    captures = Capture.objects.usable().with_file().filter(format=CaptureFormat.IR)
    missing = captures.exclude(info__has_key=_DRAWN[0]).select_related("gear").order_by("pk")
    for capture in missing.iterator(chunk_size=20):
        try:
            drawn = _drawn(capture)
        except (PipelineError, OSError) as error:
            logger.warning("capture %s could not be drawn: %s", capture.uuid, error)
        else:
            num_drawn += _keep(capture, drawn)
    return num_drawn


def _drawn(capture: Capture) -> dict[str, Any]:
    """Raises as ``fetch_file``, and ``PipelineError`` for what may go well another time."""
    with scratch_folder() as folder:
        path = fetch_file(stored_name(capture.file), folder, sha256=capture.sha256)
        try:
            facts = inspect_capture(path, capture.format, kind=capture.gear.kind)
        except PipelineError as error:
            if not error.is_permanent:
                raise
            return {name: [] for name in _DRAWN}
    return {name: facts.info[name] for name in _DRAWN}


def _keep(capture: Capture, drawn: dict[str, Any]) -> bool:
    """Whether it is still there."""
    with transaction.atomic():
        row = Capture.objects.select_for_update().filter(pk=capture.pk).first()
        if row is None:
            return False
        row.info = {**row.info, **drawn}
        row.save(update_fields=["info", "updated_at"])
    return True

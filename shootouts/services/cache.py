"""The cache of computed audio: found by key, limited in size, the longest unused goes first."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Sum
from django.utils import timezone

from gear.models import Capture
from jobs.files.storage import delete_stored, fetch_file, store_local_file, stored_name
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.json_values import JSONObject
from jobs.states import ACTIVE
from shootouts.models import CachedAudio, CachedInput, DITrack, RenderedFile, Segment

logger = logging.getLogger(__name__)

# Anyone who has found a file is reading it now, perhaps straight from the storage.
_IN_USE_FOR: Final = timedelta(minutes=15)


def cached_audio_find(*, key: str, folder: Path) -> tuple[Path, Mapping[str, Any]] | None:
    """A local file (in ``folder`` if need be) and its description; None when it is not there, or
    is not what was kept: then it is made again."""
    row = CachedAudio.objects.filter(key=key).first()
    if row is None:
        return None
    # Before it is read: from now on nothing takes it away.
    CachedAudio.objects.filter(pk=row.pk).update(used_at=timezone.now())
    try:
        return fetch_file(stored_name(row.file), folder, sha256=row.sha256), row.described
    except PipelineError as error:
        if not error.is_permanent:  # the storage is away, and will be back with it
            raise
        logger.warning("cached audio %s is of no use: %s %s", row, error.code, error.detail)
        CachedAudio.objects.filter(pk=row.pk).delete()
        return None


def cached_audio_keep(
    *, key: str, inputs: Iterable[str], path: Path, described: JSONObject
) -> None:
    """Store a whole local file. A second time, or two at once, leave one.

    ``inputs``: SHA-256 of what it was made from.
    """
    stored = store_local_file(path, f"cache/{key[:2]}/{key}{path.suffix}")
    try:
        with transaction.atomic():
            row, is_new = CachedAudio.objects.get_or_create(
                key=key,
                defaults={
                    "file": stored.name,
                    "size_bytes": stored.size_bytes,
                    "sha256": stored.sha256,
                    "described": dict(described),
                },
            )
            if is_new:
                CachedInput.objects.bulk_create(
                    CachedInput(audio=row, sha256=sha256) for sha256 in inputs
                )
    except BaseException:
        delete_stored(stored.name)
        raise
    if row.file.name != stored.name:
        delete_stored(stored.name)
    cache_trim()


def cache_trim() -> int:
    """Make room: forget what was not used for longest until the cache is within its limit.

    What was used a moment ago and what an unfinished render still needs stays, even beyond the
    limit. Returns how many went.
    """
    size_bytes = CachedAudio.objects.aggregate(total=Sum("size_bytes"))["total"] or 0
    excess_bytes = size_bytes - settings.GTS_CACHE_MAX_BYTES
    if excess_bytes <= 0:
        return 0
    needed = Segment.objects.completed().filter(
        render_key=OuterRef("key"),
        render__manifest__isnull=True,
        render__job__state__in=ACTIVE,
    )
    idle = (
        CachedAudio.objects.filter(used_at__lt=timezone.now() - _IN_USE_FOR)
        .exclude(Exists(needed))
        .order_by("used_at", "id")
    )
    num_gone = 0
    for row in idle.iterator(chunk_size=200):
        if excess_bytes <= 0:
            break
        with transaction.atomic():
            # Unless someone has found it in between.
            gone, _ = CachedAudio.objects.filter(pk=row.pk, used_at=row.used_at).delete()
        excess_bytes -= row.size_bytes if gone else 0
        num_gone += bool(gone)
    return num_gone


def cache_forget_input(*, sha256: str) -> None:
    """Unless someone else still has this file, nothing that was made from it stays."""
    with transaction.atomic():
        has_owner = any(
            model._default_manager.filter(sha256=sha256).exists()
            for model in (DITrack, Capture, RenderedFile)
        )
        if not has_owner:
            CachedAudio.objects.filter(inputs__sha256=sha256).delete()


def cache_forget_ownerless(*, inputs: Iterable[str]) -> None:
    """After keeping something: who had its inputs may have gone while it was computed."""
    for sha256 in inputs:
        cache_forget_input(sha256=sha256)

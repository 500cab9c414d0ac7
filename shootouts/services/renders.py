"""What renders leave behind, written by jobs: segments, published files, manifests, the cache.

The cache of computed audio is found by key, limited in size, and the longest unused goes first. No
stored file outlives the last row that names it, no matter who deletes the row: rows go by services,
by cascades from their owner, and in the admin, and only a signal sees them all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Sum
from django.db.models.signals import post_delete
from django.utils import timezone

from gear.models import Capture
from jobs.files.storage import StoredFile, delete_stored, fetch_file, store_local_file, stored_name
from jobs.models import ACTIVE
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.formats.manifest import Manifest as ManifestContent
from jobs.pipeline.formats.manifest import manifest_as_json
from jobs.pipeline.formats.records import JSONObject
from jobs.pipeline.measure.di_facts import DIProbe
from shootouts import rendering
from shootouts.files.media import content_type_of
from shootouts.models import (
    CachedAudio,
    CachedInput,
    ChainPreview,
    DITrack,
    Manifest,
    Render,
    RenderedFile,
    Segment,
    Shootout,
)
from shootouts.models.media import RenderedFileKind
from shootouts.models.shootout import SegmentState, ShootoutState

logger = logging.getLogger(__name__)


_WITH_FILES: tuple[type[Model], ...] = (CachedAudio, ChainPreview, DITrack, RenderedFile)
# Anyone who has found a file is reading it now, perhaps straight from the storage.
_IN_USE_FOR: Final = timedelta(minutes=15)


def di_track_accept(*, track: DITrack, probe: DIProbe) -> DITrack:
    """The inspection found it good: it may be used from now on."""
    found = rendering.di_found(probe)
    with transaction.atomic():
        for field, value in found.items():
            setattr(track, field, value)
        track.state = "ready"
        track.save(update_fields=[*found, "state", "updated_at"])
    return track


def di_track_reject(*, track: DITrack) -> None:
    """The inspection found it unusable: nothing of it stays. The reason is on the job."""
    with transaction.atomic():
        track.delete()  # and its file, after the commit


def shootout_set_state(
    *, shootout: Shootout, state: ShootoutState, render: Render | None = None
) -> None:
    """``render``: only if that is still the newest run; an older one has nothing to say."""
    query = Shootout.objects.filter(pk=shootout.pk)
    if render is not None:
        query = query.filter(latest_render=render)
    query.update(state=state, updated_at=timezone.now())


def segment_complete(*, segment: Segment) -> None:
    """Its sound is in the cache. Doing it twice is harmless: equal keys have equal samples."""
    Segment.objects.filter(pk=segment.pk).update(
        state=SegmentState.COMPLETED,
        error_code="",
        error_message="",
        updated_at=timezone.now(),
    )


def segment_end(*, segment: Segment, state: SegmentState, code: str, message: str) -> None:
    """It failed or was cancelled. A segment that is completed stays so."""
    Segment.objects.filter(pk=segment.pk).exclude(state=SegmentState.COMPLETED).update(
        state=state, error_code=code, error_message=message, updated_at=timezone.now()
    )


def rendered_file_store(
    *,
    render: Render,
    kind: RenderedFileKind,
    path: Path,
    name: str,
    segment: Segment | None = None,
    info: JSONObject | None = None,
    holding: Callable[[], AbstractContextManager[None]] = transaction.atomic,
) -> RenderedFile:
    """Publish a finished local file under an opaque storage name. A second time replaces it.

    ``holding``: the transaction in which the row is written. If that raises, the file goes again.
    """
    row = RenderedFile.objects.filter(render=render, kind=kind, segment=segment).first()
    previous = stored_name(row.file) if row is not None else ""
    row = row or RenderedFile(render=render, kind=kind, segment=segment)
    folder = f"renders/{render.shootout.uuid}/v{render.version}"
    # A retry gets a new storage name: anyone who reads the old file meanwhile keeps a whole one.
    stored = store_local_file(path, f"{folder}/{row.uuid}{path.suffix}")
    try:
        with holding():
            _check_is_there(render)
            _fill(row, stored, name, info or {})
            if previous:
                transaction.on_commit(lambda: delete_stored(previous), robust=True)
    except BaseException:
        delete_stored(stored.name)
        raise
    return row


def manifest_publish(*, render: Render, content: ManifestContent) -> Manifest:
    """Write the manifest once and show it: from now on this render is what everybody sees."""
    is_whole = len(content.segments) == render.segments.count()
    with transaction.atomic():
        shootout = Shootout.objects.select_for_update().get(pk=render.shootout_id)
        manifest, _ = Manifest.objects.get_or_create(
            render=render,
            defaults={
                "schema_version": content.schema_version,
                "data": manifest_as_json(content),
            },
        )
        if shootout.latest_render_id != render.pk:
            raise PipelineError("SUPERSEDED", "A newer render of this shootout has started.")
        shootout.published_render = render
        shootout.published_at = manifest.created_at
        shootout.state = ShootoutState.COMPLETED if is_whole else ShootoutState.PARTIAL
        shootout.save(update_fields=["published_render", "published_at", "state", "updated_at"])
    return manifest


def _check_is_there(render: Render) -> None:
    """Until the transaction ends. Its shootout may have been deleted while a job was at work."""
    rows = Render.objects.select_for_update(no_key=True).filter(pk=render.pk)
    if rows.values_list("pk").first() is None:
        raise PipelineError("GONE", "This shootout was deleted.")


def _fill(row: RenderedFile, stored: StoredFile, name: str, info: JSONObject) -> None:
    row.file.name = stored.name
    row.name = name
    row.content_type = content_type_of(stored.name)
    row.size_bytes = stored.size_bytes
    row.sha256 = stored.sha256
    row.info = dict(info)
    row.save()


# The cache.


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


# Files go with their rows.


def connect_file_deletion() -> None:
    for model in _WITH_FILES:
        post_delete.connect(_row_deleted, sender=model, dispatch_uid=f"shootouts.{model.__name__}")
    for source in (DITrack, Capture, RenderedFile):
        post_delete.connect(_source_deleted, sender=source, dispatch_uid=f"cache.{source.__name__}")


def _row_deleted(sender: type[Model], instance: Any, **_: object) -> None:
    if instance.file.name:
        # The rows are gone whatever the storage answers.
        transaction.on_commit(partial(_delete_unused, sender, instance.file.name), robust=True)


def _delete_unused(model: type[Model], name: str) -> None:
    if not model._default_manager.filter(file=name).exists():
        delete_stored(name)


def _source_deleted(instance: DITrack | Capture | RenderedFile, **_: object) -> None:
    transaction.on_commit(partial(cache_forget_input, sha256=instance.sha256), robust=True)

"""What a render leaves behind, written by its jobs: segments, published files, the manifest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from jobs.files.storage import StoredFile, delete_stored, store_local_file, stored_name
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.formats.manifest import Manifest as ManifestContent
from jobs.pipeline.formats.manifest import manifest_as_json
from jobs.pipeline.json_values import JSONObject
from jobs.pipeline.measure.di_facts import DIProbe
from shootouts import rendering
from shootouts.files.media import content_type_of
from shootouts.models import DITrack, Manifest, Render, RenderedFile, Segment, Shootout
from shootouts.models.media import RenderedFileKind
from shootouts.models.shootout import SegmentState, ShootoutState


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

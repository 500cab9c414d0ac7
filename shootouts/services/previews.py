"""Previews of chains: asked for, rendered by a job, forgotten when no one asks any more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.quotas import storage_check
from gear.models import SignalChain
from gear.selectors import chain_errors
from gts.web.errors import ConflictError, ErrorDetail, InvalidInputError
from jobs.files.storage import delete_stored, store_local_file
from jobs.models import Job
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.formats.recipe import recipe_as_json
from jobs.services import job_enqueue
from jobs.states import ACTIVE
from shootouts import rendering
from shootouts.job_kinds import RENDER_PREVIEW
from shootouts.models import ChainPreview, DITrack, Shootout

if TYPE_CHECKING:
    from jobs.pipeline.render.level import PublishedSegment


def chain_preview_request(*, chain: SignalChain, di_track_id: UUID) -> ChainPreview:
    """The preview of what the chain is now over that DI of its owner, rendered before or on its
    way: its ``job`` tells. One that failed is tried again.

    Raises ``InvalidInputError`` NOT_FOUND or NOT_READY for the DI, ``ConflictError``
    CHAIN_NOT_PLAYABLE with what is wrong at ``/blocks/<i>``, ``LimitError`` with too many waiting,
    and ``TooLargeError`` QUOTA_STORAGE. ``chain`` comes from ``gear.selectors``.
    """
    errors = chain_errors(chain)
    if errors:
        details = [
            ErrorDetail(
                "/blocks" if error.position is None else f"/blocks/{error.position}",
                error.code,
                error.message,
            )
            for error in errors
        ]
        raise ConflictError(errors[0].message, code="CHAIN_NOT_PLAYABLE", details=details)
    track = di_track_to_preview(chain.owner, di_track_id)
    # As a new shootout would have it: what is rendered for the one is found by the other.
    recipe = rendering.segment_recipe(Shootout(), track, chain)
    values = {
        "di_track": track,
        "name": f"{chain.name} · {track.name}"[:200],
        "recipe": recipe_as_json(recipe),
        "sources": rendering.segment_sources(track, chain),
        "used_at": timezone.now(),
    }
    with transaction.atomic():
        # Who asks twice at once gets one: the second waits here.
        User.objects.select_for_update().get(pk=chain.owner_id)
        preview, _ = ChainPreview.objects.update_or_create(
            owner=chain.owner, render_key=rendering.render_key(recipe), defaults=values
        )
        is_under_way = preview.job is not None and not preview.job.is_finished
        if not preview.file and not is_under_way:
            storage_check(user=chain.owner, new_bytes=0)  # how large it is no one knows yet
            preview.job = _enqueue(preview)
            preview.save(update_fields=["job", "updated_at"])
    return preview


def _enqueue(preview: ChainPreview) -> Job:
    return job_enqueue(
        kind=RENDER_PREVIEW,
        owner=preview.owner,
        payload={"preview": str(preview.uuid)},
        label=f"Preview: {preview.name}",
    )


def di_track_to_preview(owner: User, di_track_id: UUID) -> DITrack:
    """Raises ``InvalidInputError`` NOT_FOUND or NOT_READY."""
    track = DITrack.objects.owned_by(owner).filter(uuid=di_track_id).first()
    if track is None:
        detail = ErrorDetail("/di_track_id", "NOT_FOUND", "There is no such DI track.")
    elif track.state != "ready":
        detail = ErrorDetail("/di_track_id", "NOT_READY", f"{track.name} is still being checked.")
    else:
        return track
    raise InvalidInputError(detail.message, details=[detail])


def chain_preview_complete(
    *,
    preview: ChainPreview,
    path: Path,
    published: PublishedSegment,
    gain_db: float,
    holding: Callable[[], AbstractContextManager[None]] = transaction.atomic,
) -> ChainPreview:
    """Store what was rendered. ``holding``: the transaction in which the row is written; if that
    raises, the file goes again. Raises ``PipelineError`` GONE when the row went meanwhile."""
    stored = store_local_file(path, f"previews/{preview.uuid}{path.suffix}")
    try:
        with holding():
            row = ChainPreview.objects.select_for_update().filter(pk=preview.pk).first()
            if row is None:
                raise PipelineError("GONE", "This preview is not wanted any more.")
            if row.file:  # by an attempt that could not say so
                transaction.on_commit(lambda: delete_stored(stored.name), robust=True)
                return row
            row.file.name = stored.name
            row.size_bytes = stored.size_bytes
            row.sha256 = stored.sha256
            row.duration_s = published.duration_s
            row.loudness_lufs = published.loudness.integrated_lufs
            row.gain_db = gain_db
            row.save()
    except BaseException:
        delete_stored(stored.name)
        raise
    return row


def chain_previews_prune(*, unused_since: datetime) -> int:
    """Forget what no one has asked for since then, unless it is being rendered. Returns how many
    went; their files go with them."""
    old = ChainPreview.objects.filter(used_at__lt=unused_since).exclude(job__state__in=ACTIVE)
    num_gone = 0
    for row in old.only("pk", "used_at", "file").iterator(chunk_size=200):
        with transaction.atomic():
            # Unless someone has asked for it in between.
            gone, _ = ChainPreview.objects.filter(pk=row.pk, used_at=row.used_at).delete()
        num_gone += bool(gone)
    return num_gone

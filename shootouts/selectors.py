"""Reading shootouts and DI tracks, always through the person who asks.

Two published segments of one DI are compared by the files that everybody hears.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from accounts.models import User
from gts.web.errors import NotFoundError
from jobs.pipeline.measure.third_octaves import third_octave_difference_db
from shootouts.models import (
    ChainPreview,
    Comment,
    CommentQuerySet,
    DITrack,
    DITrackQuerySet,
    Draft,
    DraftQuerySet,
    Manifest,
    Render,
    RenderedFile,
    RenderQuerySet,
    Segment,
    SegmentQuerySet,
    Shootout,
    ShootoutQuerySet,
    Upload,
    UploadQuerySet,
)
from shootouts.models.media import RenderedFileKind

Viewer = User | AnonymousUser

NO_SHOOTOUT = "Shootout not found."
NO_DRAFT = "Draft not found."

# Raise it when the same two files come to something else.
_COMPARISON_VERSION: Final = 1


def di_track_list(user: Viewer) -> DITrackQuerySet:
    return DITrack.objects.owned_by(user)


def di_track_get(user: Viewer, uuid: UUID) -> DITrack:
    """Raises ``NotFoundError`` when there is none of that id, or it is someone else's."""
    track = di_track_list(user).filter(uuid=uuid).first()
    if track is None:
        raise NotFoundError("DI track not found.")
    return track


def upload_list(user: Viewer) -> UploadQuerySet:
    return Upload.objects.owned_by(user).with_results()


def upload_get(user: Viewer, uuid: UUID) -> Upload:
    """Raises ``NotFoundError`` when there is none of that id, it has expired, or it is someone
    else's."""
    upload = upload_list(user).filter(uuid=uuid).first()
    if upload is None or upload.expires_at < timezone.now():
        raise NotFoundError("Upload not found. It may have expired: upload the file again.")
    return upload


def shootout_list_owned(user: Viewer) -> ShootoutQuerySet:
    return Shootout.objects.owned_by(user)


def shootout_list_public() -> ShootoutQuerySet:
    return Shootout.objects.listed().order_by("-published_at", "-id")


def shootout_get(user: Viewer, uuid: UUID) -> Shootout:
    """Raises ``NotFoundError`` when there is none of that id, or the user may not see it."""
    shootout = (
        Shootout.objects.visible_to(user)
        .select_related("owner", "latest_render__job", "published_render__manifest")
        .defer("published_render__manifest__data")
        .filter(uuid=uuid)
        .first()
    )
    if shootout is None:
        raise NotFoundError(NO_SHOOTOUT)
    return shootout


def shootout_get_owned(user: Viewer, uuid: UUID) -> Shootout:
    """For changes: as ``shootout_get``, but only one's own."""
    shootout = (
        Shootout.objects.owned_by(user)
        .select_related("owner", "latest_render__job", "published_render__manifest")
        .defer("published_render__manifest__data")
        .filter(uuid=uuid)
        .first()
    )
    if shootout is None:
        raise NotFoundError(NO_SHOOTOUT)
    return shootout


def draft_list(user: Viewer) -> DraftQuerySet:
    """One's own, the last touched first, without their documents. One query."""
    return Draft.objects.owned_by(user).for_lists()


def draft_get(user: Viewer, uuid: UUID) -> Draft:
    """Raises ``NotFoundError`` when there is none of that id, or it is someone else's."""
    draft = Draft.objects.owned_by(user).select_related("shootout").filter(uuid=uuid).first()
    if draft is None:
        raise NotFoundError(NO_DRAFT)
    return draft


def manifest_get(shootout: Shootout) -> Manifest | None:
    """The manifest that everybody sees, or none before the first render is complete."""
    render = shootout.published_render
    return render.manifest if render is not None else None


def render_list(shootout: Shootout) -> RenderQuerySet:
    """Every run of a shootout of one's own, newest first. One query."""
    return Render.objects.filter(shootout=shootout).for_lists().order_by("-version")


def render_manifest_get(shootout: Shootout, version: int) -> Manifest:
    """Of a run of a shootout of one's own. Raises ``NotFoundError`` where there is none."""
    found = Manifest.objects.filter(render__shootout=shootout, render__version=version).first()
    if found is None:
        raise NotFoundError("Render not found, or it has no manifest.")
    return found


def rendered_file_get(shootout: Shootout, kind: RenderedFileKind) -> RenderedFile:
    """A file of the published render. Raises ``NotFoundError`` while there is none."""
    files = RenderedFile.objects.select_related("render__shootout")
    file = files.filter(render=shootout.published_render_id, kind=kind, segment=None).first()
    if file is None:
        raise NotFoundError(f"This shootout has no {kind.label.lower()} yet.")
    return file


@dataclass(frozen=True, slots=True)
class SegmentPair:
    """``reference`` and ``other``: the files of one DI's segments."""

    reference: RenderedFile
    other: RenderedFile

    @property
    def key(self) -> str:
        """Names the two contents and their order: what is kept of a pair is found by it."""
        named = f"comparison {_COMPARISON_VERSION} {self.reference.sha256} {self.other.sha256}"
        return hashlib.sha256(named.encode()).hexdigest()


def segment_pair_get(shootout: Shootout, di: int, reference: int, other: int) -> SegmentPair:
    """Two published segments of one DI, by positions of DI and contenders in the manifest.

    Raises ``NotFoundError`` where there is none.
    """
    files = RenderedFile.objects.filter(
        render=shootout.published_render_id,
        kind=RenderedFileKind.SEGMENT,
        segment__di_index=di,
        segment__contender_index__in=[reference, other],
    ).select_related("segment")
    by_contender = {file.segment.contender_index: file for file in files if file.segment}
    try:
        return SegmentPair(by_contender[reference], by_contender[other])
    except KeyError:
        raise NotFoundError("Segment not found.") from None


def band_differences(manifest: Manifest, di: int, reference: int, other: int) -> list[float | None]:
    """Third-octave bands of ``other`` minus those of ``reference``, in dB, as they were measured.

    Empty for a manifest from before there were metrics.
    """
    bands = {
        segment.contender: segment.metrics.third_octave_dbfs
        for segment in manifest.content.segments
        if segment.di == di and segment.metrics
    }
    if reference not in bands or other not in bands:
        return []
    found = third_octave_difference_db(bands[other], bands[reference])
    return [None if level is None else round(level, 2) for level in found]


def segment_list(shootout: Shootout, user: Viewer) -> SegmentQuerySet:
    """Segments with their files: of the newest render for the owner, else of the published one."""
    render_id = shootout.published_render_id
    if user == shootout.owner:
        render_id = shootout.latest_render_id
    return Segment.objects.filter(render=render_id).prefetch_related("files")


def comment_list(shootout: Shootout, user: Viewer) -> CommentQuerySet:
    """What the user may read, newest first. One query."""
    return Comment.objects.filter(shootout=shootout).visible_to(user).for_lists()


def comment_get(user: Viewer, uuid: UUID) -> Comment:
    return _the_comment(Comment.objects.visible_to(user), uuid)


def comment_get_written(user: Viewer, uuid: UUID) -> Comment:
    """To change it: only one's own, and only where it can be read."""
    return _the_comment(Comment.objects.visible_to(user).written_by(user), uuid)


def comment_get_moderated(user: Viewer, uuid: UUID) -> Comment:
    """To hide it or show it again: on one's own shootouts; operators on all that they may see."""
    return _the_comment(Comment.objects.visible_to(user).moderated_by(user), uuid)


def _the_comment(comments: CommentQuerySet, uuid: UUID) -> Comment:
    comment = comments.for_lists().filter(uuid=uuid).first()
    if comment is None:
        raise NotFoundError("Comment not found.")
    return comment


def rendered_file_list(shootout: Shootout) -> list[RenderedFile]:
    """All files of the published render."""
    return list(RenderedFile.objects.filter(render=shootout.published_render_id))


def chain_preview_get(user: Viewer, uuid: UUID) -> ChainPreview:
    """One's own, with its job. Raises ``NotFoundError``."""
    previews = ChainPreview.objects.owned_by(user).select_related("job")
    preview = previews.filter(uuid=uuid).first()
    if preview is None:
        raise NotFoundError("Preview not found.")
    return preview

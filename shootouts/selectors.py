"""Reading shootouts and DI tracks, always through the person who asks."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import AnonymousUser

from accounts.errors import NotFoundError
from accounts.models import User
from shootouts.models import DITrack, Manifest, RenderedFile, Segment, Shootout
from shootouts.models.media import RenderedFileKind
from shootouts.querysets import DITrackQuerySet, SegmentQuerySet, ShootoutQuerySet

Viewer = User | AnonymousUser


def di_track_list(user: Viewer) -> DITrackQuerySet:
    return DITrack.objects.owned_by(user)


def di_track_get(user: Viewer, uuid: UUID) -> DITrack:
    """Raises ``NotFoundError`` when there is none of that id, or it is somebody else's."""
    track = di_track_list(user).filter(uuid=uuid).first()
    if track is None:
        raise NotFoundError("There is no such DI track.")
    return track


def shootout_list_owned(user: Viewer) -> ShootoutQuerySet:
    return Shootout.objects.owned_by(user).for_lists()


def shootout_list_public() -> ShootoutQuerySet:
    return Shootout.objects.listed().for_lists().order_by("-published_at", "-id")


def shootout_get(user: Viewer, uuid: UUID) -> Shootout:
    """Raises ``NotFoundError`` when there is none of that id, or the user may not see it."""
    shootout = (
        Shootout.objects.visible_to(user)
        .select_related("owner", "latest_render__job", "published_render__manifest")
        .filter(uuid=uuid)
        .first()
    )
    if shootout is None:
        raise NotFoundError("There is no such shootout.")
    return shootout


def shootout_get_owned(user: Viewer, uuid: UUID) -> Shootout:
    """For changes: as ``shootout_get``, but only one's own."""
    shootout = (
        Shootout.objects.owned_by(user)
        .select_related("owner", "latest_render__job", "published_render__manifest")
        .filter(uuid=uuid)
        .first()
    )
    if shootout is None:
        raise NotFoundError("There is no such shootout.")
    return shootout


def manifest_get(shootout: Shootout) -> Manifest | None:
    """The manifest that everybody sees, or none before the first render is complete."""
    render = shootout.published_render
    return render.manifest if render is not None else None


def rendered_file_get(shootout: Shootout, kind: RenderedFileKind) -> RenderedFile:
    """A file of the published render. Raises ``NotFoundError`` while there is none."""
    file = RenderedFile.objects.filter(
        render=shootout.published_render_id, kind=kind, segment=None
    ).first()
    if file is None:
        raise NotFoundError(f"This shootout has no {kind.label.lower()} yet.")
    return file


def segment_list(shootout: Shootout, user: Viewer) -> SegmentQuerySet:
    """Segments with their files: of the newest render for the owner, else of the published one."""
    render_id = shootout.published_render_id
    if user == shootout.owner:
        render_id = shootout.latest_render_id
    return Segment.objects.filter(render=render_id).prefetch_related("files")


def rendered_file_list(shootout: Shootout) -> list[RenderedFile]:
    """All files of the published render."""
    return list(RenderedFile.objects.filter(render=shootout.published_render_id))

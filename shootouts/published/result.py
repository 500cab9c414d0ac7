"""What pages show of a published render, each part worked out once, when it is asked for.

And how the newest render of a shootout stands: the same for the page, its socket and who polls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from jobs.live.events import describe
from jobs.models import Job
from jobs.pipeline.formats.manifest import Manifest as ManifestContent
from jobs.selectors import job_tree
from jobs.summary import summarize
from shootouts.models import Manifest, RenderedFile, Shootout
from shootouts.models.media import RenderedFileKind
from shootouts.published import player
from shootouts.selectors import Viewer, manifest_get, rendered_file_list


class PublishedResult:
    """``NAMES``: by which templates know the parts."""

    NAMES: ClassVar[tuple[str, ...]] = (
        "manifest",
        "data",
        "files_state",
        "player_data",
        "di_tracks",
        "has_metrics",
        "contender_chains",
        "downloads",
        "video",
        "poster",
        "subtitles",
    )

    def __init__(self, shootout: Shootout, manifest: Manifest) -> None:
        self._shootout = shootout
        self.manifest = manifest

    @property
    def data(self) -> ManifestContent:
        return self.manifest.content

    @cached_property
    def player_data(self) -> dict[str, Any]:
        return player.player_data(self.manifest)

    @cached_property
    def di_tracks(self) -> Sequence[player.PlayedDITrack]:
        return player.played_di_tracks(self.manifest)

    @property
    def has_metrics(self) -> bool:
        return any(di_track.measured for di_track in self.di_tracks)

    @cached_property
    def contender_chains(self) -> Sequence[player.ContenderChain]:
        return player.contender_chains(self.manifest)

    @cached_property
    def _files(self) -> Sequence[RenderedFile]:
        return rendered_file_list(self._shootout)

    @property
    def files_state(self) -> str:
        """Another one when files have come, or one was put in place of another."""
        return " ".join(f"{file.pk}:{file.updated_at.timestamp()}" for file in self._files)

    @cached_property
    def downloads(self) -> Sequence[player.Download]:
        return player.downloads(self.manifest, self._files)

    @property
    def video(self) -> RenderedFile | None:
        return self._by_kind.get(RenderedFileKind.VIDEO)

    @property
    def poster(self) -> RenderedFile | None:
        return self._by_kind.get(RenderedFileKind.THUMBNAIL)

    @property
    def subtitles(self) -> RenderedFile | None:
        return self._by_kind.get(RenderedFileKind.SUBTITLES_VTT)

    @cached_property
    def _by_kind(self) -> Mapping[str, RenderedFile]:
        return {file.kind: file for file in self._files if file.segment_id is None}


def job_snapshot(job: Job, *, is_owner: bool) -> dict[str, Any]:
    """The job and all below it, as the socket tells them too."""
    root, *below = job_tree(job)
    children = [describe(node) for node in below]
    if not is_owner:  # what went wrong is between the owner and the machine
        children = [{**child, "error": None, "message": ""} for child in children]
    return {**describe(root), "summary": summarize(root, below), "children": children}


def render_snapshot(shootout: Shootout, user: Viewer) -> dict[str, Any]:
    """A ``snapshot`` message of the socket, and what is published; no job without a render."""
    render = shootout.latest_render
    job = render.job if render is not None else None
    is_owner = user == shootout.owner
    told = {"job_id": None} if job is None else job_snapshot(job, is_owner=is_owner)
    manifest = manifest_get(shootout)
    videos = RenderedFile.objects.filter(
        render=shootout.published_render_id, kind=RenderedFileKind.VIDEO
    )
    video = videos.values_list("uuid", flat=True).first() if manifest else None
    return {
        "type": "snapshot",
        **told,
        "manifest": manifest and str(manifest.uuid),
        "video": video and str(video),
    }

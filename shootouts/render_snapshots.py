"""How the newest render of a shootout stands: the same for the page, its socket and who polls."""

from __future__ import annotations

from typing import Any

from jobs.live.events import describe
from jobs.models import Job
from jobs.selectors import job_tree
from jobs.summary import summarize
from shootouts.models import RenderedFile, Shootout
from shootouts.models.media import RenderedFileKind
from shootouts.selectors import Viewer, manifest_get


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

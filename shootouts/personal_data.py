"""What is kept of a person here, for export and erasure, and what counts against their quotas."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Sum

from accounts.models import User
from accounts.personal_data import register_before_erasure, register_table
from accounts.quotas import register_renders, register_storage
from jobs.files.storage import delete_stored
from jobs.models import Job
from shootouts.job_kinds import IMPORT_SHOOTOUT, RENDER_SHOOTOUT
from shootouts.models import (
    ChainPreview,
    Comment,
    Contender,
    DITrack,
    Draft,
    Manifest,
    Render,
    RenderedFile,
    Segment,
    Shootout,
    ShootoutDI,
    Upload,
    UploadPart,
)
from shootouts.services.uploads import upload_bytes


def register_all() -> None:
    register_table(DITrack, owner="owner")
    register_table(Shootout, owner="owner")
    register_table(ShootoutDI, owner="shootout__owner")
    register_table(Contender, owner="shootout__owner")
    register_table(Draft, owner="owner")
    register_table(Render, owner="shootout__owner")
    # Where the server keeps the inputs is no one's business.
    register_table(Segment, owner="render__shootout__owner", hidden=("sources",))
    register_table(Manifest, owner="render__shootout__owner")
    register_table(RenderedFile, owner="render__shootout__owner")
    register_table(Comment, owner="author")
    register_table(ChainPreview, owner="owner", hidden=("sources",))
    register_table(Upload, owner="owner")
    # Pieces of what is on its way; whole it is a DI track or a capture.
    register_table(UploadPart, owner="upload__owner", hidden=("file",))
    register_before_erasure("imports", _archives_delete)


def _archives_delete(user: User) -> None:
    """Archives on their way in: only a job names them, which ends too late when it runs."""
    for job in Job.objects.owned_by(user).active().filter(kind=IMPORT_SHOOTOUT):
        delete_stored(job.payload["archive"])


def register_usage() -> None:
    register_storage("di_tracks", _di_bytes)
    register_storage("rendered_files", _rendered_bytes)
    register_storage("previews", _preview_bytes)
    register_storage("uploads", upload_bytes)
    register_renders("shootouts", _render_times)


def _di_bytes(user: User) -> int:
    return DITrack.objects.owned_by(user).aggregate(total=Sum("size_bytes"))["total"] or 0


def _rendered_bytes(user: User) -> int:
    files = RenderedFile.objects.filter(render__shootout__owner=user)
    return files.aggregate(total=Sum("size_bytes"))["total"] or 0


def _preview_bytes(user: User) -> int:
    previews = ChainPreview.objects.owned_by(user)
    return previews.aggregate(total=Sum("size_bytes"))["total"] or 0


def _render_times(user: User, since: datetime) -> list[datetime]:
    """From the jobs: they outlive shootouts, so deleting one gives no render back."""
    jobs = Job.objects.roots().filter(owner=user, kind=RENDER_SHOOTOUT, created_at__gt=since)
    return list(jobs.order_by("created_at").values_list("created_at", flat=True))

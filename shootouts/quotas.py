"""What counts against one person's quotas here."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Sum

from accounts.models import User
from accounts.quotas import register_renders, register_storage
from jobs.models import Job
from shootouts.job_kinds import RENDER_SHOOTOUT
from shootouts.models import ChainPreview, DITrack, RenderedFile


def register_all() -> None:
    register_storage("di_tracks", _di_bytes)
    register_storage("rendered_files", _rendered_bytes)
    register_storage("previews", _preview_bytes)
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

"""What is kept of a person here, for export and erasure."""

from __future__ import annotations

from accounts.models import User
from accounts.personal_data import register_before_erasure, register_table
from jobs.files.storage import delete_stored
from jobs.models import Job
from shootouts.job_kinds import IMPORT_SHOOTOUT
from shootouts.models import (
    ChainPreview,
    Comment,
    Contender,
    DITrack,
    Manifest,
    Render,
    RenderedFile,
    Segment,
    Shootout,
    ShootoutDI,
)


def register_all() -> None:
    register_table(DITrack, owner="owner")
    register_table(Shootout, owner="owner")
    register_table(ShootoutDI, owner="shootout__owner")
    register_table(Contender, owner="shootout__owner")
    register_table(Render, owner="shootout__owner")
    # Where the server keeps the inputs is no one's business.
    register_table(Segment, owner="render__shootout__owner", hidden=("sources",))
    register_table(Manifest, owner="render__shootout__owner")
    register_table(RenderedFile, owner="render__shootout__owner")
    register_table(Comment, owner="author")
    register_table(ChainPreview, owner="owner", hidden=("sources",))
    register_before_erasure("imports", _archives_delete)


def _archives_delete(user: User) -> None:
    """Archives on their way in: only a job names them, which ends too late when it runs."""
    for job in Job.objects.owned_by(user).active().filter(kind=IMPORT_SHOOTOUT):
        delete_stored(job.payload["archive"])

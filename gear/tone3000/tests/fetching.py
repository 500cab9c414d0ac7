"""Adding a model of Tone 3000, to the end of its job."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from accounts.models import User
from gear.models import Capture
from gear.tone3000.services import tone_capture_add
from jobs.models import Job, JobState
from jobs.tests.running import run_until_idle


def add(owner: User, tone_id: int, number: int = 1, **more: str) -> Job:
    job = tone_capture_add(
        owner=owner, tone_id=str(tone_id), model_id=f"{tone_id}{number:02}", **more
    )
    run_until_idle()
    job.refresh_from_db()
    return job


def stored_files() -> list[str]:
    folder = Path(settings.MEDIA_ROOT)
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def capture_of(job: Job) -> Capture:
    assert (job.state, job.error_code) == (JobState.COMPLETED, "")
    return Capture.objects.select_related("gear").get(uuid=job.result["capture_id"])


def is_stored(capture: Capture) -> bool:
    return default_storage.exists(capture.file.name or "")

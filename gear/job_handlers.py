"""What gear does in the background."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from gear.inspection import inspect_capture
from gear.models import Capture
from gear.models.item import FileStatus
from gear.services.captures import INSPECT_KIND, capture_accept, capture_reject
from jobs.models import Job
from jobs.pipeline.errors import PipelineError
from jobs.registry import JobContext, Queue
from jobs.states import JobState
from jobs.storage import fetch_file, scratch_folder


class InspectCapture:
    """Looks into an uploaded capture. One that cannot be used is deleted; the job keeps the why."""

    kind = INSPECT_KIND
    queue: Queue = "short"

    def run(self, context: JobContext) -> Mapping[str, Any]:
        payload = context.job.payload
        captures = Capture.objects.select_related("gear")
        capture = captures.filter(uuid=payload["capture_id"]).first()
        if capture is None:
            raise PipelineError("CAPTURE_GONE", "The file is no longer there: upload it again.")
        if capture.status != FileStatus.READY:
            context.report(0.0, "Looking into the file")
            with scratch_folder() as folder:
                path = fetch_file(capture.file.name or "", folder)
                facts = inspect_capture(path, capture.format)
            capture_accept(capture=capture, facts=facts, is_named=payload["is_named"])
        return {"capture_id": str(capture.uuid), "gear_id": str(capture.gear.uuid)}

    def finished(self, job: Job) -> None:
        if job.state != JobState.COMPLETED:
            capture_reject(capture_id=UUID(job.payload["capture_id"]))

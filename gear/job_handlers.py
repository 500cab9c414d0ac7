"""What gear does in the background."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from asgiref.sync import async_to_sync

from gear.captures.inspection import inspect_capture
from gear.models import Capture
from gear.models.item import FileState
from gear.services.captures import INSPECT_KIND, capture_accept, capture_reject
from gear.tone3000.access import DownloadError, RefusedRequestError, Tone3000Error, UserTokens
from gear.tone3000.services import FETCH_KIND, tone_capture_keep
from gts.web.errors import (
    NotFoundError,
    ReconnectNeededError,
    TooLargeError,
    UnavailableError,
)
from jobs.files.storage import fetch_file, scratch_folder, stored_name
from jobs.models import Job, JobState
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.formats.records import JSONObject
from jobs.registry import JobContext, Queue

if TYPE_CHECKING:
    from gear.tone3000.fetch import Fetched


class InspectCapture:
    """Looks into an uploaded capture. One that cannot be used is deleted; the job keeps the why."""

    kind = INSPECT_KIND
    queue: Queue = "short"

    def run(self, context: JobContext) -> JSONObject:
        payload = context.job.payload
        captures = Capture.objects.select_related("gear")
        capture = captures.filter(uuid=payload["capture_id"]).first()
        if capture is None:
            raise PipelineError("CAPTURE_GONE", "The file is no longer there: upload it again.")
        if capture.state != FileState.READY:
            context.report(0.0, "Looking into the file")
            with scratch_folder() as folder:
                path = fetch_file(stored_name(capture.file), folder, sha256=capture.sha256)
                kind = capture.gear.kind if capture.gear.is_kind_chosen else ""
                facts = inspect_capture(path, capture.format, context.report, kind=kind)
            with context.holding():
                capture_accept(capture=capture, facts=facts)
        return {"capture_id": str(capture.uuid), "gear_id": str(capture.gear.uuid)}

    def finished(self, job: Job) -> None:
        if job.state != JobState.COMPLETED:
            capture_reject(capture_id=UUID(job.payload["capture_id"]))


class FetchTone:
    """Brings one model of a tone here, for its owner alone. What does not come leaves nothing."""

    kind = FETCH_KIND
    queue: Queue = "short"

    def run(self, context: JobContext) -> JSONObject:
        with scratch_folder() as folder:
            fetched = _fetch(context, folder)
            context.report(0.95, "Storing it")
            try:
                capture = tone_capture_keep(
                    owner=context.job.owner,
                    tone=fetched.tone,
                    model=fetched.model,
                    kind=fetched.kind,
                    fetched=fetched.file,
                )
            except TooLargeError as error:  # the owner keeps as much as they may
                raise PipelineError(error.code, error.message) from None
        return {"capture_id": str(capture.uuid), "gear_id": str(capture.gear.uuid)}

    def finished(self, job: Job) -> None:
        """Nothing waits for it."""


def _fetch(context: JobContext, folder: Path) -> Fetched:
    """With the errors of Tone 3000 in the words of jobs: is it worth another try?"""
    from gear.tone3000.fetch import fetch_model

    payload = context.job.payload
    try:
        return async_to_sync(fetch_model)(
            UserTokens(context.job.owner),
            tone_id=payload["tone_id"],
            model_id=payload["model_id"],
            kind=payload["kind"],
            folder=folder,
            report=context.report,
        )
    except DownloadError as error:
        raise PipelineError(
            error.code, error.message, detail=error.detail, is_permanent=error.is_permanent
        ) from None
    except (NotFoundError, ReconnectNeededError) as error:
        raise PipelineError(error.code, error.message) from None
    except UnavailableError as error:
        raise PipelineError(
            error.code,
            error.message,
            detail=error.detail if isinstance(error, Tone3000Error) else "",
            is_permanent=isinstance(error, RefusedRequestError),
        ) from None

"""What is done with a file that has come piece by piece: it is put together, sorted, and handed on
to what looks into it; an archive is taken apart first."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError

from gts.web.errors import AppError, UnavailableError
from jobs.files.reading import audio_kind_read, media_unpack
from jobs.files.storage import scratch_folder
from jobs.models import Job, JobState
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.formats.records import JSONObject
from jobs.registry import JobContext, Queue
from shootouts.job_kinds import SORT_UPLOAD
from shootouts.models import Upload
from shootouts.models.upload import DI
from shootouts.services.imports import archive_limits
from shootouts.services.sorting import ARCHIVE_SUFFIX, SOUND_SUFFIXES, sorted_kind
from shootouts.services.upload_results import (
    upload_begin,
    upload_fetch,
    upload_place,
    upload_set_failed,
    upload_set_placed,
    upload_set_unpacked,
    upload_unpacked,
)

_FETCHED: Final = 0.3


class SortUpload:
    """Leaves a DI track or a capture that is being checked; what is wrong stays with the upload."""

    kind = SORT_UPLOAD
    queue: Queue = "short"

    def run(self, context: JobContext) -> JSONObject:
        rows = Upload.objects.with_results().select_related("owner")
        upload = rows.filter(uuid=context.job.payload["upload"]).first()
        if upload is None or not upload_begin(upload):
            return {}  # cancelled, or done by an earlier try
        with scratch_folder() as folder:
            suffix = PurePosixPath(upload.file_name.lower()).suffix
            path = folder / f"upload{suffix}"
            upload_fetch(upload, path)
            context.report(_FETCHED, "Sorting it")
            if suffix == ARCHIVE_SUFFIX:
                return _unpack(context, upload, path, folder)
            return _place(context, upload, path, upload.kind or _kind_of(upload, path, suffix))

    def finished(self, job: Job) -> None:
        if job.state != JobState.COMPLETED:
            upload_set_failed(
                upload_id=UUID(job.payload["upload"]),
                code=job.error_code or "UPLOAD_CANCELLED",
                message=job.error_message or "Sorting it was canceled.",
            )


def _kind_of(upload: Upload, path: Path, suffix: str) -> str:
    """``""``: a capture, of what kind its file says."""
    if suffix not in SOUND_SUFFIXES:
        return ""
    return sorted_kind(audio_kind_read(path), upload.folder, upload.file_name)


def _place(context: JobContext, upload: Upload, path: Path, kind: str) -> JSONObject:
    try:
        placed = upload_place(upload=upload, path=path, kind=kind)
    except UnavailableError as error:
        raise PipelineError(error.code, error.message, is_permanent=False) from error
    except AppError as error:
        raise PipelineError(error.code, error.message) from error
    except ValidationError as error:
        raise PipelineError("INVALID", " ".join(error.messages)) from error
    with context.holding():
        upload_set_placed(upload=upload, placed=placed)
    if placed.di_track is not None:
        return {"kind": DI, "di_track": str(placed.di_track.uuid)}
    capture = placed.capture
    return {"kind": "capture", "capture_id": str(capture.uuid) if capture else ""}


def _unpack(context: JobContext, upload: Upload, path: Path, folder: Path) -> JSONObject:
    context.report(_FETCHED, "Unpacking")
    unpacked = folder / "unpacked"
    unpacked.mkdir()
    found = media_unpack(
        path, unpacked, archive_limits(), progress=lambda _: context.report(_FETCHED)
    )
    for index, name in enumerate(found.names):
        share = index / len(found.names)
        context.report(_FETCHED + (1.0 - _FETCHED) * share, f"Unpacking {PurePosixPath(name).name}")
        upload_unpacked(upload=upload, folder=unpacked, names=[name])
    with context.holding():
        upload_set_unpacked(upload=upload, too_large=found.too_large, num_skipped=found.num_skipped)
    return {"num_files": len(found.names), "num_skipped": found.num_skipped}

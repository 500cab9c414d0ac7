"""What is done with an archive: unpack it within bounds, look into everything, make a draft."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.files import File
from django.db import transaction

from gear.captures.files import FORMAT_OF_KIND, upload_suffix
from gear.captures.inspection import CaptureFacts, inspect_capture
from gts.web.errors import AppError
from jobs.files.reading import archive_read, di_read
from jobs.files.storage import delete_stored, fetch_file, scratch_folder
from jobs.models import Job
from jobs.pipeline.errors import PipelineError, naming
from jobs.pipeline.formats.records import JSONObject
from jobs.pipeline.formats.shootout_archive import TOO_LARGE
from jobs.pipeline.formats.shootout_file import ShootoutFile
from jobs.pipeline.measure.di_facts import DIProbe
from jobs.pipeline.signal.trim import Trim, check_part
from jobs.registry import JobContext, Queue
from shootouts.job_kinds import IMPORT_SHOOTOUT
from shootouts.services.di_tracks import check_magic
from shootouts.services.imports import (
    Inspected,
    archive_limits,
    check_counts,
    shootout_from_file,
    used_gear,
)

_UNPACKED: Final = 0.1
_INSPECTED: Final = 0.9


class ImportShootout:
    """All or nothing: the archive goes when the job ends, what it made stays when it went well."""

    kind = IMPORT_SHOOTOUT
    queue: Queue = "short"

    def run(self, context: JobContext) -> JSONObject:
        with scratch_folder() as folder:
            archive = fetch_file(context.job.payload["archive"], folder)
            context.report(0.0, "Unpacking")
            unpacked = folder / "unpacked"
            unpacked.mkdir()
            shootout_file = archive_read(
                archive, unpacked, archive_limits(), progress=lambda _: context.report(0.0)
            )
            check_counts(shootout_file)
            context.report(_UNPACKED, "Looking into the files")
            inspected = _inspect(context, shootout_file)
            context.report(_INSPECTED, "Storing")
            imported = shootout_from_file(
                owner=context.job.owner, inspected=inspected, holding=context.holding
            )
        return {
            "shootout": str(imported.shootout.uuid),
            "num_reused": imported.num_reused,
            "notes": list(imported.notes),
        }

    def finished(self, job: Job) -> None:
        transaction.on_commit(partial(delete_stored, job.payload["archive"]), robust=True)


def _inspect(context: JobContext, file: ShootoutFile) -> Inspected:
    """As uploads are, one after the other. Raises ``PipelineError`` naming the file."""
    if len({di.source.sha256 for di in file.dis}) < len(file.dis):
        raise PipelineError("SHOOTOUT_FILE_INVALID", "Two [[di]] are the same DI track.")
    gear = used_gear(file)
    num_files = len(file.dis) + len(gear)
    probes: dict[str, DIProbe] = {}
    facts: dict[str, CaptureFacts] = {}

    def report(done: float) -> None:
        share = (len(probes) + len(facts) + done) / num_files
        context.report(_UNPACKED + (_INSPECTED - _UNPACKED) * share)

    for di in file.dis:
        _check_size(di.path, settings.GTS_DI_MAX_BYTES)
        with _naming(di.path), open(di.path, "rb") as content:
            check_magic(File(content, name=di.path.name), di.path.suffix.lower())
            probe = di_read(di.path, max_duration_s=settings.GTS_DI_MAX_DURATION_S, progress=report)
            sound_s = probe.sound_start_s, probe.sound_end_s
            check_part(Trim(di.source.start_s, di.source.end_s), probe.duration_s, sound_s)
            probes[di.source.sha256] = probe
    for item in gear:
        report(0.0)
        _check_size(item.path, settings.GTS_CAPTURE_MAX_BYTES)
        with _naming(item.path), open(item.path, "rb") as content:
            capture_format = FORMAT_OF_KIND[item.kind]
            upload_suffix(File(content, name=item.path.name), capture_format)
            facts[item.id] = inspect_capture(item.path, capture_format, report, kind=item.kind)
    return Inspected(file, probes, facts)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Whatever is found wrong is told with the name of the file it was found in."""
    try:
        with naming(path.name):
            yield
    except AppError as error:
        raise PipelineError(error.code, f"{path.name}: {error.message}") from error


def _check_size(path: Path, max_bytes: int) -> None:
    if path.stat().st_size > max_bytes:
        megabytes = max_bytes // 1024**2
        raise PipelineError(TOO_LARGE, f"{path.name} is larger than {megabytes} MB.")

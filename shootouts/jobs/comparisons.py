"""The job that compares two published segments."""

from __future__ import annotations

import msgspec

from jobs.files.storage import fetch_file, scratch_folder, stored_name
from jobs.models import Job
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.files import sha256_of
from jobs.pipeline.json_values import JSONObject
from jobs.registry import JobContext, Queue
from shootouts.comparison import SegmentPair
from shootouts.job_kinds import COMPARE_SEGMENTS
from shootouts.models import RenderedFile
from shootouts.services.cache import cached_audio_keep
from shootouts.services.comparisons import ComparisonFigures


class CompareSegments:
    """Gain, lag and what is left of a pair: seconds of work for minutes of sound."""

    kind = COMPARE_SEGMENTS
    queue: Queue = "short"

    def run(self, context: JobContext) -> JSONObject:
        from jobs.pipeline.measure.compare import compare_files, write_residual

        payload = context.job.payload
        pair = SegmentPair(_file(payload["reference"]), _file(payload["other"]))
        with scratch_folder() as folder:
            reference, other = (
                fetch_file(stored_name(file.file), folder, sha256=file.sha256)
                for file in (pair.reference, pair.other)
            )
            found = compare_files(reference, other, progress=context.report)
            residual = folder / "residual.flac"
            write_residual(reference, other, found, residual)
            figures = msgspec.convert(found, ComparisonFigures, from_attributes=True)
            cached_audio_keep(
                key=pair.key,
                inputs={pair.reference.sha256, pair.other.sha256},
                path=residual,
                described={"figures": msgspec.to_builtins(figures), "sha256": sha256_of(residual)},
            )
        return {}

    def finished(self, job: Job) -> None:
        """Who waits for it asks again."""


def _file(uuid: str) -> RenderedFile:
    file = RenderedFile.objects.filter(uuid=uuid).first()
    if file is None:
        raise PipelineError("GONE", "This shootout was deleted.")
    return file

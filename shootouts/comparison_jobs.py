"""The job that compares two published segments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.models import Job
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.files import sha256_of
from jobs.registry import JobContext, Queue
from jobs.storage import fetch_file, scratch_folder, stored_name
from shootouts.comparison import SegmentPair
from shootouts.models import RenderedFile
from shootouts.services.cache import cached_audio_keep
from shootouts.services.comparisons import COMPARE_KIND

_FIGURES = ("lag_frames", "gain_db", "is_inverted", "esr", "esr_db", "num_frames")


class PairComparer:
    """Gain, lag and what is left of a pair: seconds of work for minutes of sound."""

    kind = COMPARE_KIND
    queue: Queue = "short"

    def run(self, context: JobContext) -> Mapping[str, Any]:
        from jobs.pipeline.audio.compare import compare_files, write_residual

        payload = context.job.payload
        pair = SegmentPair(_file(payload["reference"]), _file(payload["other"]))
        with scratch_folder() as folder:
            paths = [
                fetch_file(stored_name(file.file), folder, sha256=file.sha256)
                for file in (pair.reference, pair.other)
            ]
            found = compare_files(*paths, progress=context.report)
            residual = folder / "residual.flac"
            write_residual(*paths, found, residual)
            figures = {name: getattr(found, name) for name in _FIGURES}
            cached_audio_keep(
                key=pair.key,
                inputs={pair.reference.sha256, pair.other.sha256},
                path=residual,
                described={"figures": figures, "sha256": sha256_of(residual)},
            )
        return {}

    def finished(self, job: Job) -> None:
        """Who waits for it asks again."""


def _file(uuid: str) -> RenderedFile:
    file = RenderedFile.objects.filter(uuid=uuid).first()
    if file is None:
        raise PipelineError("GONE", "This shootout was deleted.")
    return file

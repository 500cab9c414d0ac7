"""The job that renders a preview of a chain."""

from __future__ import annotations

from typing import Any

from jobs.files.storage import scratch_folder
from jobs.models import Job
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.json_values import JSONObject
from jobs.registry import JobContext, Queue
from shootouts.job_kinds import RENDER_PREVIEW
from shootouts.models import ChainPreview
from shootouts.services.previews import chain_preview_complete

_RENDER_SHARE = 0.9


class RenderPreview:
    """Through the same cache and level match as the segments of a shootout."""

    kind = RENDER_PREVIEW
    queue: Queue = "render"

    def run(self, context: JobContext) -> JSONObject:
        # Here, as in ``job_handlers``: only a process that renders needs it.
        from jobs.pipeline.render.level import match_levels, measure_loudness, publish_segment
        from shootouts.jobs.segment_audio import segment_audio

        preview = ChainPreview.objects.filter(uuid=context.job.payload["preview"]).first()
        if preview is None:
            raise PipelineError("GONE", "This preview is not wanted any more.")
        if preview.file:  # by an attempt that could not say so
            return _result(preview, was_cached=True)

        def report(fraction: float) -> None:
            context.report(_RENDER_SHARE * fraction)

        with scratch_folder() as folder:
            audio = segment_audio(preview, folder, progress=report)
            [gain_db] = match_levels([measure_loudness(audio.path)]).gains_db
            path = folder / "preview.flac"
            published = publish_segment(
                audio.path,
                gain_db,
                path,
                progress=lambda fraction: context.report(
                    _RENDER_SHARE + (1.0 - _RENDER_SHARE) * fraction
                ),
            )
            chain_preview_complete(
                preview=preview,
                path=path,
                published=published,
                gain_db=gain_db,
                holding=context.holding,
            )
        return _result(preview, was_cached=audio.was_cached)

    def finished(self, job: Job) -> None:
        """The preview asks its job how it went."""


def _result(preview: ChainPreview, *, was_cached: bool) -> dict[str, Any]:
    return {"preview_id": str(preview.uuid), "was_cached": was_cached}

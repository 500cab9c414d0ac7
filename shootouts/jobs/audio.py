"""The jobs that make sound: segments and what they share, previews of chains, comparisons.

Each is a short handler. As in ``handlers``, what computes is imported where it runs: only a process
that renders needs it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from jobs.files.storage import fetch_file, scratch_folder, stored_name
from jobs.models import Job, JobState
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.files import sha256_of
from jobs.pipeline.formats.records import JSONObject
from jobs.pipeline.recipe import plan_renders, recipe_digest, segment_recipe_from_json
from jobs.registry import ChildJob, JobContext, Queue
from shootouts.job_kinds import (
    COMPARE_SEGMENTS,
    RENDER_PASSAGE,
    RENDER_PREFIX,
    RENDER_PREVIEW,
    RENDER_SEGMENT,
)
from shootouts.models import CachedAudio, ChainPreview, Render, RenderedFile, Segment
from shootouts.models.shootout import SegmentState
from shootouts.selectors import SegmentPair
from shootouts.services.comparisons import ComparisonFigures
from shootouts.services.estimates import work_done
from shootouts.services.previews import chain_preview_complete
from shootouts.services.renders import cached_audio_keep, segment_complete, segment_end

# Shares in the progress of a shootout, in seconds of work per second of sound, roughly. What goes
# on from a shared prefix has little left to do.
_SEGMENT_WEIGHT = 1.0
_SHARED_SEGMENT_WEIGHT = 0.2
# Of the progress of a preview; the rest is publishing.
_RENDER_SHARE = 0.9


def audio_children(render: Render) -> list[ChildJob]:
    """What several segments begin with first, then the segments, each as soon as it can be."""
    segments = list(render.segments.exclude(state=SegmentState.COMPLETED))
    keys = [segment.render_key for segment in segments]
    cached = set(CachedAudio.objects.filter(key__in=keys).values_list("key", flat=True))
    # What is there already needs no beginning.
    segments.sort(key=lambda segment: segment.render_key in cached)
    num_missing = sum(segment.render_key not in cached for segment in segments)
    missing = segments[:num_missing]
    recipes = [segment_recipe_from_json(segment.recipe) for segment in missing]
    plan = plan_renders(recipes)
    users: dict[str, list[Segment]] = {}
    for segment, recipe in zip(missing, recipes, strict=True):
        for prefix in recipe.prefixes():
            users.setdefault(recipe_digest(prefix), []).append(segment)
    children = [
        ChildJob(
            kind=RenderPrefix.kind,
            payload={
                "segment": str(users[recipe_digest(prefix)][-1].uuid),
                "num_blocks": len(prefix.blocks),
            },
            label=_prefix_label(render, users[recipe_digest(prefix)], len(prefix.blocks)),
            stage=stage,
            weight=_SEGMENT_WEIGHT,
            is_required=False,
        )
        for stage, prefixes in enumerate(plan.stages)
        for prefix in prefixes
    ]
    stages = [*plan.segment_stages, *[0] * (len(segments) - num_missing)]
    children += [
        ChildJob(
            kind=RenderSegment.kind,
            payload={"segment": str(segment.uuid)},
            label=_segment_label(render, segment),
            stage=stage,
            weight=_SHARED_SEGMENT_WEIGHT if stage else _SEGMENT_WEIGHT,
            is_required=False,
        )
        for segment, stage in zip(segments, stages, strict=True)
    ]
    return children


class RenderPrefix:
    """What several segments begin with, ahead of them. Should it fail, they say why."""

    kind = RENDER_PREFIX
    queue: Queue = "render"

    def run(self, context: JobContext) -> JSONObject:
        from shootouts.jobs.segment_audio import compute_prefix

        segment = _segment(context.job)
        with scratch_folder() as folder:
            prefixes = compute_prefix(
                segment, context.job.payload["num_blocks"], folder, progress=context.report
            )
        return work_done(prefixes.sound_s, prefixes.passes) if prefixes.passes else {}

    def finished(self, job: Job) -> None:
        """The segments look for it themselves."""


class RenderSegment:
    kind = RENDER_SEGMENT
    queue: Queue = "render"

    def run(self, context: JobContext) -> JSONObject:
        from shootouts.jobs.segment_audio import segment_audio

        segment = _segment(context.job)
        if segment.state == SegmentState.COMPLETED:  # by an attempt that could not say so
            return {"was_cached": True}
        with scratch_folder() as folder:
            audio = segment_audio(segment, folder, progress=context.report)
        with context.holding():
            segment_complete(segment=segment)
        done = {} if audio.was_cached else work_done(audio.di_duration_s, audio.passes)
        return {"was_cached": audio.was_cached, **done}

    def finished(self, job: Job) -> None:
        if job.state == JobState.COMPLETED:
            return
        segment = Segment.objects.filter(uuid=job.payload["segment"]).first()
        if segment is not None:
            is_cancelled = job.state == JobState.CANCELLED
            segment_end(
                segment=segment,
                state=SegmentState.CANCELLED if is_cancelled else SegmentState.FAILED,
                code=job.error_code,
                message=job.error_message,
            )


def _segment(job: Job) -> Segment:
    segment = Segment.objects.filter(uuid=job.payload["segment"]).first()
    if segment is None:
        raise PipelineError("GONE", "This shootout was deleted.")
    return segment


def _prefix_label(render: Render, segments: list[Segment], num_blocks: int) -> str:
    contender = render.content.contenders[segments[-1].contender_index]
    name = f"{contender.gear[num_blocks - 1].name} · {_di_name(render, segments[-1])}"
    return f"Amp pass (used by {len(segments)} chains): {name}"[:200]


def _segment_label(render: Render, segment: Segment) -> str:
    contender = render.content.contenders[segment.contender_index]
    return f"{contender.label} · {_di_name(render, segment)}"[:200]


def _di_name(render: Render, segment: Segment) -> str:
    return render.content.dis[segment.di_index].name


class RenderPreview:
    """Through the same cache and level match as the segments of a shootout."""

    kind = RENDER_PREVIEW
    queue: Queue = "render"

    def run(self, context: JobContext) -> JSONObject:
        from jobs.pipeline.render.publishing import match_levels, measure_loudness, publish_segment
        from shootouts.jobs.segment_audio import segment_audio

        preview = _preview(context.job)
        if preview.file:  # by an attempt that could not say so
            return _preview_result(preview, was_cached=True)

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
                duration_s=published.duration_s,
                loudness_lufs=published.loudness.integrated_lufs,
                gain_db=gain_db,
                holding=context.holding,
            )
        return _preview_result(preview, was_cached=audio.was_cached)

    def finished(self, job: Job) -> None:
        """The preview asks its job how it went."""


class RenderPassage:
    """Some seconds of a DI, which someone waits for: ahead of the queue of short work."""

    kind = RENDER_PASSAGE
    queue: Queue = "short"

    def run(self, context: JobContext) -> JSONObject:
        from shootouts.jobs.segment_audio import passage_audio

        preview = _preview(context.job)
        if preview.file:  # by an attempt that could not say so
            return _preview_result(preview, was_cached=True)
        with scratch_folder() as folder:
            path = folder / "passage.flac"
            made = passage_audio(preview, folder, path, progress=context.report)
            chain_preview_complete(
                preview=preview,
                path=path,
                duration_s=made.duration_s,
                loudness_lufs=made.loudness_lufs,
                gain_db=made.gain_db,
                holding=context.holding,
            )
        return _preview_result(preview, was_cached=False)

    def finished(self, job: Job) -> None:
        """The preview asks its job how it went."""


def _preview(job: Job) -> ChainPreview:
    preview = ChainPreview.objects.filter(uuid=job.payload["preview"]).first()
    if preview is None:
        raise PipelineError("GONE", "This preview is not wanted any more.")
    return preview


def _preview_result(preview: ChainPreview, *, was_cached: bool) -> dict[str, Any]:
    return {"preview_id": str(preview.uuid), "was_cached": was_cached}


class CompareSegments:
    """Gain, lag and what is left of a pair: seconds of work for minutes of sound."""

    kind = COMPARE_SEGMENTS
    queue: Queue = "short"

    def run(self, context: JobContext) -> JSONObject:
        from jobs.pipeline.measure.compare import compare_files, write_residual

        payload = context.job.payload
        pair = SegmentPair(_published_file(payload["reference"]), _published_file(payload["other"]))
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


def _published_file(uuid: str) -> RenderedFile:
    file = RenderedFile.objects.filter(uuid=uuid).first()
    if file is None:
        raise PipelineError("GONE", "This shootout was deleted.")
    return file

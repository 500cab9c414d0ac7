"""What the jobs of a shootout do.

``shootout.render`` → one ``segment.render`` per segment → ``shootout.finalise`` (levels, montage,
manifest: this publishes the audio) → ``shootout.video`` (does not gate the audio).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify

from jobs.models import Job
from jobs.pipeline.audio.files import probe_di
from jobs.pipeline.audio.render import render_segment
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.manifest import build_manifest
from jobs.pipeline.recipe import segment_recipe_from_json
from jobs.pipeline.shootout import FinishedAudio, finish_audio, info_from_json
from jobs.pipeline.video.production import make_video
from jobs.registry import ChildJob, JobContext, Queue, register
from jobs.states import JobState
from jobs.storage import fetch_file, scratch_folder, store_local_file, stored_name
from shootouts import rendering
from shootouts.models import DITrack, Render, RenderedFile, Segment
from shootouts.models.media import RenderedFileKind
from shootouts.models.shootout import SegmentState, ShootoutState
from shootouts.services.renders import (
    di_track_accept,
    di_track_reject,
    manifest_publish,
    rendered_file_store,
    segment_complete,
    segment_end,
    shootout_set_state,
)

# Shares in the progress of a shootout, in seconds of work per second of sound, roughly.
_SEGMENT_WEIGHT = 1.0
_FINALISE_WEIGHT = 0.4
_VIDEO_WEIGHT = 3.0


class DIInspect:
    kind = "di.inspect"
    queue: Queue = "short"

    def run(self, context: JobContext) -> Mapping[str, Any]:
        track = DITrack.objects.filter(uuid=context.job.payload["di_track"]).first()
        if track is None:  # deleted by its owner meanwhile: nothing left to look at
            return {}
        with scratch_folder() as folder:
            probe = probe_di(
                fetch_file(stored_name(track.file), folder),
                max_duration_s=settings.GTS_DI_MAX_DURATION_S,
                progress=context.report,
            )
        di_track_accept(
            track=track,
            found={
                "format": probe.format,
                "sample_rate_hz": probe.sample_rate_hz,
                "num_channels": probe.num_channels,
                "duration_s": probe.duration_s,
                "info": probe.as_json(),
            },
        )
        return {"di_track": str(track.uuid)}

    def finished(self, job: Job) -> None:
        if job.state == JobState.COMPLETED:
            return
        track = DITrack.objects.filter(uuid=job.payload["di_track"], status="pending").first()
        if track is not None:
            di_track_reject(track=track)


class ShootoutRender:
    kind = "shootout.render"
    queue: Queue = "short"  # it only plans

    def run(self, context: JobContext) -> Mapping[str, Any]:
        render = _render(context.job)
        info = info_from_json(render.info)
        segments = list(render.segments.exclude(state=SegmentState.COMPLETED))
        children = [
            ChildJob(
                kind=SegmentRenderer.kind,
                payload={"segment": str(segment.uuid)},
                label=_segment_label(render, segment),
                stage=0,
                weight=_SEGMENT_WEIGHT,
                is_required=False,
            )
            for segment in segments
        ]
        num_segments = render.segments.count()
        payload = {"render": str(render.uuid)}
        children.append(
            ChildJob(
                kind=ShootoutFinalise.kind,
                payload=payload,
                label="Levels and montage",
                stage=1,
                weight=_FINALISE_WEIGHT * num_segments,
            )
        )
        if info.options.has_video:
            children.append(
                ChildJob(
                    kind=ShootoutVideo.kind,
                    payload=payload,
                    label="Video",
                    stage=2,
                    weight=_VIDEO_WEIGHT * num_segments,
                    is_required=False,
                )
            )
        with transaction.atomic():
            shootout_set_state(
                shootout=render.shootout, state=ShootoutState.RENDERING, render=render
            )
            context.spawn(children)
        return {}

    def finished(self, job: Job) -> None:
        render = (
            Render.objects.select_related("shootout").filter(uuid=job.payload["render"]).first()
        )
        if render is None or hasattr(render, "manifest"):
            return  # the audio is published; finalise has said all there is to say
        state = {
            JobState.CANCELLED: ShootoutState.CANCELLED,
            JobState.FAILED: ShootoutState.FAILED,
        }.get(JobState(job.state))
        if state is not None:
            shootout_set_state(shootout=render.shootout, state=state, render=render)


class SegmentRenderer:
    kind = "segment.render"
    queue: Queue = "render"

    def run(self, context: JobContext) -> Mapping[str, Any]:
        segment = (
            Segment.objects.select_related("render__shootout__owner")
            .filter(uuid=context.job.payload["segment"])
            .first()
        )
        if segment is None:
            raise PipelineError("GONE", "This shootout was deleted.")
        same = Segment.objects.reusable_for(segment).first()
        if same is not None:
            segment_complete(
                segment=segment,
                pre_gain_name=stored_name(same.pre_gain_file),
                measured=same.measured,
            )
            return {"was_cached": True}
        with scratch_folder() as folder:
            out = folder / "segment.wav"
            render = render_segment(
                segment_recipe_from_json(segment.recipe),
                rendering.fetch_sources(segment, folder),
                out,
                progress=context.report,
            )
            owner = segment.render.shootout.owner
            stored = store_local_file(out, f"pre-gain/{owner.uuid}/{segment.render_key}.wav")
        segment_complete(
            segment=segment,
            pre_gain_name=stored.name,
            measured=rendering.measured_as_json(render),
        )
        return {"was_cached": False}

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


class ShootoutFinalise:
    kind = "shootout.finalise"
    queue: Queue = "render"

    def run(self, context: JobContext) -> Mapping[str, Any]:
        render = _render(context.job)
        if hasattr(render, "manifest"):
            return {}
        info = info_from_json(render.info)
        segments = {(s.di_index, s.contender_index): s for s in render.segments.all()}
        with scratch_folder() as folder:
            results = [
                rendering.segment_result(segment, folder)
                for segment in segments.values()
                if segment.state == SegmentState.COMPLETED
            ]
            audio = finish_audio(info, results, folder, progress=context.report)
            names = self._store_segments(render, segments, audio)
            montage = rendered_file_store(
                render=render,
                kind=RenderedFileKind.MONTAGE,
                path=audio.montage_path,
                name=f"{_file_stem(render)}-montage.flac",
                info={"duration_s": audio.timeline.duration_s},
            )
            data = build_manifest(
                info,
                audio,
                render_version=render.version,
                created_at=render.created_at,
                segment_names=names,
                montage_name=str(montage.uuid),
                failed={
                    key: segment.error_message
                    for key, segment in segments.items()
                    if segment.state != SegmentState.COMPLETED
                },
            )
        manifest_publish(render=render, data=data, audio=audio)
        return {"num_segments": len(audio.segments)}

    def finished(self, job: Job) -> None:
        """The root job hears of it as its parent."""

    def _store_segments(
        self,
        render: Render,
        segments: Mapping[tuple[int, int], Segment],
        audio: FinishedAudio,
    ) -> dict[tuple[int, int], str]:
        labels = [contender["label"] for contender in render.info["contenders"]]
        names: dict[tuple[int, int], str] = {}
        for finished in audio.segments:
            key = (finished.result.di_index, finished.result.contender_index)
            label = slugify(labels[key[1]]) or "contender"
            row = rendered_file_store(
                render=render,
                kind=RenderedFileKind.SEGMENT,
                path=finished.path,
                name=f"{_file_stem(render)}-di{key[0] + 1}-{key[1] + 1:02d}-{label}.flac",
                segment=segments[key],
                info={"duration_s": finished.published.duration_s},
            )
            names[key] = str(row.uuid)
        return names


class ShootoutVideo:
    kind = "shootout.video"
    queue: Queue = "render"

    def run(self, context: JobContext) -> Mapping[str, Any]:
        render = _render(context.job)
        montage = RenderedFile.objects.filter(
            render=render, kind=RenderedFileKind.MONTAGE, segment=None
        ).first()
        if montage is None or not hasattr(render, "manifest"):
            raise PipelineError("NO_MONTAGE", "There is no sound to make a video of.")
        stem = _file_stem(render)
        with scratch_folder() as folder:
            made = make_video(
                render.manifest.data,
                fetch_file(stored_name(montage.file), folder),
                folder,
                render_svg=rendering.render_svg,
                fonts=rendering.font_paths(),
                progress=context.report,
            )
            files: dict[RenderedFileKind, tuple[Path, str]] = {
                RenderedFileKind.VIDEO: (made.video_path, f"{stem}.mp4"),
                RenderedFileKind.THUMBNAIL: (made.thumbnail_path, f"{stem}.png"),
                RenderedFileKind.CHAPTERS: (made.chapters_path, f"{stem}-chapters.txt"),
                RenderedFileKind.SUBTITLES_VTT: (made.vtt_path, f"{stem}.vtt"),
                RenderedFileKind.SUBTITLES_SRT: (made.srt_path, f"{stem}.srt"),
            }
            for kind, (path, name) in files.items():
                is_video = kind == RenderedFileKind.VIDEO
                rendered_file_store(
                    render=render,
                    kind=kind,
                    path=path,
                    name=name,
                    info=made.info if is_video else {},
                )
        return {}

    def finished(self, job: Job) -> None:
        """A failed video leaves the audio as it is; the reason stays on the job."""


def register_all() -> None:
    for handler in (
        DIInspect(),
        ShootoutRender(),
        SegmentRenderer(),
        ShootoutFinalise(),
        ShootoutVideo(),
    ):
        register(handler)


def _render(job: Job) -> Render:
    render = (
        Render.objects.select_related("shootout__owner", "manifest")
        .filter(uuid=UUID(job.payload["render"]))
        .first()
    )
    if render is None:
        raise PipelineError("GONE", "This shootout was deleted.")
    return render


def _segment_label(render: Render, segment: Segment) -> str:
    contender = render.info["contenders"][segment.contender_index]["label"]
    di = render.info["dis"][segment.di_index]["name"]
    return f"{contender} · {di}"[:200]


def _file_stem(render: Render) -> str:
    return slugify(render.info["title"])[:80] or "shootout"

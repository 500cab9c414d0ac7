"""What the jobs of a shootout do.

``render_shootout`` → ``render_prefix`` and ``render_segment`` (``audio``) →
``finalize_shootout`` (levels, montage, manifest: this publishes the audio) → ``make_video`` (does
not gate the audio).

Every process knows the handlers; NumPy, LLVM and PyAV are loaded by those that run one. So what
computes is imported inside ``run``, here and in the other modules of jobs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.text import slugify

from jobs.files.storage import fetch_file, scratch_folder, stored_name
from jobs.models import Job, JobState
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.formats.records import JSONObject
from jobs.pipeline.signal.trim import Trim, check_part
from jobs.registry import Activity, ChildJob, JobContext, Notice, OwnerLimit, Queue, register
from shootouts import rendering
from shootouts.job_kinds import FINALIZE_SHOOTOUT, INSPECT_DI, MAKE_VIDEO, RENDER_SHOOTOUT
from shootouts.jobs.audio import (
    CompareSegments,
    RenderPassage,
    RenderPrefix,
    RenderPreview,
    RenderSegment,
    audio_children,
)
from shootouts.jobs.imports import ImportShootout
from shootouts.jobs.uploads import SortUpload
from shootouts.models import DITrack, Render, RenderedFile, Segment
from shootouts.models.media import RenderedFileKind
from shootouts.models.shootout import SegmentState, ShootoutState
from shootouts.services.di_tracks import di_track_probe
from shootouts.services.estimates import work_done
from shootouts.services.renders import (
    di_track_accept,
    di_track_reject,
    manifest_publish,
    rendered_file_store,
    shootout_set_state,
)

if TYPE_CHECKING:
    from jobs.pipeline.shootout import FinishedAudio

renders_logger = logging.getLogger("shootouts.renders")

# Shares in the progress of a shootout, as in ``audio``.
_FINALIZE_WEIGHT = 0.4
_VIDEO_WEIGHT = 3.0

# Files may have to come from a storage elsewhere first; an archive has many of them.
_DI_TIME_LIMIT_S = 900.0
_IMPORT_TIME_LIMIT_S = 1800.0
# Ten seconds of sound. Whatever takes so long is not listened to any more.
_PASSAGE_TIME_LIMIT_S = 60.0

# What the parts of a render are called for people; the other is the video.
_AUDIO = "Audio"


class InspectDI:
    kind = INSPECT_DI
    queue: Queue = "short"

    def run(self, context: JobContext) -> JSONObject:
        track = DITrack.objects.filter(uuid=context.job.payload["di_track"]).first()
        if track is None:  # deleted by its owner meanwhile: nothing left to look at
            return {}
        probe = di_track_probe(track, context.report)
        track.refresh_from_db(fields=["start_s", "end_s"])
        sound_s = probe.sound_start_s, probe.sound_end_s
        check_part(Trim(track.start_s, track.end_s), probe.duration_s, sound_s)
        with context.holding():
            di_track_accept(track=track, probe=probe)
        return {"di_track": str(track.uuid)}

    def finished(self, job: Job) -> None:
        if job.state == JobState.COMPLETED:
            return
        track = DITrack.objects.filter(uuid=job.payload["di_track"], state="pending").first()
        if track is not None:
            di_track_reject(track=track)


class RenderShootout:
    kind = RENDER_SHOOTOUT
    queue: Queue = "short"  # it only plans

    def run(self, context: JobContext) -> JSONObject:
        render = _render(context.job)
        info = render.content
        children = audio_children(render)
        num_segments = render.segments.count()
        payload = {"render": str(render.uuid)}
        stage = max((child.stage for child in children), default=0)
        children.append(
            ChildJob(
                kind=FinalizeShootout.kind,
                payload=payload,
                label="Level matching",
                stage=stage + 1,
                weight=_FINALIZE_WEIGHT * num_segments,
            )
        )
        if info.options.has_video:
            children.append(
                ChildJob(
                    kind=MakeVideo.kind,
                    payload=payload,
                    label="Video",
                    stage=stage + 2,
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
        if render is None:
            return
        _log_end(job, render)
        if hasattr(render, "manifest"):
            return  # the audio is published; finalize has said all there is to say
        state = {
            JobState.CANCELLED: ShootoutState.CANCELLED,
            JobState.FAILED: ShootoutState.FAILED,
        }.get(JobState(job.state))
        if state is not None:
            shootout_set_state(shootout=render.shootout, state=state, render=render)


class FinalizeShootout:
    kind = FINALIZE_SHOOTOUT
    queue: Queue = "render"

    def run(self, context: JobContext) -> JSONObject:
        from jobs.pipeline.manifest import build_manifest
        from jobs.pipeline.shootout import finish_audio
        from shootouts.jobs.segment_audio import segment_audio, segment_result

        render = _render(context.job)
        if hasattr(render, "manifest"):
            return {}
        info = render.content
        segments = {(s.di_index, s.contender_index): s for s in render.segments.all()}
        with scratch_folder() as folder:
            results = []
            for segment in segments.values():
                if segment.state == SegmentState.COMPLETED:
                    context.report(0.0)
                    # Rendered once more should the cache have lost it.
                    found = segment_audio(segment, folder)
                    results.append(segment_result(segment, found.path, found.measured))
            if not results:
                _raise_why(segments.values())
            audio = finish_audio(info, results, folder, progress=context.report)
            names = self._store_segments(context, render, segments, audio)
            montage = rendered_file_store(
                render=render,
                kind=RenderedFileKind.MONTAGE,
                path=audio.montage_path,
                name=f"{_file_stem(render)}-montage.flac",
                info={"duration_s": audio.timeline.duration_s},
                holding=context.holding,
            )
            content = build_manifest(
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
        with context.holding():
            manifest_publish(render=render, content=content)
        sound_s = sum(finished.published.duration_s for finished in audio.segments)
        return {"num_segments": len(audio.segments), **work_done(sound_s)}

    def finished(self, job: Job) -> None:
        """The root job hears of it as its parent."""

    def _store_segments(
        self,
        context: JobContext,
        render: Render,
        segments: Mapping[tuple[int, int], Segment],
        audio: FinishedAudio,
    ) -> dict[tuple[int, int], str]:
        labels = [contender.label for contender in render.content.contenders]
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
                holding=context.holding,
            )
            names[key] = str(row.uuid)
        return names


class MakeVideo:
    kind = MAKE_VIDEO
    queue: Queue = "render"

    def run(self, context: JobContext) -> JSONObject:
        from jobs.pipeline.video.production import make_video

        render = _render(context.job)
        montage = RenderedFile.objects.filter(
            render=render, kind=RenderedFileKind.MONTAGE, segment=None
        ).first()
        if montage is None or not hasattr(render, "manifest"):
            raise PipelineError("NO_MONTAGE", "There is no sound to make a video of.")
        stem = _file_stem(render)
        with scratch_folder() as folder:
            made = make_video(
                render.manifest.content,
                fetch_file(stored_name(montage.file), folder, sha256=montage.sha256),
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
                    holding=context.holding,
                )
        return work_done(render.manifest.content.timeline.duration_s)

    def finished(self, job: Job) -> None:
        """A failed video leaves the audio as it is; the reason stays on the job."""


@dataclass(frozen=True, slots=True)
class RenderEnd:
    """What the console of the embedded mode says besides; titles do not go into logs."""

    title: str
    path: str
    reason: str


def _log_end(job: Job, render: Render) -> None:
    """Once it is true for everybody."""
    end = RenderEnd(render.shootout.title, _shootout_page(job), job.error_message)
    took_s = None if job.duration_s is None else round(job.duration_s, 3)
    facts = {"render": str(render.uuid), "state": str(job.state), "duration_s": took_s}
    say = partial(renders_logger.info, "a render is over", extra={"facts": facts, "end": end})
    transaction.on_commit(say)


def register_all() -> None:
    limit = OwnerLimit(
        "renders", settings.GTS_MAX_RUNNING_RENDERS, settings.GTS_MAX_WAITING_RENDERS
    )
    # Anyone who uploads something looks on: a check that went well is no news.
    register(
        InspectDI(),
        notice=Notice(
            page=lambda job: reverse("di-list"),
            is_quiet=True,
            title="Check of a DI track",
            is_final=True,
        ),
        time_limit_s=_DI_TIME_LIMIT_S,
    )
    register(
        SortUpload(),
        notice=Notice(is_quiet=True, title="Check of an upload", is_final=True),
        time_limit_s=_IMPORT_TIME_LIMIT_S,
    )
    register(
        RenderShootout(),
        limit=limit,
        notice=Notice(page=_shootout_page, title="Render"),
        activity=Activity(_AUDIO, "In queue"),  # it only plans: nothing is rendered yet
    )
    register(
        RenderPreview(),
        limit=OwnerLimit(
            "previews", settings.GTS_MAX_RUNNING_RENDERS, settings.GTS_MAX_WAITING_RENDERS
        ),
        notice=Notice(
            page=lambda job: reverse("chain-list"), is_quiet=True, title="Preview of a chain"
        ),
    )
    register(
        RenderPassage(),
        limit=OwnerLimit(
            "previews", settings.GTS_MAX_RUNNING_RENDERS, settings.GTS_MAX_WAITING_RENDERS
        ),
        notice=Notice(is_told=False),
        time_limit_s=_PASSAGE_TIME_LIMIT_S,
        is_awaited=True,
    )
    register(
        CompareSegments(),
        limit=OwnerLimit(
            "comparisons", settings.GTS_MAX_RUNNING_RENDERS, settings.GTS_MAX_WAITING_RENDERS
        ),
        notice=Notice(is_quiet=True, title="Comparison"),
    )
    imports = OwnerLimit("imports", max_running=1, max_waiting=5)
    register(
        ImportShootout(),
        limit=imports,
        notice=Notice(page=_imported_page, title="Import", is_final=True),
        time_limit_s=_IMPORT_TIME_LIMIT_S,
    )
    amp_passes = Activity(_AUDIO, "Rendering: amp passes")
    register(RenderPrefix(), activity=amp_passes)
    register(RenderSegment(), activity=amp_passes)
    register(FinalizeShootout(), activity=Activity(_AUDIO, "Rendering: level matching"))
    register(
        MakeVideo(),
        activity=Activity(
            "Video",
            "The audio is ready. Making the video",
            "The audio is ready. The video is in the queue",
        ),
    )


def _shootout_page(job: Job) -> str:
    return reverse("shootout-detail", args=[job.payload["shootout"]])


def _imported_page(job: Job) -> str:
    made = job.result.get("shootout")
    return reverse("shootout-detail", args=[made]) if made else reverse("shootout-mine")


def _render(job: Job) -> Render:
    render = (
        Render.objects.select_related("shootout__owner", "manifest")
        .filter(uuid=UUID(job.payload["render"]))
        .first()
    )
    if render is None:
        raise PipelineError("GONE", "This shootout was deleted.")
    return render


def _raise_why(segments: Iterable[Segment]) -> None:
    """Nothing was rendered: what kept a segment from it is the reason for the whole."""
    for segment in segments:
        if segment.error_code:
            raise PipelineError(segment.error_code, segment.error_message)


def _file_stem(render: Render) -> str:
    return slugify(render.content.title)[:80] or "shootout"

"""From a manifest and its montage to the finished video with thumbnail, chapters and subtitles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.pipeline.errors import Progress, no_progress
from jobs.pipeline.files import replacing
from jobs.pipeline.formats.manifest import InputStaging, Manifest
from jobs.pipeline.formats.shootout_info import DIInfo, GearLine
from jobs.pipeline.step_times import timed
from jobs.pipeline.video.chapters import chapters_text
from jobs.pipeline.video.encode import encode_video
from jobs.pipeline.video.probe import VideoExpectation, probe_video
from jobs.pipeline.video.scene import (
    SceneContender,
    SceneDI,
    SceneGear,
    SceneSegment,
    SvgRenderer,
    VideoScene,
)
from jobs.pipeline.video.subtitles import srt, web_vtt


@dataclass(frozen=True, slots=True)
class MadeVideo:
    """Finished files. ``info``: JSON-safe facts about the video (size, duration, levels)."""

    video_path: Path
    thumbnail_path: Path
    chapters_path: Path
    vtt_path: Path
    srt_path: Path
    info: dict[str, Any]


@timed("video")
def make_video(
    manifest: Manifest,
    montage: Path,
    folder: Path,
    *,
    render_svg: SvgRenderer,
    fonts: Sequence[Path],
    progress: Progress = no_progress,
) -> MadeVideo:
    """Everything that YouTube wants of a shootout, in ``folder``.

    Raises ``PipelineError`` VIDEO_PROBE_FAILED when what was written is not what was meant.
    """
    timeline = manifest.timeline
    scene = scene_from_manifest(manifest)
    paths = {
        name: folder / name
        for name in ("video.mp4", "thumbnail.png", "chapters.txt", "video.vtt", "video.srt")
    }
    info = encode_video(
        scene,
        timeline,
        montage,
        paths["video.mp4"],
        render_svg=render_svg,
        fonts=fonts,
        thumbnail=paths["thumbnail.png"],
        progress=progress,
    )
    probe_video(
        paths["video.mp4"],
        VideoExpectation.of(timeline, (info.width, info.height), info.num_chapters),
    )
    for name, text in (
        ("chapters.txt", chapters_text(timeline, scene)),
        ("video.vtt", web_vtt(timeline, scene)),
        ("video.srt", srt(timeline, scene)),
    ):
        with replacing(paths[name]) as partial:
            partial.write_text(text, encoding="utf-8")
    return MadeVideo(
        video_path=paths["video.mp4"],
        thumbnail_path=paths["thumbnail.png"],
        chapters_path=paths["chapters.txt"],
        vtt_path=paths["video.vtt"],
        srt_path=paths["video.srt"],
        info=info.as_json(),
    )


def scene_from_manifest(manifest: Manifest) -> VideoScene:
    """What the video tells; of each segment what the manifest says of that one."""
    segments = {
        (segment.contender, segment.di): SceneSegment(
            note=_staging_note(segment.staging),
            loudness_lufs=segment.loudness_after_lufs,
        )
        for segment in manifest.segments
    }
    return VideoScene(
        title=manifest.title,
        description=manifest.description,
        contenders=tuple(
            SceneContender(
                label=contender.label,
                gear=tuple(_gear(line) for line in contender.gear),
                note=_common_note(
                    [
                        segment.note
                        for (position, _), segment in segments.items()
                        if position == contender.position
                    ]
                ),
            )
            for contender in manifest.contenders
        ),
        dis=tuple(SceneDI(di.name, _di_details(di)) for di in manifest.dis),
        target_lufs=manifest.fairness.common_target_lufs,
        theme=manifest.options.theme,
        segments=segments,
    )


def _common_note(notes: Sequence[str]) -> str:
    return notes[0] if len(set(notes)) == 1 else ""


def _gear(line: GearLine) -> SceneGear:
    return SceneGear(
        kind=line.kind,
        name=line.name,
        make=line.make,
        settings=(line.settings,) if line.settings else (),
        creator=line.creator,
        licence=line.licence,
    )


def _di_details(di: DIInfo) -> tuple[str, ...]:
    bpm = f"{di.bpm:g} bpm" if di.bpm else ""
    return tuple(text for text in (di.guitar, di.pickup, di.tuning, bpm) if text)


def _staging_note(staging: InputStaging) -> str:
    basis = "" if staging.basis == staging.mode else f" ({staging.basis})"
    return f"input {staging.mode} {staging.gain_db:+.1f} dB{basis}"

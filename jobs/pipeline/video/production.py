"""From a manifest and its montage to the finished video with thumbnail, chapters and subtitles.

The video is looked at before it is offered: is it what was promised? ``probe_video`` reads the
boxes of the file (ISO/IEC 14496-12), the streams through PyAV, the first video frame and as much of
the sound as it takes to hear something.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np

from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.files import replacing
from jobs.pipeline.formats.manifest import InputStaging, Manifest
from jobs.pipeline.formats.shootout_info import DIInfo, GearLine
from jobs.pipeline.formats.timeline import Timeline
from jobs.pipeline.step_times import timed
from jobs.pipeline.video.chapters import chapters_text, srt, web_vtt
from jobs.pipeline.video.encode import encode_video
from jobs.pipeline.video.scene import (
    SceneContender,
    SceneDI,
    SceneGear,
    SceneSegment,
    SvgRenderer,
    VideoScene,
)
from jobs.pipeline.vocabulary.options import Size

_BT709 = 1
_LIMITED_RANGE = 1
_SILENCE = 10 ** (-60 / 20)
_CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta"}


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
            note=_input_note(segment.staging),
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


def _input_note(staging: InputStaging) -> str:
    is_uncalibrated = staging.basis == "assumed" and staging.requested != "normalized"
    reason = "no calibration" if is_uncalibrated else staging.mode
    return f"input trim {staging.gain_db:+.1f} dB ({reason})"


@dataclass(frozen=True, slots=True)
class VideoExpectation:
    """What the video must be."""

    size: Size
    fps: int
    num_video_frames: int
    num_chapters: int

    @classmethod
    def of(cls, timeline: Timeline, size: Size, num_chapters: int) -> VideoExpectation:
        return cls(size, timeline.fps, timeline.num_video_frames, num_chapters)


@dataclass(frozen=True, slots=True)
class VideoProbe:
    """What was found."""

    width: int
    height: int
    fps: float
    num_video_frames: int
    video_codec: str
    video_profile: str
    pixel_format: str
    is_bt709_limited: bool
    video_duration_s: float
    audio_codec: str
    audio_profile: str
    sample_rate_hz: int
    num_channels: int
    audio_duration_s: float
    starts_at_zero: bool
    is_moov_first: bool
    has_edit_list: bool
    is_silent: bool
    chapter_titles: tuple[str, ...]
    title: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def probe_video(path: Path, expected: VideoExpectation | None = None) -> VideoProbe:
    """Probe a file. With ``expected``, raises ``PipelineError`` VIDEO_PROBE_FAILED naming every
    difference; without, only when the file cannot be read at all.
    """
    try:
        boxes = [name for name, _ in _walk(path)]
        probe = _probe(path, boxes)
    except (av.FFmpegError, OSError, ValueError, struct.error, LookupError) as error:
        raise PipelineError(
            "VIDEO_PROBE_FAILED", "The finished video cannot be read.", detail=str(error)
        ) from error
    if expected is not None and (problems := differences(probe, expected)):
        raise PipelineError(
            "VIDEO_PROBE_FAILED",
            "The finished video is not as it should be.",
            detail="; ".join(problems),
        )
    return probe


def differences(probe: VideoProbe, expected: VideoExpectation) -> list[str]:
    """Every way in which ``probe`` is not as expected, in words."""
    frame_s = 1.0 / expected.fps
    duration_s = expected.num_video_frames * frame_s
    checks = {
        f"size {probe.width}×{probe.height}": (probe.width, probe.height) == expected.size,
        f"{probe.fps} fps": probe.fps == expected.fps,
        f"{probe.num_video_frames} video frames": (
            probe.num_video_frames == expected.num_video_frames
        ),
        f"video {probe.video_codec} {probe.video_profile} {probe.pixel_format}": (
            (probe.video_codec, probe.video_profile, probe.pixel_format)
            == ("h264", "High", "yuv420p")
        ),
        "color is not BT.709 limited": probe.is_bt709_limited,
        f"audio {probe.audio_codec} {probe.audio_profile}": (
            (probe.audio_codec, probe.audio_profile) == ("aac", "LC")
        ),
        f"{probe.sample_rate_hz} Hz, {probe.num_channels} channels": (
            (probe.sample_rate_hz, probe.num_channels) == (48_000, 2)
        ),
        f"video lasts {probe.video_duration_s:.3f} s": (
            abs(probe.video_duration_s - duration_s) <= frame_s
        ),
        f"audio lasts {probe.audio_duration_s:.3f} s": (
            abs(probe.audio_duration_s - duration_s) <= frame_s
        ),
        "a stream does not start at 0": probe.starts_at_zero,
        "moov is not first": probe.is_moov_first,
        "there is an edit list": not probe.has_edit_list,
        "the sound is silent": not probe.is_silent,
        f"{len(probe.chapter_titles)} chapters": (
            len(probe.chapter_titles) == expected.num_chapters
        ),
    }
    return [problem for problem, is_right in checks.items() if not is_right]


def _probe(path: Path, boxes: list[str]) -> VideoProbe:
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        chapters = sorted(container.chapters(), key=lambda chapter: chapter["start"])
        picture = next(container.decode(video))
        context = video.codec_context
        probe = VideoProbe(
            width=picture.width,
            height=picture.height,
            fps=float(video.average_rate or 0),
            num_video_frames=video.frames,
            video_codec=context.name,
            video_profile=str(context.profile),
            pixel_format=picture.format.name,
            is_bt709_limited=(
                {context.color_primaries, context.color_trc, context.colorspace} == {_BT709}
                and context.color_range == _LIMITED_RANGE
            ),
            video_duration_s=_seconds(video),
            audio_codec=audio.codec_context.name,
            audio_profile=str(audio.codec_context.profile),
            sample_rate_hz=audio.codec_context.sample_rate,
            num_channels=audio.codec_context.channels,
            audio_duration_s=_seconds(audio),
            starts_at_zero=video.start_time == 0 and audio.start_time == 0 and picture.pts == 0,
            is_moov_first=boxes.index("moov") < boxes.index("mdat"),
            has_edit_list="elst" in boxes,
            is_silent=False,
            chapter_titles=tuple(chapter["metadata"].get("title", "") for chapter in chapters),
            title=container.metadata.get("title", ""),
        )
    return probe if _is_heard(path) else _as_silent(probe)


def _as_silent(probe: VideoProbe) -> VideoProbe:
    return VideoProbe(**{**asdict(probe), "is_silent": True})


def _seconds(stream: Any) -> float:
    return float((stream.duration or 0) * stream.time_base)


def _is_heard(path: Path) -> bool:
    """Whether anything is louder than −60 dBFS; stops at the first such moment."""
    with av.open(str(path)) as container:
        return any(
            np.abs(frame.to_ndarray()).max() > _SILENCE for frame in container.decode(audio=0)
        )


def _walk(path: Path) -> Iterator[tuple[str, int]]:
    """Name and position of every box, outer before inner, in the order of the file."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        yield from _boxes(file, 0, end)


def _boxes(file: BinaryIO, position: int, end: int) -> Iterator[tuple[str, int]]:
    while position + 8 <= end:
        file.seek(position)
        size, name = struct.unpack(">I4s", file.read(8))
        header = 8
        if size == 1:
            size, header = struct.unpack(">Q", file.read(8))[0], 16
        elif size == 0:
            size = end - position
        if size < header or position + size > end:
            raise ValueError(f"box {name!r} at {position} does not fit the file")
        yield name.decode("latin-1"), position
        if name in _CONTAINERS:
            yield from _boxes(file, position + header, position + size)
        position += size

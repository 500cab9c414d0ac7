"""Chapters and subtitles: who plays, and when.

Three forms: every change (inside the MP4, WebVTT, SRT) and YouTube's text for the description.
There the first chapter must start at 0:00, there must be at least three, in ascending order, and
each must last at least 10 s, so short ones are put together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.pipeline.video.scene import VideoScene
from jobs.pipeline.video.text import clean_text
from jobs.pipeline.video.timeline import Timeline, TimelineCard, TimelineEntry

MIN_CHAPTER_S = 10.0
MIN_CHAPTERS = 3


@dataclass(frozen=True, slots=True)
class Chapter:
    """A stretch of the video, in frames at 48 kHz, and what it is called."""

    start_frame: int
    end_frame: int
    title: str


def chapters(timeline: Timeline, scene: VideoScene) -> tuple[Chapter, ...]:
    """One chapter per span, covering the whole video; neighbours of one name are one."""
    found: list[Chapter] = []
    for span in timeline.spans():
        title = _title(span.what, scene)
        if found and found[-1].title == title:
            found[-1] = Chapter(found[-1].start_frame, span.end_frame, title)
        else:
            found.append(Chapter(span.start_frame, span.end_frame, title))
    return tuple(found)


def chapters_text(timeline: Timeline, scene: VideoScene) -> str:
    """Lines "m:ss title" for a YouTube description; empty when the video is too short for them.

    Cards belong to the chapter beside them. Times are whole seconds, rounded so that a chapter
    never begins before its sound.
    """
    groups: list[list[Chapter]] = []
    starts_s: list[int] = []
    for chapter in _contender_chapters(timeline, scene):
        start_s = 0 if not groups else -(-chapter.start_frame // timeline.sample_rate_hz)
        if groups and start_s - starts_s[-1] < MIN_CHAPTER_S:
            groups[-1].append(chapter)
        else:
            groups.append([chapter])
            starts_s.append(start_s)
    if len(groups) > 1 and timeline.duration_s - starts_s[-1] < MIN_CHAPTER_S:
        rest = groups.pop()
        groups[-1] += rest
        starts_s.pop()
    if len(groups) < MIN_CHAPTERS or timeline.duration_s < MIN_CHAPTERS * MIN_CHAPTER_S:
        return ""
    has_hours = timeline.duration_s >= 3600
    lines = (
        f"{_clock(start_s, has_hours=has_hours)} {_joined([chapter.title for chapter in group])}"
        for start_s, group in zip(starts_s, groups, strict=True)
    )
    return "".join(f"{line}\n" for line in lines)


def web_vtt(timeline: Timeline, scene: VideoScene) -> str:
    """Subtitles with the contender's name, WebVTT."""
    cues = (
        f"\n{_timestamp(chapter.start_frame, timeline, '.')} --> "
        f"{_timestamp(chapter.end_frame, timeline, '.')}\n{_escaped(chapter.title)}\n"
        for chapter in _cues(timeline, scene)
    )
    return "WEBVTT\n" + "".join(cues)


def srt(timeline: Timeline, scene: VideoScene) -> str:
    """The same as SubRip."""
    cues = (
        f"{number}\n{_timestamp(chapter.start_frame, timeline, ',')} --> "
        f"{_timestamp(chapter.end_frame, timeline, ',')}\n{chapter.title}\n"
        for number, chapter in enumerate(_cues(timeline, scene), start=1)
    )
    return "\n".join(cues)


def _title(what: TimelineEntry | TimelineCard, scene: VideoScene) -> str:
    if isinstance(what, TimelineEntry):
        label = clean_text(scene.contenders[what.contender_index].label)
        if len(scene.dis) > 1:
            return f"{label} · {clean_text(scene.dis[what.di_index].name)}"
        return label
    if what.kind == "opening":
        return clean_text(scene.title)
    if what.kind == "di":
        return clean_text(scene.dis[what.di_index or 0].name)
    return "Summary"


def _cues(timeline: Timeline, scene: VideoScene) -> list[Chapter]:
    return [
        Chapter(span.start_frame, span.end_frame, _title(span.what, scene))
        for span in timeline.spans()
        if isinstance(span.what, TimelineEntry)
    ]


def _contender_chapters(timeline: Timeline, scene: VideoScene) -> list[Chapter]:
    """What the description names: contenders one by one, or, when they alternate, the DIs."""
    if timeline.order == "sequential":
        return _cues(timeline, scene)
    found: list[Chapter] = []
    for span in timeline.spans():
        if isinstance(span.what, TimelineEntry):
            title = clean_text(scene.dis[span.what.di_index].name)
            if not found or found[-1].title != title:
                found.append(Chapter(span.start_frame, span.end_frame, title))
    return found


def _joined(titles: Sequence[str]) -> str:
    return " / ".join(dict.fromkeys(titles))


def _clock(seconds: int, *, has_hours: bool) -> str:
    minutes, second = divmod(seconds, 60)
    if has_hours:
        return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"
    return f"{minutes}:{second:02d}"


def _timestamp(frame: int, timeline: Timeline, point: str) -> str:
    milliseconds = round(1000 * frame / timeline.sample_rate_hz)
    seconds, millisecond = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}{point}{millisecond:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

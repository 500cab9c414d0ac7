"""Chapters: who plays, and when. Every change inside the MP4; for the description of the video what
YouTube takes (see ``youtube.py``)."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.pipeline.formats.timeline import Timeline, TimelineCard, TimelineEntry
from jobs.pipeline.video.scene import VideoScene
from jobs.pipeline.video.text import clean_text
from jobs.pipeline.video.youtube import youtube_chapters


@dataclass(frozen=True, slots=True)
class Chapter:
    """A stretch of the video, in frames at 48 kHz, and what it is called."""

    start_frame: int
    end_frame: int
    title: str


def chapters(timeline: Timeline, scene: VideoScene) -> tuple[Chapter, ...]:
    """One chapter per span, covering the whole video; neighbors of one segment are one."""
    found: list[Chapter] = []
    last: tuple[int, int] | TimelineCard | None = None
    for span in timeline.spans():
        shown = span.what
        if isinstance(shown, TimelineEntry):
            key: tuple[int, int] | TimelineCard = (shown.contender_index, shown.di_index)
        else:
            key = shown
        if key == last:
            found[-1] = Chapter(found[-1].start_frame, span.end_frame, found[-1].title)
        else:
            found.append(Chapter(span.start_frame, span.end_frame, span_title(shown, scene)))
        last = key
    return tuple(found)


def chapters_text(timeline: Timeline, scene: VideoScene) -> str:
    """Lines "m:ss title" for a YouTube description; empty when there cannot be any."""
    return youtube_chapters(timeline, scene).text()


def span_title(shown: TimelineEntry | TimelineCard, scene: VideoScene) -> str:
    """What a chapter or a subtitle calls a span: of several DIs also which one."""
    if isinstance(shown, TimelineEntry):
        label = clean_text(scene.contenders[shown.contender_index].label)
        if len(scene.dis) > 1:
            return f"{label} · {clean_text(scene.dis[shown.di_index].name)}"
        return label
    if shown.kind == "opening":
        return clean_text(scene.title)
    if shown.kind == "di":
        return clean_text(scene.dis[shown.di_index or 0].name)
    return "Summary"

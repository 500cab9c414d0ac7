"""Subtitles with the contender's name while it plays: WebVTT and SubRip."""

from __future__ import annotations

from jobs.pipeline.formats.timeline import Timeline, TimelineEntry
from jobs.pipeline.video.chapters import Chapter, span_title
from jobs.pipeline.video.scene import VideoScene
from jobs.pipeline.video.text import without_brackets


def web_vtt(timeline: Timeline, scene: VideoScene) -> str:
    """WebVTT."""
    cues = (
        f"\n{_timestamp(cue.start_frame, timeline, '.')} --> "
        f"{_timestamp(cue.end_frame, timeline, '.')}\n{_escaped(cue.title)}\n"
        for cue in _cues(timeline, scene)
    )
    return "WEBVTT\n" + "".join(cues)


def srt(timeline: Timeline, scene: VideoScene) -> str:
    """The same as SubRip, where players take angle brackets for tags and leave out what is in them
    and nothing can be escaped."""
    cues = (
        f"{number}\n{_timestamp(cue.start_frame, timeline, ',')} --> "
        f"{_timestamp(cue.end_frame, timeline, ',')}\n{without_brackets(cue.title)}\n"
        for number, cue in enumerate(_cues(timeline, scene), start=1)
    )
    return "\n".join(cues)


def _cues(timeline: Timeline, scene: VideoScene) -> list[Chapter]:
    return [
        Chapter(span.start_frame, span.end_frame, span_title(span.what, scene))
        for span in timeline.spans()
        if isinstance(span.what, TimelineEntry)
    ]


def _timestamp(frame: int, timeline: Timeline, point: str) -> str:
    milliseconds = round(1000 * frame / timeline.sample_rate_hz)
    seconds, millisecond = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}{point}{millisecond:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

"""Scenes and timelines of so many contenders and DIs, for tests of chapters and subtitles."""

from __future__ import annotations

from jobs.pipeline.formats.timeline import Timeline
from jobs.pipeline.video.scene import SceneContender, SceneDI, VideoScene
from jobs.pipeline.video.timeline import TimelineSegment, build_timeline
from jobs.pipeline.vocabulary.options import PlaybackOrder


def scene(num_contenders: int, num_dis: int = 1) -> VideoScene:
    return VideoScene(
        "Shootout",
        tuple(SceneContender(f"Tone <{index}> & co", ()) for index in range(num_contenders)),
        tuple(SceneDI(f"Riff {index}") for index in range(num_dis)),
    )


def timeline(
    *seconds: float, num_dis: int = 1, order: PlaybackOrder = "sequential", di_card_s: float = 1.5
) -> Timeline:
    """Every DI is played by contenders that last ``seconds``."""
    return build_timeline(
        [
            TimelineSegment(contender, di, round(duration * 48_000))
            for di in range(num_dis)
            for contender, duration in enumerate(seconds)
        ],
        order,
        di_card_s=di_card_s,
    )

"""Chapters by YouTube's rules, and subtitles."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from jobs.pipeline.recipe import PlaybackOrder
from jobs.pipeline.video.chapters import chapters, chapters_text, srt, web_vtt
from jobs.pipeline.video.scene import SceneContender, SceneDI, VideoScene
from jobs.pipeline.video.timeline import Timeline, TimelineSegment, build_timeline


def scene(num_contenders: int, num_dis: int = 1) -> VideoScene:
    return VideoScene(
        "Shootout",
        tuple(SceneContender(f"Tone <{index}> & co", ()) for index in range(num_contenders)),
        tuple(SceneDI(f"Riff {index}") for index in range(num_dis)),
    )


def timeline(*seconds: float, num_dis: int = 1, order: PlaybackOrder = "sequential") -> Timeline:
    return build_timeline(
        [
            TimelineSegment(contender, di, round(duration * 48_000))
            for di in range(num_dis)
            for contender, duration in enumerate(seconds)
        ],
        order,
    )


def starts_s(text: str) -> list[int]:
    found = []
    for line in text.splitlines():
        match = re.match(r"(?:(\d+):)?(\d+):(\d\d) \S", line)
        assert match, line
        hours, minutes, seconds = match.groups()
        found.append(int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds))
    return found


def test_long_segments_have_a_chapter_each() -> None:
    assert chapters_text(timeline(12, 12, 12), scene(3)) == (
        "0:00 Tone <0> & co\n0:15 Tone <1> & co\n0:27 Tone <2> & co\n"
    )


def test_short_segments_are_grouped() -> None:
    text = chapters_text(timeline(*[5.0] * 7), scene(7))
    # 2.5 s of opening card and two segments; two more; the last three, not to end with 8 s.
    assert text.splitlines()[0] == "0:00 Tone <0> & co / Tone <1> & co"
    assert len(text.splitlines()) == 3


def test_too_short_for_three_chapters_gives_none() -> None:
    assert chapters_text(timeline(8, 8), scene(2)) == ""


def test_alternating_names_the_dis() -> None:
    text = chapters_text(timeline(10, 10, num_dis=3, order="alternating"), scene(2, 3))
    assert [line.split(" ", 1)[1] for line in text.splitlines()] == ["Riff 0", "Riff 1", "Riff 2"]


def test_hours_are_written_when_there_are_any() -> None:
    assert starts_s(chapters_text(timeline(*[599.0] * 7), scene(7)))[-1] > 3590


@given(
    st.lists(st.floats(0.5, 40.0), min_size=1, max_size=27),
    st.integers(1, 3),
    st.sampled_from(["sequential", "alternating"]),
)
def test_youtube_accepts_every_text(
    seconds: list[float], num_dis: int, order: PlaybackOrder
) -> None:
    plan = timeline(*seconds, num_dis=num_dis, order=order)
    text = chapters_text(plan, scene(len(seconds), num_dis))
    if not text:
        return
    starts = starts_s(text)
    assert starts[0] == 0
    assert len(starts) >= 3
    lengths = [after - before for before, after in pairwise([*starts, plan.duration_s])]
    assert min(lengths) >= 10
    if order == "sequential":
        for index in range(len(seconds)):
            assert f"Tone <{index}> & co" in text


@given(st.lists(st.floats(0.5, 40.0), min_size=1, max_size=9), st.integers(1, 3))
def test_chapters_inside_cover_the_video(seconds: list[float], num_dis: int) -> None:
    plan = timeline(*seconds, num_dis=num_dis)
    marks = chapters(plan, scene(len(seconds), num_dis))
    assert marks[0].start_frame == 0
    assert marks[-1].end_frame == plan.total_frames
    assert all(before.end_frame == after.start_frame for before, after in pairwise(marks))


def test_subtitles_name_the_contender_while_it_plays() -> None:
    plan = timeline(12.0, 3.25)
    assert web_vtt(plan, scene(2)) == (
        "WEBVTT\n"
        "\n00:00:02.500 --> 00:00:14.500\nTone &lt;0&gt; &amp; co\n"
        "\n00:00:14.500 --> 00:00:17.750\nTone &lt;1&gt; &amp; co\n"
    )
    assert srt(plan, scene(2)) == (
        "1\n00:00:02,500 --> 00:00:14,500\nTone <0> & co\n"
        "\n2\n00:00:14,500 --> 00:00:17,750\nTone <1> & co\n"
    )

"""Chapters inside the MP4, and subtitles."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from jobs.pipeline.video.chapters import chapters, srt, web_vtt
from jobs.pipeline.video.scene import SceneDI
from jobs.pipeline.video.tests.plans import scene, timeline


@given(st.lists(st.floats(0.5, 40.0), min_size=1, max_size=9), st.integers(1, 3))
def test_chapters_inside_cover_the_video(seconds: list[float], num_dis: int) -> None:
    plan = timeline(*seconds, num_dis=num_dis)
    marks = chapters(plan, scene(len(seconds), num_dis))
    assert marks[0].start_frame == 0
    assert marks[-1].end_frame == plan.total_frames
    assert all(before.end_frame == after.start_frame for before, after in pairwise(marks))
    # Opening, closing, a card ahead of each further DI, and every segment.
    assert len(marks) == 2 + (num_dis - 1) + num_dis * len(seconds)


def test_dis_of_one_name_stay_apart() -> None:
    same = replace(scene(1, 2), dis=(SceneDI("Riff"), SceneDI("Riff")))
    plan = timeline(12.0, num_dis=2, order="alternating", di_card_s=0.0)
    assert [mark.title for mark in chapters(plan, same)] == [
        "Shootout",
        "Tone <0> & co · Riff",
        "Tone <0> & co · Riff",
        "Summary",
    ]


def test_subtitles_name_the_contender_while_it_plays() -> None:
    plan = timeline(12.0, 3.25)
    assert web_vtt(plan, scene(2)) == (
        "WEBVTT\n"
        "\n00:00:02.500 --> 00:00:14.500\nTone &lt;0&gt; &amp; co\n"
        "\n00:00:14.500 --> 00:00:17.750\nTone &lt;1&gt; &amp; co\n"
    )
    # In SubRip what stands in angle brackets is a tag, and is not shown.
    assert srt(plan, scene(2)) == (
        "1\n00:00:02,500 --> 00:00:14,500\nTone ‹0› & co\n"
        "\n2\n00:00:14,500 --> 00:00:17,750\nTone ‹1› & co\n"
    )

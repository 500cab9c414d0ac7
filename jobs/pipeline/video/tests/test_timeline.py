"""The plan of picture and sound: order, exact frames, joins."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import to_builtins

from jobs.pipeline.formats.timeline import Timeline, TimelineCard, TimelineEntry
from jobs.pipeline.signal.fades import fade_in_gains, fade_out_gains
from jobs.pipeline.video.timeline import TimelineSegment, build_timeline, slice_starts
from jobs.pipeline.vocabulary.options import PlaybackOrder


def segments(*num_frames: int, di_index: int = 0) -> list[TimelineSegment]:
    return [TimelineSegment(index, di_index, frames) for index, frames in enumerate(num_frames)]


def test_sequential_plays_every_di_in_full_by_every_contender() -> None:
    given_segments = [*segments(48_001, 50_000), *segments(96_000, 96_007, di_index=1)]

    timeline = build_timeline(given_segments[::-1])

    assert [(e.di_index, e.contender_index, e.source_start_frame) for e in timeline.entries] == [
        (0, 0, 0),
        (0, 1, 0),
        (1, 0, 0),
        (1, 1, 0),
    ]
    first, second, third, fourth = timeline.entries
    assert first.start_frame == 120_000  # 2.5 s of opening card
    assert (first.num_frames, second.num_frames) == (48_001, 50_000)
    assert second.start_frame == first.end_frame  # gapless
    assert third.start_frame == second.end_frame + 72_000  # 1.5 s of DI card
    assert fourth.end_frame == timeline.cards[-1].start_frame
    assert [card.kind for card in timeline.cards] == ["opening", "di", "closing"]
    assert timeline.cards[1].di_index == 1


def test_total_is_a_whole_number_of_video_frames_and_loses_no_closing_card() -> None:
    timeline = build_timeline(segments(48_001, 50_000))

    assert timeline.total_frames % 1600 == 0
    assert timeline.num_video_frames * 1600 == timeline.total_frames
    assert 144_000 <= timeline.cards[-1].num_frames < 144_000 + 1600


def test_alternating_passes_every_slice_round_before_the_next() -> None:
    timeline = build_timeline(segments(480_000, 480_000), "alternating", slice_s=4.0)

    order = [(e.contender_index, e.source_start_frame) for e in timeline.entries]
    # 10 s in slices of 4 s: the rest of 2 s is half a slice and so stands alone.
    assert order == [(0, 0), (1, 0), (0, 192_000), (1, 192_000), (0, 384_000), (1, 384_000)]
    starts = np.diff([e.start_frame for e in timeline.entries])
    assert starts.tolist()[:4] == [192_000] * 4  # the joins do not shorten a slice
    for before, after in pairwise(timeline.entries):
        assert before.end_frame - after.start_frame == 480  # 10 ms
        assert before.fade_out_frames == after.fade_in_frames == 480
    assert timeline.entries[0].fade_in_frames == 0
    assert timeline.entries[-1].fade_out_frames == 0


def test_alternating_keeps_the_longer_tail_of_a_contender() -> None:
    timeline = build_timeline(segments(400_000, 480_123), "alternating")

    ends = {e.contender_index: e.source_start_frame + e.num_frames for e in timeline.entries}
    assert ends == {0: 400_000, 1: 480_123}


def test_slices_follow_the_bars_when_the_tempo_is_known() -> None:
    # 100 bpm: a bar lasts 2.4 s; two bars are the nearest to 4 s.
    assert slice_starts(20 * 48_000, 4.0, bpm=100.0) == (0, 230_400, 460_800, 691_200)
    # 30 bpm: one bar lasts 8 s and is the least.
    assert slice_starts(20 * 48_000, 2.0, bpm=30.0) == (0, 384_000, 768_000)
    # Shorter than half a slice: stays whole.
    assert slice_starts(48_000, 4.0) == (0,)


def test_joins_have_equal_power() -> None:
    power = fade_in_gains(480).astype(np.float64) ** 2 + fade_out_gains(480).astype(np.float64) ** 2
    assert np.max(np.abs(power - 1.0)) < 1e-6


def test_given_cuts_are_used_and_checked() -> None:
    timeline = build_timeline(
        segments(480_000, 480_000), "alternating", slice_starts_by_di={0: [0, 100_003]}
    )
    assert {e.source_start_frame for e in timeline.entries} == {0, 100_003}
    with pytest.raises(ValueError, match="cuts"):
        build_timeline(segments(9_000), "alternating", slice_starts_by_di={0: [0, 100]})


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([], "at least one"),
        (segments(10, 0), "no frames"),
        ([*segments(10), *segments(20)], "twice"),
    ],
)
def test_impossible_plans_are_refused(bad: list[TimelineSegment], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_timeline(bad)


def test_a_rate_that_does_not_divide_the_audio_is_refused() -> None:
    with pytest.raises(ValueError, match="divide"):
        build_timeline(segments(48_000), fps=29)


def test_the_plan_is_json() -> None:
    timeline = build_timeline(segments(48_001, 50_000))
    assert json.loads(json.dumps(to_builtins(timeline)))["total_frames"] == timeline.total_frames


plans = st.builds(
    lambda lengths, order, slice_s, fps: build_timeline(
        [
            TimelineSegment(contender, di, frames)
            for di, row in enumerate(lengths)
            for contender, frames in enumerate(row)
        ],
        order,
        slice_s=slice_s,
        fps=fps,
    ),
    st.lists(st.lists(st.integers(1, 700_000), min_size=1, max_size=5), min_size=1, max_size=3),
    st.sampled_from(["sequential", "alternating"]),
    st.floats(0.5, 6.0),
    st.sampled_from([25, 30, 60]),
)


@given(plans)
def test_spans_cover_every_frame_once(timeline: Timeline) -> None:
    spans = timeline.spans()
    assert spans[0].start_frame == 0
    assert spans[-1].end_frame == timeline.total_frames
    assert all(before.end_frame == after.start_frame for before, after in pairwise(spans))
    shown = timeline.video_spans()
    assert shown[0].start_frame == 0
    assert shown[-1].end_frame == timeline.num_video_frames
    assert all(before.end_frame == after.start_frame for before, after in pairwise(shown))


@given(plans)
def test_the_picture_shows_what_sounds_in_the_middle_of_its_frame(timeline: Timeline) -> None:
    half = timeline.frames_per_video_frame // 2
    for span in timeline.video_spans()[:8]:
        for video_frame in (span.start_frame, span.end_frame - 1):
            middle = video_frame * timeline.frames_per_video_frame + half
            assert timeline.what_sounds_at(middle) == span.what


@given(plans)
def test_every_source_frame_sounds_and_none_is_invented(timeline: Timeline) -> None:
    heard: dict[tuple[int, int], int] = {}
    for entry in timeline.entries:
        key = (entry.di_index, entry.contender_index)
        assert entry.source_start_frame <= heard.get(key, 0)
        heard[key] = entry.source_start_frame + entry.num_frames
        assert entry.fade_in_frames + entry.fade_out_frames <= entry.num_frames
    order: PlaybackOrder = timeline.order
    if order == "sequential":
        assert all(isinstance(entry, TimelineEntry) for entry in timeline.entries)
        assert sum(e.num_frames for e in timeline.entries) + sum(
            c.num_frames for c in timeline.cards
        ) == (timeline.total_frames)


def test_outside_is_an_error() -> None:
    timeline = build_timeline(segments(48_000))
    assert isinstance(timeline.what_sounds_at(0), TimelineCard)
    with pytest.raises(ValueError, match="outside"):
        timeline.what_sounds_at(timeline.total_frames)

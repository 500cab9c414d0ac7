"""Chapters of a description: every list keeps all rules of YouTube, or there is none and a note."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.pipeline.formats.timeline import Timeline, TimelineEntry
from jobs.pipeline.video.chapters import MAX_DESCRIPTION_BYTES, chapters_text, youtube_chapters
from jobs.pipeline.video.scene import SceneContender, SceneDI, VideoScene
from jobs.pipeline.video.tests.plans import scene, timeline
from jobs.pipeline.video.timeline import TimelineSegment, build_timeline
from jobs.pipeline.vocabulary.options import PlaybackOrder

AMPS = (
    "Marshall JCM800 2203",
    "Mesa Dual Rectifier",
    "Fender Twin Reverb",
    "Vox AC30 Top Boost",
    "Peavey 6505+ Red",
    "Friedman BE-100",
    "Soldano SLO-100",
    "Orange Rockerverb",
    "Bogner Ecstasy",
)
CABS = ("Mesa OS 4x12 V30 SM57", "Marshall 1960A G12T-75", "Zilla 2x12 Creamback")
LABELS = [f"{amp} + {cab}" for amp in AMPS for cab in CABS]
ORDERS: list[PlaybackOrder] = ["sequential", "alternating"]


def named(labels: list[str], dis: list[str], description: str = "") -> VideoScene:
    return VideoScene(
        "Shootout",
        tuple(SceneContender(label, ()) for label in labels),
        tuple(SceneDI(name) for name in dis),
        description=description,
    )


def read(text: str) -> list[tuple[int, str]]:
    """Start in seconds and title of every line, read as YouTube does: the first time counts."""
    found = []
    for line in text.splitlines():
        match = re.fullmatch(r"(?:(\d+):)?(\d{1,2}):(\d\d) (\S.*)", line)
        assert match, line
        hours, minutes, seconds, title = match.groups()
        assert not re.search(r"\d:\d\d", title), line
        found.append((int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds), title))
    return found


def check(plan: Timeline, shown: VideoScene) -> list[tuple[int, str]]:
    """All rules, or no list and a reason."""
    made = youtube_chapters(plan, shown)
    text = made.text()
    assert text == chapters_text(plan, shown)
    if not text:
        assert made.note.startswith("No chapters for YouTube: ")
        return []
    found = read(text)
    assert found == list(made.chapters)
    starts_s = [start_s for start_s, _ in found]
    assert starts_s[0] == 0
    assert len(starts_s) >= 3
    lengths_s = [after - before for before, after in pairwise([*starts_s, plan.duration_s])]
    assert min(lengths_s) >= 10
    description = "\n\n".join(part for part in (shown.description, text) if part)
    assert len(description.replace("<", "‹").replace(">", "›").encode()) <= MAX_DESCRIPTION_BYTES
    assert "<" not in text
    assert ">" not in text
    return found


def test_long_segments_have_a_chapter_each() -> None:
    assert check(timeline(12, 12, 12), scene(3)) == [
        (0, "Tone ‹0› & co"),
        (15, "Tone ‹1› & co"),
        (27, "Tone ‹2› & co"),
    ]
    assert youtube_chapters(timeline(12, 12, 12), scene(3)).note == ""


def test_short_segments_are_put_together() -> None:
    # 2.5 s of opening card and two segments; two more; the last three, not to end with 8 s.
    assert [title for _, title in check(timeline(*[5.0] * 7), scene(7))] == [
        "Tone ‹0› & co / Tone ‹1› & co",
        "Tone ‹2› & co / Tone ‹3› & co",
        "Tone ‹4› & co / Tone ‹5› & co / Tone ‹6› & co",
    ]


def test_many_short_ones_go_by_their_numbers() -> None:
    titles = [title for _, title in check(timeline(*[1.0] * 27), scene(27))]
    assert titles == ["Contenders 1–7", "Contenders 8–17", "Contenders 18–27"]


def test_short_segments_of_different_dis_stay_apart() -> None:
    plan = timeline(5, 5, 5, num_dis=2)
    made = youtube_chapters(plan, scene(3, 2))
    assert made.chapters == ()
    assert made.note == (
        "No chapters for YouTube: it wants at least 3 that last 10 s or more, "
        "and this video has 2 at most."
    )
    three = check(timeline(5, 5, 5, num_dis=3), scene(3, 3))
    assert [title for _, title in three] == ["Riff 0", "Riff 1", "Riff 2"]


def test_a_di_that_is_too_short_shares_the_chapter_of_the_next() -> None:
    seconds = {0: (2.0, 2.0), 1: (12.0, 12.0, 12.0), 2: (3.0,)}
    plan = build_timeline(
        [
            TimelineSegment(contender, di, round(duration * 48_000))
            for di, durations in seconds.items()
            for contender, duration in enumerate(durations)
        ]
    )
    assert [title for _, title in check(plan, named(["A", "B", "C"], ["X", "Y", "Z"]))] == [
        "X / A · Y",
        "B · Y",
        "C · Y / A · Z",
    ]


def test_a_chapter_begins_with_the_card_of_its_di() -> None:
    starts_s = [start_s for start_s, _ in check(timeline(20, 20, num_dis=2), scene(2, 2))]
    assert starts_s == [0, 23, 43, 64]  # the card at 42.5 s, its first sound at 44 s


@pytest.mark.parametrize("num_dis", [1, 2, 3, 8, 20])
@pytest.mark.parametrize("description", ["", "What I found. " * 200, "<" * 4000])
@pytest.mark.parametrize("order", ORDERS)
def test_27_contenders_of_12_s(num_dis: int, description: str, order: PlaybackOrder) -> None:
    plan = timeline(*[12.0] * 27, num_dis=num_dis, order=order)
    dis = [f"Riff {number} drop-D" for number in range(1, num_dis + 1)]
    found = check(plan, named(LABELS, dis, description))
    if len(description) < 4000:
        assert found
        titles = " ".join(title for _, title in found)
        assert all(name in titles or f"DI {dis.index(name) + 1}" in titles for name in dis[1:])


def test_names_become_shorter_before_contenders_lose_their_chapters() -> None:
    plan = timeline(*[12.0] * 27, num_dis=3)
    dis = ["Riff in A, drop D", "Riff in D, drop D", "Chords"]
    made = youtube_chapters(plan, named(LABELS, dis))
    assert (len(made.chapters), made.note) == (81, "DIs go by their numbers, for brevity.")
    assert made.chapters[27][1] == f"{LABELS[0]} · Riff in D, drop D"
    assert made.chapters[28][1] == f"{LABELS[1]} · DI 2"
    made = youtube_chapters(plan, named(LABELS, dis, "What I found. " * 80))
    assert len(made.chapters) == 81
    assert made.note.startswith("Names are shortened")
    assert made.chapters[28][1] == "2 Marshall JCM800 2203… · DI 2"
    assert len({title for _, title in made.chapters}) == 81
    made = youtube_chapters(plan, named(LABELS, dis, "What I found. " * 300))
    assert made.chapters == ((0, "Riff in A, drop D"), (327, "Riff in D, drop D"), (652, "Chords"))
    assert made.note.startswith("One chapter per DI")


def test_a_description_that_leaves_no_room_says_so() -> None:
    made = youtube_chapters(timeline(20, 20, 20), named(["A", "B", "C"], ["X"], "é" * 2499))
    assert made.chapters == ()
    assert "takes 4,998 of the 5,000 bytes" in made.note


def test_alternating_names_the_dis() -> None:
    plan = timeline(10, 10, num_dis=3, order="alternating")
    assert [title for _, title in check(plan, scene(2, 3))] == ["Riff 0", "Riff 1", "Riff 2"]


def test_alternating_over_one_di_names_the_rounds() -> None:
    found = check(timeline(60, 60, 60, order="alternating"), scene(3))
    assert found[:2] == [(0, "Round 1"), (15, "Round 2")]
    assert len(found) == 15
    found = check(timeline(60, 60, order="alternating"), scene(2))
    assert found[:2] == [(0, "Round 1"), (11, "Rounds 2–3")]  # 2.5 s of opening card
    found = check(timeline(30, 30, num_dis=2, order="alternating"), scene(2, 2))
    assert found[0] == (0, "Round 1 · Riff 0")


def test_alternating_dis_of_one_name_stay_apart() -> None:
    plan = timeline(10, 10, num_dis=3, order="alternating")
    same = replace(scene(2, 3), dis=(SceneDI("Riff"),) * 3)
    titles = [title for _, title in check(plan, same)]
    assert titles == ["Riff (DI 1)", "Riff (DI 2)", "Riff (DI 3)"]


def test_hours_are_written_when_there_are_any() -> None:
    text = chapters_text(timeline(*[599.0] * 7), scene(7))
    assert text.splitlines()[-1].startswith("59:57 ")
    text = chapters_text(timeline(*[599.0] * 8), scene(8))
    assert text.splitlines()[0].startswith("0:00:00 ")
    assert read(text)[-1][0] == 7 * 599 + 3


def test_what_looks_like_a_time_is_none() -> None:
    found = check(timeline(12, 12, 12), named(["Gain at 3:00", "Gain 12:30", "5:5"], ["X"]))
    assert [title for _, title in found] == ["Gain at 3∶00", "Gain 12∶30", "5:5"]


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 26), st.integers(0, 7)), st.floats(0.5, 40.0), min_size=1
    ),
    st.sampled_from(ORDERS),
    st.lists(st.text(max_size=60), min_size=27, max_size=27),
    st.lists(st.text(max_size=60), min_size=8, max_size=8),
    st.text(max_size=20).map(lambda text: text * 100),
)
def test_youtube_takes_every_list(
    seconds: dict[tuple[int, int], float],
    order: PlaybackOrder,
    labels: list[str],
    dis: list[str],
    description: str,
) -> None:
    """Any segments may be missing, of any lengths, and anything may be called anything."""
    plan = build_timeline(
        [TimelineSegment(*key, round(length * 48_000)) for key, length in seconds.items()], order
    )
    check(plan, named(labels, dis, description.encode("utf-8", "ignore").decode()))


@given(st.lists(st.floats(10.0, 40.0), min_size=3, max_size=27), st.integers(1, 3))
def test_every_title_names_who_sounds_there(seconds: list[float], num_dis: int) -> None:
    plan = timeline(*seconds, num_dis=num_dis)
    shown = named([f"Tone {n}." for n in range(len(seconds))], ["X", "Y", "Z"][:num_dis])
    found = check(plan, shown)
    entries = [span for span in plan.spans() if isinstance(span.what, TimelineEntry)]
    assert len(found) == len(entries)
    for (_, title), span in zip(found, entries, strict=True):
        assert isinstance(span.what, TimelineEntry)
        assert title.startswith(shown.contenders[span.what.contender_index].label)
        if num_dis > 1:
            assert title.endswith((shown.dis[span.what.di_index].name, f"{span.what.di_index + 1}"))

"""The headline, the bar and the estimate of a job with all below it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import pytest

from jobs import registry
from jobs.models import Job, JobState
from jobs.registry import Activity
from jobs.summary import remaining_s, summarize, time_left

NOW: Final = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
FILM_QUEUED: Final = "The film is in the queue"
ACTIVITIES: Final = {
    "whole": Activity("Audio", "Working on it"),
    "pass": Activity("Audio", "Passes"),
    "match": Activity("Audio", "Matching"),
    "film": Activity("Film", "Filming", FILM_QUEUED),
}
STAGES: Final = {"pass": 0, "match": 1, "film": 2}


@pytest.fixture(autouse=True)
def activities(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, activity in ACTIVITIES.items():
        monkeypatch.setitem(registry._registry.activities, kind, activity)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def job(kind: str, state: JobState, progress: float = 0.0, **values: Any) -> Job:
    values = {"stage": STAGES.get(kind, 0), "weight": 1.0, **values}
    return Job(kind=kind, state=state, progress=progress, **values)


def whole(state: JobState = JobState.RUNNING, **values: Any) -> Job:
    return job("whole", state, **values)


def done(kind: str, took_s: float, ended_ago_s: float = 0.0, **values: Any) -> Job:
    times = {"started_at": ago(ended_ago_s + took_s), "finished_at": ago(ended_ago_s)}
    return job(kind, JobState.COMPLETED, 100.0, **{**times, **values})


def running(kind: str, progress: float, for_s: float, **values: Any) -> Job:
    return job(kind, JobState.RUNNING, progress, started_at=ago(for_s), **values)


def queued(kind: str, for_s: float = 0.0) -> Job:
    return job(kind, JobState.QUEUED, queued_at=ago(for_s))


PENDING: Final = JobState.PENDING
REST: Final = [job("match", PENDING), job("film", PENDING)]


@pytest.mark.parametrize(
    ("root", "below", "headline", "part"),
    [
        (whole(JobState.QUEUED), [], "In queue", "Audio"),
        (whole(), [], "Working on it", "Audio"),
        (whole(), [queued("pass"), *REST], "In queue", "Audio"),
        (whole(), [running("pass", 1, 1), queued("pass"), *REST], "Passes", "Audio"),
        # Between two stages the queue is passed in a moment.
        (whole(), [done("pass", 5), queued("match", 0.5), REST[1]], "Matching", "Audio"),
        (whole(), [done("pass", 5), queued("match", 60), REST[1]], "In queue", "Audio"),
        (whole(), [done("pass", 5), running("match", 1, 1), REST[1]], "Matching", "Audio"),
        (whole(), [done("pass", 5), done("match", 1), queued("film", 9)], FILM_QUEUED, "Film"),
        (whole(), [done("pass", 5), done("match", 1), running("film", 1, 1)], "Filming", "Film"),
        # The last has ended, and the whole is about to.
        (whole(), [done("pass", 5), done("match", 1), done("film", 5)], "Filming", "Film"),
        (whole(), [job("pass", JobState.RETRYING), *REST], "Waiting to try again", "Audio"),
        (
            whole(cancel_requested_at=NOW),
            [running("pass", 50, 9), *REST],
            "Canceling…",
            "Audio",
        ),
        (whole(JobState.CANCELLED, cancel_requested_at=NOW), [], "Canceled", "Audio"),
        (whole(JobState.FAILED), [], "Failed", "Audio"),
        (whole(JobState.COMPLETED), [done("pass", 5), done("film", 5)], "Done", "Film"),
    ],
)
def test_headline_and_part(root: Job, below: list[Job], headline: str, part: str) -> None:
    found = summarize(root, below, NOW)
    assert (found["headline"], found["part"]) == (headline, part)


def test_each_part_has_its_own_bar() -> None:
    audio = [done("pass", 9), running("pass", 50, 9), job("match", PENDING), job("film", PENDING)]
    assert summarize(whole(), audio, NOW)["progress"] == 50.0
    film = [done("pass", 9), done("match", 1), running("film", 7, 9)]
    assert summarize(whole(), film, NOW)["progress"] == 7.0


def test_cancelling_leaves_the_bar_where_it_was() -> None:
    passes = [running("pass", 40, 9), queued("pass"), job("match", PENDING)]
    before = summarize(whole(), passes, NOW)["progress"]
    for each in passes:
        each.state = JobState.CANCELLED
    after = summarize(whole(cancel_requested_at=NOW), passes, NOW)
    assert after["progress"] == before > 0
    assert after["time_left"] == ""


def test_nothing_is_said_of_the_time_before_something_is_known() -> None:
    assert remaining_s([running("pass", 50, 1.0)], NOW) is None
    assert remaining_s([running("pass", 1, 20.0)], NOW) is None
    assert remaining_s([queued("pass")], NOW) is None
    # What was in the cache says nothing about the work.
    assert remaining_s([done("pass", 0.05), queued("pass")], NOW) is None
    # No one knows when a worker will come.
    waiting = [done("pass", 10.0, 60.0), queued("match", 60)]
    assert summarize(whole(), waiting, NOW)["remaining_s"] is None


def test_what_is_left_follows_from_what_it_took() -> None:
    assert remaining_s([running("film", 25, 10)], NOW) == pytest.approx(30)
    one_by_one = [done("pass", 10, 5), running("pass", 50, 5), queued("pass")]
    assert remaining_s(one_by_one, NOW) == pytest.approx(15)
    # Two at a time, then one more stage by itself, of half the weight.
    side_by_side = [
        *[running("pass", 50, 10) for _ in range(2)],
        *[queued("pass") for _ in range(2)],
        job("match", PENDING, weight=0.5),
    ]
    assert remaining_s(side_by_side, NOW) == pytest.approx(40)


def test_the_estimate_of_steady_work_never_rises() -> None:
    """Three passes of 30 s on two workers and a match of 12 s, looked at each second."""
    estimates = []
    for second in range(5, 72):
        passes = []
        for start in (0, 0, 30):
            share = (second - start) / 30
            state = (
                JobState.QUEUED
                if share <= 0
                else JobState.RUNNING
                if share < 1
                else JobState.COMPLETED
            )
            passes.append(
                job(
                    "pass",
                    state,
                    min(max(share, 0), 1) * 100,
                    queued_at=ago(second),
                    started_at=ago(second - start) if share > 0 else None,
                    finished_at=ago(second - start - 30) if share >= 1 else None,
                )
            )
        match = job("match", PENDING, weight=0.4)
        if second >= 60:
            match = job(
                "match",
                JobState.RUNNING,
                (second - 60) / 12 * 100,
                weight=0.4,
                queued_at=ago(second - 60),
                started_at=ago(second - 60),
            )
        left_s = remaining_s([*passes, match], NOW)
        assert left_s is not None
        estimates.append((second, left_s))
    for second, left_s in estimates:
        assert left_s == pytest.approx(72 - second, rel=0.3, abs=5)
    rises = [after - before for (_, before), (_, after) in pairwise(estimates)]
    assert max(rises) < 4


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.0, "a few seconds left"),
        (9.9, "a few seconds left"),
        (31.0, "about 40 s left"),
        (60.0, "about 1 min left"),
        (130.0, "about 2 min left"),
        (4800.0, "about 1 h 20 min left"),
    ],
)
def test_time_left(seconds: float | None, text: str) -> None:
    assert time_left(seconds) == text

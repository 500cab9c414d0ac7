"""How long a render will take: from what the last ones took, and what the cache has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from gear.tests.factories import make_capture
from jobs.models import Job
from jobs.tests.running import run_until_idle
from shootouts.job_kinds import FINALIZE_SHOOTOUT, MAKE_VIDEO, RENDER_PREFIX, RENDER_SEGMENT
from shootouts.models import DITrack
from shootouts.pages.tests.pages import make_track
from shootouts.services import draft_estimate as draft_estimate_module
from shootouts.services.draft_document import document_read
from shootouts.services.draft_estimate import Estimate, draft_estimate
from shootouts.services.draft_expansion import draft_expand
from shootouts.services.drafts import draft_create, draft_make
from shootouts.services.estimates import Speeds, speeds_measured, stages_s, work_done
from shootouts.tests import factories
from shootouts.tests.draft_documents import document_with, slot_of

pytestmark = pytest.mark.django_db


def estimate(owner: User, document: dict[str, Any]) -> Estimate:
    return draft_estimate(draft_expand(owner, document_read(document)))


def record(owner: User, kind: str, took_s: float, start_s: float, **done: Any) -> None:
    started = datetime(2026, 11, 30, 15, tzinfo=UTC) + timedelta(seconds=start_s)
    ended = started + timedelta(seconds=took_s)
    Job.objects.create(
        owner=owner, kind=kind, state="completed", started_at=started, finished_at=ended,
        result=work_done(**done),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stages", "num_workers", "seconds"),
    [
        ([[3.0, 3.0, 3.0], [1.0]], 1, 10.0),
        ([[3.0, 3.0, 3.0], [1.0]], 2, 7.0),
        ([[3.0, 3.0, 3.0], [1.0]], 9, 4.0),
        ([], 2, 0.0),
    ],
)
def test_stages_follow_each_other_and_workers_share_them(
    stages: list[list[float]], num_workers: int, seconds: float
) -> None:
    assert stages_s(stages, num_workers) == seconds


def test_speeds_are_those_of_the_last_jobs(alice: User) -> None:
    slow = make_capture(alice, name="Slow", architecture="LSTM")
    fast = make_capture(alice, name="Fast", architecture="Linear")
    for start_s in (0.0, 1.0):
        record(alice, RENDER_PREFIX, 20.0, start_s, sound_s=18.5, passes=[slow.sha256])
    record(alice, RENDER_SEGMENT, 2.0, 20.5, sound_s=20.0)
    record(alice, RENDER_SEGMENT, 4.15, 23.0, sound_s=18.5, passes=[fast.sha256])
    record(alice, FINALIZE_SHOOTOUT, 4.0, 27.65, sound_s=40.0)
    record(alice, MAKE_VIDEO, 10.0, 70.0, sound_s=50.0)
    speeds = speeds_measured()
    assert (speeds.basis, speeds.num_workers) == ("measured", 2)
    assert speeds.gap_s == pytest.approx(0.5)
    assert speeds.segment == pytest.approx(0.1)
    assert speeds.finalize == pytest.approx(0.1)
    assert speeds.video == pytest.approx(0.2)
    assert speeds.passes == pytest.approx({"LSTM": 1.0, "Linear": 0.115}, rel=0.01)
    # One that was never rendered is as much faster or slower as the others were.
    expected = (1.0 + 0.115) / 2 * 10.0
    assert speeds.pass_s("Unheard of", 8.5) == pytest.approx(expected, rel=0.01)


def test_shared_passes_count_once(alice: User) -> None:
    amp, other = (make_capture(alice, name=name, architecture="LSTM") for name in "AB")
    cabs = [make_capture(alice, "cab", name=f"Cab {n}") for n in range(3)]
    record(alice, RENDER_PREFIX, 100.0, 0.0, sound_s=10.0, passes=[amp.sha256])
    record(alice, RENDER_SEGMENT, 0.1, 101.0, sound_s=10.0)
    track = make_track(alice)
    document = document_with(slot_of("amp", amp), slot_of("cab", *cabs), tracks=[track])
    one_amp = estimate(alice, document).render_s
    document = document_with(slot_of("amp", amp, other), slot_of("cab", *cabs), tracks=[track])
    assert estimate(alice, document).render_s == pytest.approx(2 * one_amp, rel=0.1)


@pytest.mark.django_db(transaction=True)
def test_what_was_rendered_is_measured_and_costs_nothing_again(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    amps = [factories.make_capture(alice, weights=weights) for weights in ((0.5,), (0.4, 0.3))]
    cab = factories.make_cab(alice)
    track = factories.make_di_track(alice)
    document = document_with(slot_of("amp", *amps), slot_of("cab", cab), tracks=[track])
    assert estimate(alice, document).basis == "typical"
    draft_make(draft=draft_create(owner=alice, document=document))
    run_until_idle()
    assert estimate(alice, document).basis == "measured"
    done = Job.objects.filter(kind=RENDER_SEGMENT).values_list("result", flat=True)
    assert {tuple(result["passes"]) for result in done} == {(amp.sha256,) for amp in amps}
    assert {result["sound_s"] for result in done} == {track.duration_s}
    speeds = Speeds("measured", num_workers=1, gap_s=0.0, segment=10.0, finalize=0.0, video=0.0)
    monkeypatch.setattr(draft_estimate_module, "speeds_measured", lambda: speeds)
    assert estimate(alice, document).render_s == 0.0
    DITrack.objects.filter(pk=track.pk).update(start_s=0.5)
    assert estimate(alice, document).render_s > 10.0 * 2


def test_alternating_videos_are_as_long_as_their_turns(alice: User) -> None:
    amps = [make_capture(alice, name=f"Amp {n}") for n in range(2)]
    cab = make_capture(alice, "cab", info={"sound_s": 0.4})
    tracks = [make_track(alice, name) for name in "AB"]
    slots = slot_of("amp", *amps), slot_of("cab", cab)
    for order in ("sequential", "alternating"):
        options = {"has_video": True, "playback_order": order}
        found = estimate(alice, document_with(*slots, tracks=tracks, options=options))
        # Cards of 2.5, 1.5 and 3 s; four segments of 12.5 s with their tails.
        assert found.video_duration_s == pytest.approx(7.0 + 4 * 13.0, abs=0.3)
    options = {"has_video": False}
    found = estimate(alice, document_with(*slots, tracks=tracks, options=options))
    assert (found.video_s, found.video_duration_s) == (0.0, 0.0)

"""Some seconds of a DI through a chain that need not be stored, heard while one builds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.files.storage import default_storage

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.models import Capture
from gear.services.chains import BlockInput
from gts.web.errors import InvalidInputError
from jobs.files.storage import stored_name
from jobs.models import Job, Notification
from jobs.pipeline.nam import loaded
from jobs.queue import lifecycle
from jobs.services import job_enqueue
from jobs.tests.running import run_until_idle
from shootouts.job_kinds import COMPARE_SEGMENTS
from shootouts.models import CachedAudio, ChainPreview, DITrack
from shootouts.services.previews import (
    DIPassage,
    passage_preview_abandon,
    passage_preview_request,
)
from shootouts.tests.factories import (
    make_cab,
    make_capture,
    make_chain,
    make_di_track,
    plucked,
    upload,
    wav_bytes,
)

pytestmark = pytest.mark.django_db(transaction=True)

PREVIEWS = "/api/v1/previews/"


@pytest.fixture
def track(alice: User) -> DITrack:
    return make_di_track(alice)


@pytest.fixture
def amp(alice: User) -> Capture:
    return make_capture(alice)


@pytest.fixture
def cab(alice: User) -> Capture:
    return make_cab(alice)


def body_of(
    track: DITrack, amp: Capture, cab: Capture, *, high_db: float = 0.0, **more: Any
) -> dict[str, Any]:
    return {
        "di_track_id": str(track.uuid),
        "start_s": 0.2,
        "duration_s": 0.8,
        "blocks": [
            {"slot": "amp", "capture_id": str(amp.uuid)},
            {"slot": "cab", "capture_id": str(cab.uuid)},
            {"slot": "post", "processor": "gain", "parameters": {"gain_db": high_db}},
        ],
        **more,
    }


def ask(user: User, body: dict[str, Any], **headers: str) -> Any:
    return api_client(user).post(PREVIEWS, body, headers=headers)


def request_of(alice: User, track: DITrack, amp: Capture, cab: Capture) -> ChainPreview:
    return passage_preview_request(
        owner=alice,
        passage=DIPassage(track.uuid, 0.2, 0.8),
        blocks=[
            BlockInput(slot="amp", capture_id=amp.uuid),
            BlockInput(slot="cab", capture_id=cab.uuid),
        ],
    )


def test_a_passage_is_heard_and_no_chain_is_made(
    alice: User, track: DITrack, amp: Capture, cab: Capture
) -> None:
    answer = ask(alice, body_of(track, amp, cab))
    assert answer.status_code == 202
    body = answer.json()
    assert answer["Location"] == f"{PREVIEWS}{body['id']}/"
    assert (body["state"], body["job"]["kind"]) == ("rendering", "shootouts.render_passage")
    run_until_idle()
    body = api_client(alice).get(answer["Location"]).json()
    assert (body["state"], body["passage_s"]) == ("ready", 0.8)
    assert 0.8 <= body["duration_s"] < 0.9
    row = ChainPreview.objects.get()
    with default_storage.open(stored_name(row.file)) as file:
        samples, rate_hz = soundfile.read(file)
    assert (rate_hz, len(samples) / rate_hz) == (48_000, body["duration_s"])
    assert np.abs(samples).max() > 0.1
    assert not alice.signal_chains.exists()
    assert api_client(alice).get(body["audio_url"]).status_code == 200
    # Who asked hears it: nothing is noted for the bell.
    assert not Notification.objects.filter(job__kind="shootouts.render_passage").exists()
    again = ask(alice, body_of(track, amp, cab))
    assert (again.status_code, again.json()["id"]) == (200, body["id"])


def test_what_the_amp_made_of_a_passage_is_not_made_again(
    alice: User, track: DITrack, amp: Capture, cab: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(alice, body_of(track, amp, cab))
    run_until_idle()
    assert CachedAudio.objects.count() == 1
    # Were the amp or the DI needed once more, it would fail.
    monkeypatch.setattr("jobs.pipeline.render.section.loaded_captures", loaded.LoadedCaptures())
    for row in (amp, track):
        Path(default_storage.path(stored_name(row.file))).unlink()
    answer = ask(alice, body_of(track, amp, cab, high_db=-3.0))
    run_until_idle()
    assert api_client(alice).get(answer["Location"]).json()["state"] == "ready"
    assert CachedAudio.objects.count() == 1


def test_a_stored_chain_is_heard_by_its_id(
    alice: User, charlie: User, track: DITrack, amp: Capture, cab: Capture
) -> None:
    chain = make_chain(alice, amp, cab)
    body = {"di_track_id": str(track.uuid), "duration_s": 1.0, "chain_id": str(chain.uuid)}
    answer = ask(alice, body)
    run_until_idle()
    assert api_client(alice).get(answer["Location"]).json()["passage_s"] == 1.0
    own = make_di_track(charlie, frequency_hz=220.0)
    assert ask(charlie, {**body, "di_track_id": str(own.uuid)}).status_code == 404
    amp.gear.delete()
    refused = ask(alice, {**body, "duration_s": 0.9})
    assert (refused.status_code, refused.json()["code"]) == (409, "CHAIN_NOT_PLAYABLE")


def test_no_one_and_strangers_hear_nothing(
    alice: User, charlie: User, track: DITrack, amp: Capture, cab: Capture
) -> None:
    body = body_of(track, amp, cab)
    assert api_client().post(PREVIEWS, body).status_code == 401
    refused = ask(charlie, body)
    assert refused.status_code == 422
    own = make_di_track(charlie, frequency_hz=220.0)
    refused = ask(charlie, {**body, "di_track_id": str(own.uuid)})
    assert ("/blocks/0/capture_id", "NOT_FOUND") in details_of(refused)
    assert not ChainPreview.objects.exists()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"start_s": 1.4}, ("/start_s", "DI_TRIM_INVALID")),
        ({"duration_s": 11}, ("/duration_s", "MAX_VALUE")),
        ({"start_s": -1}, ("/start_s", "MIN_VALUE")),
        ({"blocks": []}, ("/blocks", "NO_AMP")),
        ({"chain_id": "5f0f1b8e-6a54-4a83-9d4d-3a7c38a0f6a1"}, ("/blocks", "EITHER_OR")),
        ({"x": 1}, ("/x", "UNKNOWN_FIELD")),
    ],
)
def test_what_is_wrong_is_pointed_at(
    alice: User,
    track: DITrack,
    amp: Capture,
    cab: Capture,
    changes: dict[str, Any],
    expected: tuple[str, str],
) -> None:
    answer = ask(alice, {**body_of(track, amp, cab), **changes})
    assert answer.status_code == 422
    assert expected in details_of(answer)
    assert not Job.objects.filter(kind="shootouts.render_passage").exists()


def test_a_passage_stays_within_what_is_played(
    alice: User, track: DITrack, amp: Capture, cab: Capture
) -> None:
    track.start_s, track.end_s = 0.3, 1.0
    track.save()
    preview = request_of(alice, track, amp, cab)
    assert (preview.recipe["di"]["start_s"], preview.recipe["di"]["end_s"]) == (0.3, 1.0)
    # It drives the amp as the whole recording does.
    assert preview.recipe["di"]["rms_dbfs"] == track.info["channels"]["mix_dbfs"]


def test_it_begins_where_the_playing_does_unless_told(
    alice: User, amp: Capture, cab: Capture
) -> None:
    from shootouts.services.di_tracks import di_track_upload

    late = np.concatenate([np.zeros(48_000, np.float32), plucked()])
    track, _ = di_track_upload(owner=alice, upload=upload(wav_bytes(late), "late.wav"))
    run_until_idle()
    preview = passage_preview_request(
        owner=alice,
        passage=DIPassage(track.uuid, duration_s=1.0),
        blocks=[
            BlockInput(slot="amp", capture_id=amp.uuid),
            BlockInput(slot="cab", capture_id=cab.uuid),
        ],
    )
    assert preview.recipe["di"]["start_s"] == pytest.approx(0.95, abs=0.03)


def test_what_is_taken_back_is_not_rendered_and_may_be_asked_for_again(
    alice: User, track: DITrack, amp: Capture, cab: Capture
) -> None:
    preview = request_of(alice, track, amp, cab)
    passage_preview_abandon(preview=preview)
    run_until_idle()
    preview.refresh_from_db()
    assert (preview.state, preview.job.state if preview.job else "") == ("failed", "cancelled")
    again = request_of(alice, track, amp, cab)
    assert (again.pk, again.state) == (preview.pk, "rendering")
    run_until_idle()
    again.refresh_from_db()
    passage_preview_abandon(preview=again)  # it is there already: nothing is lost
    assert again.state == "ready"


def test_it_comes_before_whatever_waits_in_its_queue(
    alice: User, track: DITrack, amp: Capture, cab: Capture
) -> None:
    others = [
        job_enqueue(kind=COMPARE_SEGMENTS, owner=alice, payload={}, weight=0.1, label=str(number))
        for number in range(3)
    ]
    preview = request_of(alice, track, amp, cab)
    taken = lifecycle.claim_next(others[0].uuid, worker="w")
    assert taken == preview.job
    after = lifecycle.claim_next(others[0].uuid, worker="w")
    assert after == others[0]


def test_a_client_that_waits_is_told_when_it_is_over(
    alice: User, track: DITrack, amp: Capture, cab: Capture
) -> None:
    """Here no worker runs, so the wait comes to its end; what is rendered answers at once."""
    answer = ask(alice, body_of(track, amp, cab), Prefer="wait=1")
    assert (answer.status_code, answer.json()["state"]) == (202, "rendering")
    assert "Preference-Applied" not in answer
    run_until_idle()
    answer = api_client(alice).get(answer["Location"], headers={"Prefer": "wait=1"})
    assert (answer.json()["state"], answer["Preference-Applied"]) == ("ready", "wait")


def test_a_service_called_directly_says_what_is_wrong(
    alice: User, track: DITrack, cab: Capture
) -> None:
    with pytest.raises(InvalidInputError):
        passage_preview_request(
            owner=alice,
            passage=DIPassage(track.uuid),
            blocks=[BlockInput(slot="cab", capture_id=cab.uuid)],
        )
    assert not ChainPreview.objects.exists()

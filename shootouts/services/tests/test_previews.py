"""A chain over a DI, to be heard while one builds it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.models import SignalChain
from gear.selectors import chain_get
from gear.services.chains import chain_update
from gts.web.errors import ConflictError
from jobs.models import Job
from jobs.pipeline.measure.loudness import measure_file
from jobs.pipeline.render.publishing import DEFAULT_CEILING_DBTP, DEFAULT_TARGET_LUFS
from jobs.registry import OwnerLimit
from jobs.services import job_cancel
from jobs.tests.running import run_until_idle
from shootouts.models import ChainPreview, DITrack, Shootout
from shootouts.services.di_tracks import di_track_delete
from shootouts.services.previews import chain_preview_request, chain_previews_prune
from shootouts.services.shootouts import shootout_create
from shootouts.tests.factories import (
    contenders_of,
    make_cab,
    make_capture,
    make_chain,
    make_di_track,
    render,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def chain(alice: User) -> SignalChain:
    return chain_get(alice, make_chain(alice, make_capture(alice), make_cab(alice)).uuid)


@pytest.fixture
def track(alice: User) -> DITrack:
    return make_di_track(alice)


def address(chain: SignalChain) -> str:
    return f"/api/v1/chains/{chain.uuid}/preview/"


def ask(user: User, chain: SignalChain, track: DITrack) -> Any:
    return api_client(user).post(address(chain), {"di_track_id": str(track.uuid)})


def body_of(response: Any) -> bytes:
    """Of an answer that is streamed from beside the event loop."""

    async def read() -> bytes:
        return b"".join([chunk async for chunk in response.streaming_content])

    return async_to_sync(read)()


def preview_files() -> list[str]:
    try:
        return default_storage.listdir("previews")[1]
    except FileNotFoundError:
        return []


def test_a_preview_is_rendered_and_heard(
    alice: User, chain: SignalChain, track: DITrack, tmp_path: Path
) -> None:
    client = api_client(alice)
    answer = ask(alice, chain, track)
    assert answer.status_code == 202
    body = answer.json()
    assert (body["state"], body["audio_url"]) == ("rendering", None)
    assert (body["job"]["kind"], body["job"]["state"]) == ("shootouts.render_preview", "queued")
    preview = f"/api/v1/previews/{body['id']}/"
    assert client.get(f"{preview}audio/").status_code == 404
    run_until_idle()
    body = client.get(preview).json()
    assert (body["state"], body["job"]["state"]) == ("ready", "completed")
    assert body["job"]["result"] == {"preview_id": body["id"]}
    assert body["duration_s"] >= 1.5
    audio = client.get(body["audio_url"])
    assert (audio.status_code, audio["Content-Type"]) == (200, "audio/flac")
    assert audio["Cache-Control"] == "private, no-cache"
    assert "Amp" in audio["Content-Disposition"]
    row = ChainPreview.objects.get()
    content = body_of(audio)
    assert len(content) == row.size_bytes
    path = tmp_path / "heard.flac"
    path.write_bytes(content)
    measured = measure_file(path)
    assert measured.sample_rate_hz == 48_000
    assert measured.duration_s == pytest.approx(body["duration_s"])
    assert measured.integrated_lufs is not None
    assert measured.true_peak_dbtp is not None
    assert body["loudness_lufs"] == pytest.approx(measured.integrated_lufs, abs=0.01)
    assert measured.integrated_lufs <= DEFAULT_TARGET_LUFS + 0.05
    assert measured.true_peak_dbtp <= DEFAULT_CEILING_DBTP + 0.05


def test_ranges_of_a_preview(alice: User, chain: SignalChain, track: DITrack) -> None:
    ask(alice, chain, track)
    run_until_idle()
    url = f"/api/v1/previews/{ChainPreview.objects.get().uuid}/audio/"
    client = api_client(alice)
    part = client.get(url, HTTP_RANGE="bytes=0-3")
    assert (part.status_code, body_of(part)) == (206, b"fLaC")
    assert client.get(url, HTTP_RANGE="bytes=99999999-").status_code == 416
    assert client.head(url)["Content-Length"] == str(ChainPreview.objects.get().size_bytes)
    assert client.get(url, HTTP_IF_NONE_MATCH=part["ETag"]).status_code == 304


def test_no_one_and_strangers_hear_nothing(
    alice: User, charlie: User, chain: SignalChain, track: DITrack
) -> None:
    ask(alice, chain, track)
    run_until_idle()
    preview = f"/api/v1/previews/{ChainPreview.objects.get().uuid}/"
    for client, status in ((api_client(), 401), (api_client(charlie), 404)):
        for url in (preview, f"{preview}audio/"):
            assert client.get(url).status_code == status
        answer = client.post(address(chain), {"di_track_id": str(track.uuid)})
        assert answer.status_code == status
    mine = make_chain(charlie, make_capture(charlie), make_cab(charlie))
    answer = ask(charlie, mine, track)
    assert (answer.status_code, details_of(answer)) == (422, [("/di_track_id", "NOT_FOUND")])


def test_the_same_sound_is_rendered_once(alice: User, chain: SignalChain, track: DITrack) -> None:
    first = ask(alice, chain, track).json()
    assert ask(alice, chain, track).json()["job"]["id"] == first["job"]["id"]
    run_until_idle()
    again = ask(alice, chain, track)
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    chain_update(chain=chain, name="Another name")
    assert ask(alice, chain, track).json()["id"] == first["id"]
    assert Job.objects.filter(kind="shootouts.render_preview").count() == 1
    blocks = [{"slot": "amp", "capture_id": str(make_capture(alice, weights=(0.9,)).uuid)}]
    blocks.append({"slot": "cab", "capture_id": str(chain.blocks.all()[2].capture.uuid)})  # type: ignore[union-attr]
    api_client(alice).patch(f"/api/v1/chains/{chain.uuid}/", {"blocks": blocks})
    changed = ask(alice, chain, track)
    assert changed.status_code == 202
    assert changed.json()["id"] != first["id"]


def test_what_a_preview_has_rendered_a_shootout_finds(
    alice: User, chain: SignalChain, track: DITrack
) -> None:
    ask(alice, chain, track)
    run_until_idle()
    other = make_chain(alice, make_capture(alice, weights=(0.1, 0.9, 0.3)), make_cab_of(chain))
    shootout: Shootout = shootout_create(
        owner=alice,
        title="A",
        di_track_ids=[track.uuid],
        contenders=contenders_of([chain, other]),
        options={"has_video": False},
    )
    render(shootout)
    rendered = Job.objects.filter(kind="shootouts.render_segment").values_list("result", flat=True)
    assert sorted(result["was_cached"] for result in rendered) == [False, True]


def make_cab_of(chain: SignalChain) -> Any:
    return chain.blocks.all()[2].capture


def test_a_preview_that_failed_or_was_cancelled_is_tried_again(
    alice: User, chain: SignalChain, track: DITrack
) -> None:
    first = ask(alice, chain, track).json()
    job_cancel(job=Job.objects.get(uuid=first["job"]["id"]))
    assert api_client(alice).get(f"/api/v1/previews/{first['id']}/").json()["state"] == "failed"
    second = ask(alice, chain, track)
    assert (second.status_code, second.json()["id"]) == (202, first["id"])
    assert second.json()["job"]["id"] != first["job"]["id"]
    run_until_idle()
    assert ask(alice, chain, track).json()["state"] == "ready"


def test_a_chain_that_cannot_be_played_is_a_conflict(
    alice: User, chain: SignalChain, track: DITrack
) -> None:
    make_cab_of(chain).gear.delete()
    answer = ask(alice, chain, track)
    assert (answer.status_code, answer.json()["code"]) == (409, "CHAIN_NOT_PLAYABLE")
    assert details_of(answer) == [("/blocks/2", "UNSUPPORTED_CAPTURE")]
    assert not ChainPreview.objects.exists()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, ("/di_track_id", "REQUIRED")),
        ({"di_track_id": str(uuid4())}, ("/di_track_id", "NOT_FOUND")),
        ({"di_track_id": "1"}, ("/di_track_id", "INVALID")),
        ({"di_track_id": str(uuid4()), "x": 1}, ("/x", "UNKNOWN_FIELD")),
    ],
)
def test_input_of_the_wrong_shape_is_pointed_at(
    alice: User, chain: SignalChain, data: dict[str, Any], expected: tuple[str, str]
) -> None:
    answer = api_client(alice).post(address(chain), data)
    assert (answer.status_code, details_of(answer)) == (422, [expected])


def test_a_di_that_is_being_checked_has_to_wait(
    alice: User, chain: SignalChain, track: DITrack
) -> None:
    DITrack.objects.update(state="pending")
    answer = ask(alice, chain, track)
    assert (answer.status_code, details_of(answer)) == (422, [("/di_track_id", "NOT_READY")])


def test_no_more_may_wait_than_of_renders(
    alice: User, chain: SignalChain, track: DITrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(alice, chain, track)
    other = make_di_track_row(track)
    monkeypatch.setattr(
        "jobs.queue.fair_queue.limit_for", lambda kind: OwnerLimit("previews", 1, 0)
    )
    answer = api_client(alice).post(address(chain), {"di_track_id": str(other.uuid)})
    assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY_WAITING")
    assert ChainPreview.objects.count() == 1


def make_di_track_row(track: DITrack) -> DITrack:
    return DITrack.objects.create(
        owner=track.owner,
        name="Other",
        file=track.file.name,
        file_name="other.wav",
        size_bytes=track.size_bytes,
        sha256="f" * 64,
        state="ready",
    )


def test_what_no_one_asks_for_is_forgotten(alice: User, chain: SignalChain, track: DITrack) -> None:
    ask(alice, chain, track)
    yesterday = timezone.now() - timedelta(hours=24)
    long_ago = yesterday - timedelta(hours=1)
    ChainPreview.objects.update(used_at=long_ago)
    assert chain_previews_prune(unused_since=yesterday) == 0  # it is being rendered
    run_until_idle()
    ask(alice, chain, track)  # prolongs it
    assert chain_previews_prune(unused_since=yesterday) == 0
    assert len(preview_files()) == 1
    ChainPreview.objects.update(used_at=long_ago)
    assert chain_previews_prune(unused_since=yesterday) == 1
    assert preview_files() == []
    assert Job.objects.filter(kind="shootouts.render_preview").count() == 1


def test_a_preview_goes_with_its_di_and_with_its_owner(
    alice: User, chain: SignalChain, track: DITrack
) -> None:
    ask(alice, chain, track)
    run_until_idle()
    assert len(preview_files()) == 1
    di_track_delete(track=track)
    assert not ChainPreview.objects.exists()
    assert preview_files() == []
    ask(alice, chain, make_di_track(alice))
    run_until_idle()
    assert len(preview_files()) == 1
    alice.delete()
    assert preview_files() == []


def test_a_preview_that_is_not_wanted_any_more_leaves_no_file(
    alice: User, chain: SignalChain, track: DITrack
) -> None:
    ask(alice, chain, track)
    ChainPreview.objects.all().delete()
    run_until_idle()
    job = Job.objects.get(kind="shootouts.render_preview")
    assert (job.state, job.error_code) == ("failed", "GONE")
    assert preview_files() == []


def test_a_service_called_directly_says_what_is_wrong(
    alice: User, chain: SignalChain, track: DITrack
) -> None:
    make_cab_of(chain).gear.delete()
    with pytest.raises(ConflictError, match="cannot play"):
        chain_preview_request(chain=chain_get(alice, chain.uuid), di_track_id=track.uuid)

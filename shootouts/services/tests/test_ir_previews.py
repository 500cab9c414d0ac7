"""Channels of an impulse response, heard before one is chosen; and the silence in front of it."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.models import Capture
from gear.models.item import FileState
from gear.services.captures import gear_upload
from gear.services.gear import gear_update
from jobs.pipeline.signal.samples import FloatArray
from jobs.tests.running import run_until_idle
from shootouts.services.shootouts import shootout_create
from shootouts.tests.factories import (
    contenders_of,
    make_capture,
    make_chain,
    make_di_track,
    render,
    upload,
    wav_bytes,
)

pytestmark = pytest.mark.django_db(transaction=True)


def make_cab(owner: User, left: FloatArray, right: FloatArray) -> Capture:
    content = wav_bytes(np.stack([left, right], axis=1))
    cab, _ = gear_upload(owner=owner, upload=upload(content, "two microphones.wav"), kind="cab")
    run_until_idle()
    cab.refresh_from_db()
    assert cab.state == FileState.READY
    return cab


def click(at: int, gain: float = 0.9) -> FloatArray:
    taps = np.zeros(2_400, np.float32)
    taps[at] = gain
    return taps


def url_of(capture: Capture) -> str:
    return f"/api/v1/captures/{capture.uuid}/preview/"


def heard(client: Client, capture: Capture, **query: str) -> FloatArray:
    answer = client.get(url_of(capture), query)
    assert (answer.status_code, answer["Content-Type"]) == (200, "audio/wav")
    assert answer["Cache-Control"] == "private, no-store"
    samples, _ = soundfile.read(io.BytesIO(answer.content), dtype="float32")
    return np.asarray(samples, np.float32)


def stored_files() -> set[Path]:
    folder = Path(default_storage.path(""))
    return {path for path in folder.rglob("*") if path.is_file()}


def test_every_channel_is_heard_and_nothing_is_left_behind(
    alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cab = make_cab(alice, click(0), click(1_200, 0.3))
    client = api_client(alice)
    files = stored_files()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    sounds = {rule: heard(client, cab, channel_rule=rule) for rule in ("left", "right", "mix")}
    assert stored_files() == files
    assert not any(scratch.iterdir())
    assert len(sounds["right"]) == len(sounds["left"]) + 1_200
    assert np.abs(sounds["right"][1_200:] - sounds["left"]).max() < 1e-3
    # Without a rule it is heard as it is set.
    assert np.array_equal(heard(client, cab), sounds["mix"])
    gear_update(item=cab.gear, ir_settings={"channel_rule": "right"})
    assert np.array_equal(heard(client, cab), sounds["right"])


def test_ones_own_di_plays_with_its_trim(alice: User, charlie: User) -> None:
    cab = make_cab(alice, click(0), click(9))
    track = make_di_track(alice)
    client = api_client(alice)
    whole = heard(client, cab, channel_rule="left", di_track_id=str(track.uuid))
    assert len(whole) == round(48_000 * (track.duration_s or 0.0))
    track.start_s = 0.5
    track.save()
    part = heard(client, cab, channel_rule="left", di_track_id=str(track.uuid))
    assert len(part) == len(whole) - 24_000
    theirs = make_di_track(charlie)
    answer = client.get(url_of(cab), {"di_track_id": str(theirs.uuid)})
    assert (answer.status_code, details_of(answer)) == (422, [("/di_track_id", "NOT_FOUND")])


def test_who_may_not_see_it_does_not_hear_it(alice: User, charlie: User) -> None:
    cab = make_cab(alice, click(0), click(9))
    assert api_client(charlie).get(url_of(cab)).status_code == 404
    assert api_client(None).get(url_of(cab)).status_code == 401
    cab.gear.is_shared = True
    cab.gear.save()
    assert api_client(charlie).get(url_of(cab)).status_code == 200


def test_what_cannot_be_heard_says_why(alice: User) -> None:
    client = api_client(alice)
    cab = make_cab(alice, click(0), click(9))
    for wrong in ({"channel_rule": "up"}, {"channel_rule": ""}, {"di_track_id": "x"}):
        assert client.get(url_of(cab), wrong).status_code == 422
    answer = client.get(url_of(make_capture(alice)))
    assert (answer.status_code, answer.json()["code"]) == (409, "NOT_AN_IR")
    Capture.objects.filter(pk=cab.pk).update(state=FileState.PENDING)
    answer = client.get(url_of(cab))
    assert (answer.status_code, answer.json()["code"]) == (409, "NOT_READY")


def test_of_a_space_no_channel_is_heard_alone(client: Client, alice: User) -> None:
    cab = make_cab(alice, click(0), click(9))
    gear_update(item=cab.gear, kind="space")
    answer = api_client(alice).get(url_of(cab), {"channel_rule": "left"})
    assert (answer.status_code, answer.json()["code"]) == (409, "NOT_OF_A_SPACE")
    client.force_login(alice)
    assert url_of(cab) not in client.get(f"/gear/{cab.gear.uuid}/").text


def test_files_that_cannot_be_read_just_now_are_a_503(
    alice: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The scratch folder is away: that is no fault of the recordings."""
    cab, track = make_cab(alice, click(0), click(9)), make_di_track(alice)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "away"))
    client = api_client(alice)
    for url in (url_of(cab), f"/api/v1/di-tracks/{track.uuid}/preview/"):
        answer = client.get(url)
        assert (answer.status_code, answer.json()["code"]) == (503, "STORAGE_UNAVAILABLE")


def test_the_page_plays_each_channel_and_says_which_is_in_use(client: Client, alice: User) -> None:
    cab = make_cab(alice, click(0), click(1_200))
    client.force_login(alice)
    page = reverse("gear-item", args=[cab.gear.uuid])
    text = client.get(page).content.decode()
    for rule in ("left", "right", "mix"):
        assert f'data-listen="{url_of(cab)}?channel_rule={rule}"' in text
        assert f'aria-label="Play {rule.capitalize()}"' in text
    assert text.index("<span>Mix</span>") < text.index("in use")
    gear_update(item=cab.gear, ir_settings={"channel_rule": "left"})
    text = client.get(page).content.decode()
    assert text.index("in use") < text.index("<span>Right</span>")


def test_of_channels_that_cancel_the_page_says_what_is_heard(client: Client, alice: User) -> None:
    cab = make_cab(alice, click(0), -click(0))
    client.force_login(alice)
    text = client.get(reverse("gear-item", args=[cab.gear.uuid])).content.decode()
    assert "silent, so the left one is heard" in text
    assert text.index("in use") < text.index("<span>Right</span>")


def test_one_channel_has_nothing_to_choose(client: Client, alice: User) -> None:
    cab = make_cab(alice, click(0), click(0))
    client.force_login(alice)
    text = client.get(reverse("gear-item", args=[cab.gear.uuid])).content.decode()
    assert text.count("data-listen") == 1
    assert "Play a DI through it" in text


def test_silence_in_front_is_told_once_everywhere_and_trimmed_with_one_button(
    client: Client, alice: User, charlie: User
) -> None:
    cab = make_cab(alice, click(720), click(720))
    told = "begins with 15.0 ms of silence"
    page = reverse("gear-item", args=[cab.gear.uuid])
    client.force_login(alice)
    text = client.get(page).content.decode()
    assert (text.count(told), text.count('name="trim_lead"')) == (1, 1)
    [note] = api_client(alice).get(f"/api/v1/captures/{cab.uuid}/").json()["warnings"]
    assert note in text
    plain = make_cab(alice, click(0), click(0))
    amp = make_capture(alice)
    chains = [make_chain(alice, amp, ir, name=name) for name, ir in (("A", cab), ("B", plain))]
    shootout = shootout_create(
        owner=alice,
        title="Cabs",
        di_track_ids=[make_di_track(alice).uuid],
        contenders=contenders_of(chains),
        options={"has_video": False},
    )
    published = render(shootout).published_render
    assert published is not None
    warnings = [segment["warnings"] for segment in published.manifest.data["segments"]]
    silence = [text for said in warnings for text in said if "silence" in text]
    assert silence == [note]

    client.force_login(charlie)
    assert client.post(page, {"trim_lead": "1"}).status_code == 404
    client.logout()
    assert client.post(page, {"trim_lead": "1"}).status_code == 302
    cab.refresh_from_db()
    assert cab.is_lead_trimmed is False
    client.force_login(alice)
    answer = client.post(page, {"trim_lead": "1"})
    assert (answer.status_code, answer["Location"]) == (302, page)
    cab.refresh_from_db()
    assert cab.is_lead_trimmed is True
    text = client.get(page).content.decode()
    assert text.count(told) == 1
    assert "which is left out" in text
    assert 'name="trim_lead"' not in text

"""How an impulse response is read: chosen on the page and over the API, told everywhere."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import soundfile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import api_client, details_of, make_user
from gear.models import Capture
from gear.tests.factories import make_capture, upload_of
from jobs.tests.running import run_until_idle


def ir_bytes(*, lead_ms: float = 0.0, duration_s: float = 0.1, num_channels: int = 1) -> bytes:
    """Noise that falls by 100 dB, another one on each channel."""
    num_frames = round(duration_s * 48_000)
    decay = 10.0 ** (-5.0 * np.arange(num_frames) / num_frames)
    rng = np.random.default_rng(1)
    sound = 0.3 * rng.uniform(-1.0, 1.0, (num_frames, num_channels)) * decay[:, np.newaxis]
    sound[0] = 0.5
    silence = np.zeros((round(lead_ms * 48), num_channels))
    buffer = io.BytesIO()
    soundfile.write(buffer, np.concatenate([silence, sound]), 48_000, "FLOAT", format="WAV")
    return buffer.getvalue()


def upload(owner: User, content: bytes, **values: Any) -> dict[str, Any]:
    data = {"file": upload_of(content, "V30.wav"), **values}
    answer = api_client(owner).post("/api/v1/gear/", data, format="multipart")
    assert answer.status_code == 202, answer.json()
    run_until_idle()
    return read(owner)


def read(owner: User) -> dict[str, Any]:
    [item] = api_client(owner).get("/api/v1/gear/").json()["results"]
    assert isinstance(item, dict)
    return item


@pytest.mark.django_db(transaction=True)
def test_what_an_impulse_response_needs_is_told_and_can_be_chosen() -> None:
    alice = make_user()
    item = upload(alice, ir_bytes(lead_ms=15.0, duration_s=2.6, num_channels=2))
    [capture] = item["captures"]
    assert capture["state"] == "ready"
    facts = capture["impulse_response"]
    assert facts["sound_s"] == pytest.approx(2.3, abs=0.15)
    assert facts["lead_s"] == pytest.approx(0.015)
    assert (facts["channel_rule"], facts["has_choice_of_channel"]) == ("mix", True)
    assert (facts["tail_end_db"], facts["is_lead_trimmed"]) == (None, False)
    channels, lead, end = capture["warnings"]
    assert "mix" in channels
    assert "15.0 ms" in lead
    assert "can be trimmed" in lead
    assert "60 dB" in end

    values = {"channel_rule": "right", "tail_end_db": -50.0, "is_lead_trimmed": True}
    answer = api_client(alice).patch(f"/api/v1/gear/{item['id']}/", values, format="json")
    assert answer.status_code == 200
    [capture] = answer.json()["captures"]
    assert {name: capture["impulse_response"][name] for name in values} == values
    channels, lead, end = capture["warnings"]
    assert "right one is used" in channels
    assert "left out" in lead
    assert "50 dB" in end


@pytest.mark.django_db(transaction=True)
def test_the_choices_may_come_with_the_upload() -> None:
    item = upload(
        make_user(), ir_bytes(), channel_rule="left", tail_end_db="-70", is_lead_trimmed="true"
    )
    facts = item["captures"][0]["impulse_response"]
    assert (facts["channel_rule"], facts["tail_end_db"]) == ("left", -70.0)
    assert facts["is_lead_trimmed"] is True


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"channel_rule": "up"}, ("/channel_rule", "INVALID_CHOICE")),
        ({"tail_end_db": -29.0}, ("/tail_end_db", "MAX_VALUE")),
        ({"tail_end_db": -91.0}, ("/tail_end_db", "MIN_VALUE")),
        ({"is_lead_trimmed": "x"}, ("/is_lead_trimmed", "INVALID")),
    ],
)
def test_what_is_out_of_range_is_refused(
    alice: User, values: dict[str, Any], expected: tuple[str, str]
) -> None:
    address = f"/api/v1/gear/{make_capture(alice, 'cab').gear.uuid}/"
    answer = api_client(alice).patch(address, values, format="json")
    assert (answer.status_code, details_of(answer)) == (422, [expected])


@pytest.mark.django_db
def test_a_model_has_none_of_these(alice: User) -> None:
    address = f"/api/v1/gear/{make_capture(alice).gear.uuid}/"
    client = api_client(alice)
    assert client.get(address).json()["captures"][0]["impulse_response"] is None
    answer = client.patch(address, {"channel_rule": "left"}, format="json")
    assert details_of(answer) == [("/channel_rule", "NOT_AN_IR")]


@pytest.mark.django_db
def test_strangers_choose_nothing(alice: User, charlie: User) -> None:
    capture = make_capture(alice, "cab", is_shared=True)
    address = f"/api/v1/gear/{capture.gear.uuid}/"
    for client, status in ((api_client(charlie), 404), (api_client(), 401)):
        answer = client.patch(address, {"channel_rule": "left"}, format="json")
        assert answer.status_code == status
    assert Capture.objects.get().channel_rule == "mix"


@pytest.mark.django_db
def test_the_page_offers_and_saves_the_choices(client: Client, alice: User) -> None:
    info = {
        "num_channels": 2,
        "only_channel": "",
        "has_choice_of_channel": True,
        "do_channels_cancel": False,
        "lead_s": 0.015,
        "sound_s": 2.3,
    }
    capture = make_capture(alice, "cab", info=info)
    client.force_login(alice)
    page = reverse("gear-item", args=[capture.gear.uuid])
    text = client.get(page).content.decode()
    for part in ("15.0 ms of silence", "lasts 2.30 s", 'name="channel_rule"', 'name="tail_end_db"'):
        assert part in text
    values = {"kind": "cab", "name": "V30", "channel_rule": "right", "tail_end_db": "-50"}
    assert client.post(page, {**values, "is_lead_trimmed": "on"}).status_code == 302
    capture.refresh_from_db()
    assert (capture.channel_rule, capture.tail_end_db) == ("right", -50.0)
    assert capture.is_lead_trimmed is True
    assert 'value="-50" selected' in client.get(page).content.decode()
    assert client.post(page, {**values, "tail_end_db": ""}).status_code == 302
    capture.refresh_from_db()
    assert (capture.tail_end_db, capture.is_lead_trimmed) == (None, False)
    assert client.post(page, {**values, "tail_end_db": "-20"}).status_code == 422

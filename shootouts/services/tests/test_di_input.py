"""Channel, trim and report of a DI on every surface: page, API, shootout file, recipe."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import soundfile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import api_client, make_user
from gear.api.serializers import ImpulseResponseOutput, IRSettingsInput
from gear.models import Capture
from gear.pages.chain_form import new_block
from gear.pages.forms import GearForm
from jobs.pipeline.effects.parameters import (
    CAB_PARAMETERS,
    IR_PARAMETERS,
    NAM_PARAMETERS,
    SPACE_PARAMETERS,
)
from jobs.pipeline.formats.shootout_file import DI_SOURCE_KEYS, IR_KEYS, IR_KEYS_OF_KIND
from jobs.pipeline.recipe import (
    CabBlock,
    CabIR,
    DISource,
    IRSettings,
    NamBlock,
    SegmentRecipe,
    SpaceBlock,
)
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.vocabulary.options import OPTION_NAMES
from jobs.tests.running import run_until_idle
from shootouts.api.serializers import DITrackInput, DITrackOutput, ShootoutUpdateInput
from shootouts.models import DITrack, Segment
from shootouts.pages.forms import DITrackForm, DIUploadForm, ShootoutForm
from shootouts.rendering import di_source
from shootouts.services.di_tracks import EDITABLE, di_track_update
from shootouts.tests.factories import (
    make_di_track,
    make_shootout,
    plucked,
    render,
    upload,
    wav_bytes,
)

URL = "/api/v1/di-tracks/"
RIFF = plucked(duration_s=1.5)


def names(recipe: type[Any], *without: str) -> set[str]:
    return set(recipe.__match_args__) - set(without)


def test_every_field_of_a_recipe_can_be_set_everywhere() -> None:
    di = names(DISource, "sha256", "rms_dbfs")  # the latter is measured, and only of passages
    assert di == set(DI_SOURCE_KEYS)
    for offered in (DITrackInput().fields, DITrackForm.base_fields, EDITABLE):
        assert di <= set(offered)
    assert di <= set(DITrackOutput().fields)
    # Blocks: API, chain form and file offer the same.
    assert names(NamBlock, "sha256", "kind") == set(NAM_PARAMETERS.names)
    ir = set(IR_PARAMETERS.names)
    assert names(CabIR, "sha256") == ir | names(IRSettings)
    # How a file is read is said of the gear, once for all chains.
    assert names(IRSettings) == set(IR_KEYS.values())
    item = GearForm()
    item.settings_of(Capture())
    for settings in (IRSettingsInput().fields, ImpulseResponseOutput().fields, item.fields):
        assert names(IRSettings) <= set(settings)
    assert names(CabBlock, "irs", "kind") | ir == set(CAB_PARAMETERS.names)
    # A space has a mix, and all of its channels.
    settings_of_space = names(IRSettings) - {"channel_rule"}
    assert names(SpaceBlock, "sha256", "kind") == set(SPACE_PARAMETERS.names) | settings_of_space
    assert set(IR_KEYS_OF_KIND["space"].values()) == settings_of_space
    assert [each.name for each in new_block("post", "space").parameters] == SPACE_PARAMETERS.names
    space_form = GearForm()
    space_form.settings_of(Capture(), "space")
    assert set(space_form.fields) == set(item.fields) - {"channel_rule"}
    options = names(SegmentRecipe, "di", "blocks")
    assert options <= set(OPTION_NAMES)
    for settings in (ShootoutUpdateInput().fields, ShootoutForm.base_fields):
        assert options <= set(settings)


@pytest.mark.parametrize("level_dbu", [-60.0, 60.0, 60.1])
def test_an_upload_takes_the_levels_that_page_and_api_take(level_dbu: float) -> None:
    values = {"name": "Riff", "channel_rule": "auto", "input_level_dbu": level_dbu}
    file = {"file": upload(b"RIFF", "di.wav")}
    api = DITrackInput(data={"input_level_dbu": level_dbu})
    is_taken = level_dbu <= 60.0
    assert DIUploadForm(values, file).is_valid() is is_taken
    assert DITrackForm(values).is_valid() is is_taken
    assert api.is_valid() is is_taken


def stereo(left: FloatArray, right: FloatArray) -> bytes:
    return wav_bytes(np.stack([left, right], axis=1))


def uploaded(owner: User, content: bytes, **more: Any) -> dict[str, Any]:
    client = api_client(owner)
    answer = client.post(URL, {"file": upload(content, "di.wav"), **more}, format="multipart")
    assert answer.status_code == 202
    run_until_idle()
    body: dict[str, Any] = client.get(f"{URL}{answer.json()['id']}/").json()
    return body


@pytest.mark.django_db(transaction=True)
class TestAPI:
    def test_the_report_and_the_channels_are_there_before_it_is_used(self, alice: User) -> None:
        body = uploaded(alice, stereo(RIFF, 0 * RIFF))
        assert body["channel_rule"] == "auto"
        assert (body["channels"]["layout"], body["channels"]["rule"]) == ("left_only", "left")
        assert body["channels"]["right_dbfs"] is None
        assert [finding["code"] for finding in body["report"]] == ["CHANNELS"]
        assert body["rms_dbfs"] == pytest.approx(make_di_track(alice).info["rms_dbfs"], abs=0.1)
        track = DITrack.objects.get(uuid=body["id"])
        assert di_source(track).channel_rule == "left"
        di_track_update(track=track, channel_rule="mix")
        assert di_source(track).channel_rule == "mix"

    def test_an_impossible_sample_is_refused_by_name(self, alice: User) -> None:
        broken = RIFF.copy()
        broken[5] = 3e38
        file = io.BytesIO()
        soundfile.write(file, broken, 48_000, format="WAV", subtype="FLOAT")
        client = api_client(alice)
        answer = client.post(
            URL, {"file": upload(file.getvalue(), "di.wav")}, format="multipart"
        ).json()
        run_until_idle()
        job = client.get(f"/api/v1/jobs/{answer['job']['id']}/").json()
        assert job["error"]["code"] == "DI_IMPLAUSIBLE_LEVEL"
        assert not DITrack.objects.exists()

    def test_a_trim_is_stored_checked_and_rendered(self, alice: User) -> None:
        shootout = make_shootout(alice)
        track = DITrack.objects.get()
        client = api_client(alice)
        url = f"{URL}{track.uuid}/"
        body = client.patch(url, {"start_s": 0.5, "end_s": 1.25}, format="json").json()
        assert (body["start_s"], body["end_s"]) == (0.5, 1.25)
        for bad in ({"start_s": 1.0}, {"end_s": 9.0}, {"start_s": -1.0}):
            answer = client.patch(url, bad, format="json")
            assert answer.status_code == 422
        assert client.patch(url, {"start_s": 1.0}, format="json").json()["code"] == (
            "DI_TRIM_INVALID"
        )
        render(shootout)
        track.refresh_from_db()
        segment = Segment.objects.first()
        assert segment is not None
        assert (segment.recipe["di"]["start_s"], segment.recipe["di"]["end_s"]) == (0.5, 1.25)
        manifest = segment.render.manifest.data
        assert manifest["segments"][0]["duration_s"] == pytest.approx(0.75, abs=0.3)
        # What was rendered keeps what it was made with.
        di_track_update(track=track, start_s=0.0)
        segment.refresh_from_db()
        assert segment.recipe["di"]["start_s"] == 0.5

    def test_an_upload_whose_trim_is_no_part_of_it_is_refused(self, alice: User) -> None:
        client = api_client(alice)
        fields = {"file": upload(wav_bytes(RIFF), "di.wav"), "start_s": "5"}
        answer = client.post(URL, fields, format="multipart").json()
        run_until_idle()
        job = client.get(f"/api/v1/jobs/{answer['job']['id']}/").json()
        assert job["error"]["code"] == "DI_TRIM_INVALID"

    def test_silence_is_no_part_to_play(self, alice: User) -> None:
        silence = np.zeros(96_000, np.float32)
        content = wav_bytes(np.concatenate([silence, RIFF, silence]))
        client = api_client(alice)
        made = client.post(URL, {"file": upload(content, "di.wav")}, format="multipart").json()
        run_until_idle()
        url = f"{URL}{made['id']}/"
        length_s = DITrack.objects.get().duration_s or 0.0
        for bad in ({"end_s": 1.5}, {"start_s": length_s - 1.5}):
            answer = client.patch(url, bad, format="json")
            assert (answer.status_code, answer.json()["code"]) == (422, "DI_TRIM_INVALID")
            assert "only silence" in answer.json()["message"]
        assert client.patch(url, {"start_s": 1.9}, format="json").status_code == 200
        fields = {"file": upload(content + b"\0", "di.wav"), "end_s": "1.5"}
        answer = client.post(URL, fields, format="multipart").json()
        run_until_idle()
        job = client.get(f"/api/v1/jobs/{answer['job']['id']}/").json()
        assert job["error"]["code"] == "DI_TRIM_INVALID"

    def test_a_preview_is_short_and_for_the_owner_alone(self, alice: User) -> None:
        long = np.tile(RIFF, 12)
        track = uploaded(alice, stereo(long, (0.5 * long).astype(np.float32)))
        url = f"{URL}{track['id']}/preview/"
        heard = {}
        for rule in ("left", "right", "mix"):
            answer = api_client(alice).get(url, {"channel_rule": rule})
            assert (answer.status_code, answer["Content-Type"]) == (200, "audio/wav")
            heard[rule], _ = soundfile.read(io.BytesIO(answer.content))
        assert {len(sound) for sound in heard.values()} == {15 * 48_000}
        assert np.abs(heard["right"] - 0.5 * heard["left"]).max() < 1e-4
        assert np.abs(heard["mix"] - 0.75 * heard["left"]).max() < 1e-4
        for wrong in ("up", ""):
            assert api_client(alice).get(url, {"channel_rule": wrong}).status_code == 422
        assert api_client(make_user("charlie")).get(url).status_code == 404
        assert api_client(None).get(url).status_code == 401


@pytest.mark.django_db(transaction=True)
class TestPage:
    def test_the_page_shows_the_report_and_saves(self, client: Client, alice: User) -> None:
        body = uploaded(alice, stereo(RIFF, -RIFF))
        client.force_login(alice)
        url = reverse("di-detail", args=[body["id"]])
        page = client.get(url).content.decode()
        assert "out of phase" in page
        assert page.count("?channel_rule=") == 3
        values = {"name": "Riff", "channel_rule": "right", "start_s": "0.25", "end_s": ""}
        assert client.post(url, values).status_code == 302
        track = DITrack.objects.get(uuid=body["id"])
        # The report is that of the channel which is chosen now.
        assert "only the right one was used" in client.get(url).content.decode()
        assert (track.name, track.channel_rule, track.start_s, track.end_s) == (
            "Riff",
            "right",
            0.25,
            None,
        )
        answer = client.post(url, values | {"end_s": "0.3"})
        assert answer.status_code == 422
        assert "cannot be played" in answer.content.decode()

    def test_silence_is_cut_with_one_button(self, client: Client, alice: User) -> None:
        silence = np.zeros(96_000, np.float32)
        body = uploaded(alice, wav_bytes(np.concatenate([silence, RIFF, silence])))
        client.force_login(alice)
        url = reverse("di-detail", args=[body["id"]])
        assert "Cut the silence" in client.get(url).content.decode()
        assert client.post(url, {"cut_silence": "1"}).status_code == 302
        track = DITrack.objects.get(uuid=body["id"])
        assert track.start_s == pytest.approx(1.95, abs=0.07)
        assert track.end_s == pytest.approx(3.75, abs=0.1)
        # It is cut, and no one is asked again; who cuts more keeps that.
        assert "Cut the silence" not in client.get(url).content.decode()
        di_track_update(track=track, start_s=2.5, end_s=None)
        assert "plays 2.50 s to 3." in client.get(url).content.decode()
        client.post(url, {"cut_silence": "1"})
        track.refresh_from_db()
        assert track.start_s == 2.5
        assert track.end_s == pytest.approx(3.75, abs=0.1)

    def test_others_do_not_see_it(self, client: Client, alice: User, charlie: User) -> None:
        url = reverse("di-detail", args=[make_di_track(alice).uuid])
        assert client.get(url).status_code == 302
        client.force_login(charlie)
        assert client.get(url).status_code == 404
        assert client.post(url, {"name": "Mine"}).status_code == 404

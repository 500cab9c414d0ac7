"""DI tracks over the API: owner, stranger and anonymous; bad input leaves nothing behind."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.files.storage import default_storage
from django.db import connection
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts.tests.factories import api_client, make_user
from jobs.models import Job
from jobs.tests.running import run_until_idle
from shootouts.models import DITrack
from shootouts.tests.factories import make_di_track, plucked, upload, wav_bytes

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/v1/di-tracks/"


def _post(client: Any, content: bytes, name: str = "riff.wav", **fields: Any) -> Any:
    return client.post(URL, {"file": upload(content, name), **fields}, format="multipart")


def _stored_files() -> list[str]:
    return [path.name for path in Path(default_storage.path("")).rglob("*") if path.is_file()]


def test_an_upload_is_checked_by_a_job_and_then_usable() -> None:
    client = api_client(make_user())
    answer = _post(client, wav_bytes(plucked()), guitar="Telecaster", bpm="120")
    assert answer.status_code == 202
    body = answer.json()
    assert (body["state"], body["name"], body["guitar"], body["bpm"]) == (
        "pending",
        "riff",
        "Telecaster",
        120.0,
    )
    run_until_idle()
    body = client.get(f"{URL}{body['id']}/").json()
    assert body["state"] == "ready"
    assert (body["sample_rate_hz"], body["num_channels"]) == (48_000, 1)
    assert body["duration_s"] == pytest.approx(1.5)
    waveform = client.get(f"{URL}{body['id']}/waveform/").json()
    assert len(waveform["waveform"]) > 100


@pytest.mark.parametrize(
    ("content", "name", "status", "code"),
    [
        (b"just some text, no sound", "riff.wav", 415, "NOT_AUDIO"),
        (b"", "riff.wav", 422, "EMPTY_FILE"),
        (b"RIFF", "riff.exe", 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
def test_what_is_not_audio_is_refused_at_once(
    content: bytes, name: str, status: int, code: str
) -> None:
    answer = _post(api_client(make_user()), content, name)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not DITrack.objects.exists()
    assert _stored_files() == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (wav_bytes(np.zeros(48_000, dtype=np.float32)), "DI_SILENT"),
        (b"RIFF\x24\x00\x00\x00WAVE and then nothing that makes sense", "AUDIO_UNREADABLE"),
    ],
)
def test_what_sounds_wrong_is_refused_by_its_job(content: bytes, code: str) -> None:
    client = api_client(make_user())
    answer = _post(client, content)
    assert answer.status_code == 202
    run_until_idle()
    job = client.get(f"/api/v1/jobs/{answer.json()['job']['id']}/").json()
    assert (job["state"], job["error"]["code"]) == ("failed", code)
    assert client.get(f"{URL}{answer.json()['id']}/").status_code == 404
    assert not DITrack.objects.exists()
    assert _stored_files() == []


def test_an_upload_over_the_limit_is_refused(settings: Settings) -> None:
    settings.GTS_DI_MAX_BYTES = 1000
    answer = _post(api_client(make_user()), wav_bytes(plucked()))
    assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")
    assert not DITrack.objects.exists()
    assert _stored_files() == []


def test_the_same_recording_twice_names_the_first() -> None:
    alice = make_user()
    track = make_di_track(alice)
    answer = _post(api_client(alice), wav_bytes(plucked()))
    assert answer.status_code == 409
    body = answer.json()
    url = f"/api/v1/di-tracks/{track.uuid}/"
    assert (body["code"], body["existing"]) == ("DUPLICATE", {"id": str(track.uuid), "url": url})
    assert str(track.uuid) not in body["message"]
    assert len(_stored_files()) == 1
    assert _post(api_client(make_user("charlie")), wav_bytes(plucked())).status_code == 202


def test_the_same_recording_under_another_suffix_leaves_no_second_file() -> None:
    client = api_client(make_user())
    file = io.BytesIO()
    soundfile.write(file, plucked(), 48_000, format="AIFF")
    assert _post(client, file.getvalue(), "riff.aiff").status_code == 202
    assert _post(client, file.getvalue(), "riff.aif").status_code == 409
    assert len(_stored_files()) == 1


def test_of_two_uploads_of_one_recording_at_the_same_time_one_wins() -> None:
    client = api_client(make_user())
    barrier = Barrier(2)

    def try_upload(_: int) -> int:
        barrier.wait(timeout=30)
        try:
            status: int = _post(client, wav_bytes(plucked())).status_code
        finally:
            connection.close()
        return status

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(try_upload, range(2))) == [202, 409]
    assert DITrack.objects.count() == 1
    assert len(_stored_files()) == 1


def test_a_long_file_name_keeps_its_suffix_in_mind() -> None:
    answer = _post(api_client(make_user()), wav_bytes(plucked()), "n" * 220 + ".wav")
    assert answer.status_code == 202
    assert len(answer.json()["file_name"]) == 200


def test_metadata_may_be_edited_and_the_rest_may_not() -> None:
    alice = make_user()
    client = api_client(alice)
    url = f"{URL}{make_di_track(alice).uuid}/"
    assert client.patch(url, {"tuning": "Drop D"}).json()["tuning"] == "Drop D"
    answer = client.patch(url, {"sha256": "0" * 64})
    assert answer.status_code == 422
    assert answer.json()["details"][0]["pointer"] == "/sha256"


def test_deleting_removes_row_and_file() -> None:
    alice = make_user()
    track = make_di_track(alice)
    assert api_client(alice).delete(f"{URL}{track.uuid}/").status_code == 204
    assert not DITrack.objects.exists()
    assert _stored_files() == []


@pytest.mark.parametrize("path", ["", "audio/", "waveform/"])
def test_a_track_is_its_owners_alone(path: str) -> None:
    alice = make_user()
    url = f"{URL}{make_di_track(alice).uuid}/{path}"
    assert api_client(alice).get(url).status_code == 200
    assert api_client(make_user("charlie")).get(url).status_code == 404
    assert api_client().get(url).status_code == 401


def test_strangers_neither_change_nor_delete() -> None:
    url = f"{URL}{make_di_track(make_user()).uuid}/"
    charlie = api_client(make_user("charlie"))
    assert charlie.patch(url, {"name": "mine"}).status_code == 404
    assert charlie.delete(url).status_code == 404
    assert DITrack.objects.count() == 1


def test_the_list_shows_ones_own_in_a_constant_number_of_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    alice, charlie = make_user(), make_user("charlie")
    make_di_track(charlie)
    client = api_client(alice)
    for count in (1, 3):
        while alice.di_tracks.count() < count:
            make_di_track(alice, frequency_hz=100.0 + 10 * alice.di_tracks.count())
        with django_assert_num_queries(2):  # the user, the rows
            body = client.get(URL).json()
        assert len(body["results"]) == count
    assert Job.objects.filter(owner=alice, state="completed").count() == 3


def test_the_list_of_audio_interfaces_is_for_everybody_and_is_kept() -> None:
    answer = api_client().get("/api/v1/audio-interfaces/")
    assert answer.status_code == 200
    assert "public" in answer["Cache-Control"]
    [solo] = [
        row for row in answer.json() if row["key"] == "focusrite-scarlett-solo-4th-gen/instrument"
    ]
    assert (solo["level_dbu"], solo["input"]) == (12.0, "instrument")
    assert solo["label"] == "Focusrite Scarlett Solo (4th Gen), instrument"
    assert solo["source"].startswith("Focusrite")
    again = api_client().get("/api/v1/audio-interfaces/", HTTP_IF_NONE_MATCH=answer["ETag"])
    assert again.status_code == 304

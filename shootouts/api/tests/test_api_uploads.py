"""Uploads in pieces: what tus 1.0.0 says, sentence by sentence, and what GTS adds to it."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.quotas import quotas_get
from accounts.tests.factories import api_client, make_user
from jobs.tests.running import run_until_idle
from shootouts.models import DITrack, Upload, UploadPart
from shootouts.services.uploads import uploads_expire
from shootouts.tests.factories import plucked, wav_bytes

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/uploads/"
CONTENT = "application/offset+octet-stream"
RIFF = wav_bytes(plucked())


def metadata(**values: str) -> str:
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in values.items())


def headers(**more: str) -> dict[str, str]:
    return {"Tus-Resumable": "1.0.0", **{k.replace("_", "-"): v for k, v in more.items()}}


def announce(client: Any, length: int = len(RIFF), content: bytes = b"", **values: Any) -> Any:
    values.setdefault("filename", "riff.wav")
    sent = headers(Upload_Length=str(length), Upload_Metadata=metadata(**values))
    body = {"data": content, "content_type": CONTENT} if content else {}
    return client.post(URL, headers=sent, **body)


def patch(client: Any, address: str, offset: int, content: bytes, **more: str) -> Any:
    sent = headers(Upload_Offset=str(offset), **more)
    return client.generic("PATCH", address, content, content_type=CONTENT, headers=sent)


def head(client: Any, address: str) -> Any:
    return client.head(address, headers=headers())


def stored_files() -> list[Path]:
    folder = Path(default_storage.path("uploads"))
    return [path for path in folder.rglob("*") if path.is_file()]


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_file_comes_in_pieces_and_is_whole(alice: User) -> None:
    client = api_client(alice)
    made = announce(client)
    assert made.status_code == 201
    address = made["Location"]
    assert made["Upload-Expires"].endswith("GMT")
    for offset in range(0, len(RIFF), 60_000):
        piece = RIFF[offset : offset + 60_000]
        answer = patch(client, address, offset, piece)
        assert (answer.status_code, answer["Tus-Resumable"]) == (204, "1.0.0")
        assert answer["Upload-Offset"] == str(offset + len(piece))
        asked = head(client, address)
        assert asked["Upload-Offset"] == answer["Upload-Offset"]
        assert asked["Upload-Length"] == str(len(RIFF))
        assert "no-store" in asked["Cache-Control"]
    run_until_idle()
    track = DITrack.objects.get(owner=alice)
    assert (track.state, track.file_name) == ("ready", "riff.wav")
    assert track.sha256 == hashlib.sha256(RIFF).hexdigest()
    shown = client.get(address.removesuffix("content/")).json()
    assert (shown["state"], shown["kind"]) == ("ready", "di")
    assert shown["di_track_id"] == str(track.uuid)


def test_the_server_says_what_it_can(alice: User) -> None:
    client = api_client(alice)
    answer = client.options(URL)
    assert answer.status_code == 204
    assert (answer["Tus-Version"], answer["Tus-Resumable"]) == ("1.0.0", "1.0.0")
    named = set(answer["Tus-Extension"].split(","))
    assert named == {
        *("creation", "creation-with-upload", "expiration", "checksum", "termination"),
    }
    assert "sha1" in answer["Tus-Checksum-Algorithm"]
    assert int(answer["Tus-Max-Size"]) > 0


def test_what_the_protocol_forbids_is_refused_and_changes_nothing(alice: User) -> None:
    client = api_client(alice)
    address = announce(client)["Location"]
    assert patch(client, address, 0, RIFF[:1000]).status_code == 204
    # Another version, another place, another type, no place, more than was announced.
    other = client.head(address, headers={"Tus-Resumable": "0.2.2"})
    assert (other.status_code, other["Tus-Resumable"]) == (412, "1.0.0")
    assert code_of(patch(client, address, 0, RIFF[:10])) == (409, "UPLOAD_OFFSET")
    assert code_of(patch(client, address, 2000, RIFF[:10])) == (409, "UPLOAD_OFFSET")
    wrong = client.generic(
        "PATCH", address, "{}", content_type="application/json",
        headers=headers(Upload_Offset="1000"),
    )  # fmt: skip
    assert wrong.status_code == 415
    assert patch(client, address, -1, RIFF[:10]).status_code == 400
    assert code_of(patch(client, address, 1000, RIFF)) == (413, "TOO_LARGE")
    assert head(client, address)["Upload-Offset"] == "1000"
    assert len(stored_files()) == 1
    missing = f"{URL}{uuid4()}/content/"
    assert head(client, missing).status_code == 404
    assert patch(client, missing, 0, b"x").status_code == 404
    deferred = client.post(URL, headers=headers(Upload_Defer_Length="1"))
    assert deferred.status_code == 400


def test_the_first_bytes_may_come_with_the_announcement(alice: User) -> None:
    client = api_client(alice)
    made = announce(client, content=RIFF[:5000])
    assert (made.status_code, made["Upload-Offset"]) == (201, "5000")
    assert patch(client, made["Location"], 5000, RIFF[5000:]).status_code == 204
    run_until_idle()
    assert DITrack.objects.get().size_bytes == len(RIFF)


def test_a_method_may_be_named_in_a_header(alice: User) -> None:
    client = api_client(alice)
    address = announce(client)["Location"]
    sent = headers(Upload_Offset="0", X_HTTP_Method_Override="PATCH")
    answer = client.post(address, RIFF[:100], content_type=CONTENT, headers=sent)
    assert (answer.status_code, answer["Upload-Offset"]) == (204, "100")


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_bytes_that_were_changed_on_their_way_are_not_taken(alice: User, algorithm: str) -> None:
    client = api_client(alice)
    address = announce(client)["Location"]
    piece = RIFF[:1000]
    digest = base64.b64encode(hashlib.new(algorithm, piece).digest()).decode()
    changed = patch(client, address, 0, piece[:-1] + b"!", Upload_Checksum=f"{algorithm} {digest}")
    assert code_of(changed) == (460, "CHECKSUM_MISMATCH")
    unknown = patch(client, address, 0, piece, Upload_Checksum=f"crc9 {digest}")
    assert code_of(unknown) == (400, "CHECKSUM_UNSUPPORTED")
    assert head(client, address)["Upload-Offset"] == "0"
    good = patch(client, address, 0, piece, Upload_Checksum=f"{algorithm} {digest}")
    assert good.status_code == 204


def test_ending_it_leaves_nothing(alice: User) -> None:
    client = api_client(alice)
    address = announce(client, content=RIFF[:5000])["Location"]
    assert len(stored_files()) == 1
    assert client.delete(address, headers=headers()).status_code == 204
    assert head(client, address).status_code == 404
    assert (stored_files(), UploadPart.objects.count()) == ([], 0)


def test_what_has_expired_is_gone_with_its_bytes(alice: User) -> None:
    client = api_client(alice)
    address = announce(client, content=RIFF[:5000])["Location"]
    fresh = announce(client)["Location"]
    past = timezone.now() - timedelta(seconds=1)
    Upload.objects.filter(offset_bytes=5000).update(expires_at=past)
    assert head(client, address).status_code == 404
    assert patch(client, address, 5000, RIFF[5000:]).status_code == 404
    assert uploads_expire() == 1
    assert (stored_files(), Upload.objects.count()) == ([], 1)
    assert head(client, fresh).status_code == 200


def test_what_was_found_good_is_kept_once(alice: User) -> None:
    announce(api_client(alice), content=RIFF)
    run_until_idle()
    assert uploads_expire() == 0
    assert len(stored_files()) == 1
    Upload.objects.update(updated_at=timezone.now() - timedelta(hours=2))
    uploads_expire()
    assert stored_files() == []
    assert DITrack.objects.get().state == "ready"


def test_two_processes_that_take_the_same_piece_take_it_once(alice: User) -> None:
    client = api_client(alice)
    address = announce(client)["Location"]
    barrier = Barrier(2)

    def send() -> int:
        try:
            barrier.wait()
            return int(patch(api_client(alice), address, 0, RIFF).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(future.result() for future in [pool.submit(send) for _ in range(2)])
    assert statuses in ([204, 409], [204, 413])
    assert len(stored_files()) == 1
    run_until_idle()
    assert DITrack.objects.get().sha256 == hashlib.sha256(RIFF).hexdigest()


def test_announced_twice_with_one_key_it_is_one_upload(alice: User) -> None:
    client = api_client(alice)
    sent = headers(
        Upload_Length=str(len(RIFF)),
        Upload_Metadata=metadata(filename="riff.wav"),
        Idempotency_Key="k-1",
    )
    first, second = (client.post(URL, RIFF, content_type=CONTENT, headers=sent) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Upload.objects.count() == 1
    other = {**sent, "Upload-Metadata": metadata(filename="other.wav")}
    answer = client.post(URL, RIFF, content_type=CONTENT, headers=other)
    assert code_of(answer) == (422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize(
    ("length", "values", "found"),
    [
        (0, {}, (422, "EMPTY_FILE")),
        (101 * 1024**2, {}, (413, "TOO_LARGE")),
        (33 * 1024**2, {"filename": "amp.nam"}, (413, "TOO_LARGE")),
        (100, {"filename": "notes.txt"}, (415, "FILE_TYPE_UNSUPPORTED")),
        (100, {"filename": ""}, (422, "INVALID")),
        (100, {"kind": "bass"}, (422, "INVALID")),
        (100, {"channel_rule": "middle"}, (422, "INVALID")),
    ],
)
def test_what_can_be_nothing_here_is_refused_before_it_comes(
    alice: User, length: int, values: dict[str, str], found: tuple[int, str]
) -> None:
    answer = announce(api_client(alice), length, b"", **values)
    assert code_of(answer) == found
    assert not Upload.objects.exists()


def test_what_is_on_its_way_counts_as_kept(alice: User, settings: Settings) -> None:
    settings.GTS_QUOTA_STORAGE_BYTES = 2 * len(RIFF)
    client = api_client(alice)
    assert announce(client, content=RIFF).status_code == 201
    assert quotas_get(alice).storage_used_bytes == len(RIFF)
    assert code_of(announce(client, 2 * len(RIFF))) == (413, "QUOTA_STORAGE")
    run_until_idle()
    # Now it counts as the DI track that it has become, and not twice.
    assert quotas_get(alice).storage_used_bytes == len(RIFF)
    assert DITrack.objects.get().state == "ready"


def test_so_many_may_be_open_at_once(alice: User, settings: Settings) -> None:
    settings.GTS_MAX_OPEN_UPLOADS = 2
    client = api_client(alice)
    addresses = [announce(client)["Location"] for _ in range(2)]
    refused = announce(client)
    assert code_of(refused) == (429, "TOO_MANY_UPLOADS")
    assert int(refused["Retry-After"]) > 0
    client.delete(addresses[0], headers=headers())
    assert announce(client).status_code == 201
    assert announce(api_client(make_user("charlie"))).status_code == 201


def test_strangers_find_nothing(alice: User) -> None:
    address = announce(api_client(alice), content=RIFF[:5000])["Location"]
    stranger = api_client(make_user("charlie"))
    assert head(stranger, address).status_code == 404
    assert patch(stranger, address, 5000, RIFF[5000:]).status_code == 404
    assert stranger.delete(address, headers=headers()).status_code == 404
    assert stranger.get(URL).json()["results"] == []
    anonymous = api_client()
    assert announce(anonymous).status_code == 401
    assert head(anonymous, address).status_code == 401
    assert head(api_client(alice), address)["Upload-Offset"] == "5000"


@pytest.mark.parametrize(
    ("more", "status"),
    [({"Upload_Checksum": "sha1 " + base64.b64encode(b"x" * 20).decode()}, 460), ({}, 413)],
)
def test_what_comes_with_its_announcement_and_is_refused_leaves_nothing(
    alice: User, more: dict[str, str], status: int
) -> None:
    client = api_client(alice)
    length = len(RIFF) if more else 5
    sent = headers(
        Upload_Length=str(length),
        Upload_Metadata=metadata(filename="riff.wav"),
        Idempotency_Key="one",
        **more,
    )
    for _ in range(2):  # it may come whole the next time: the refusal is not kept
        answer = client.post(URL, data=RIFF, content_type=CONTENT, headers=sent)
        assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (status, None)
    assert not Upload.objects.exists()
    assert stored_files() == []

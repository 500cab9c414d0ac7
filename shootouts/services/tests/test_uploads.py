"""What becomes of files that have come: sorted by content and name, corrected, unpacked."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.quotas import quotas_get
from gear.models import Capture, GearItem
from gts.web.errors import ConflictError
from jobs.tests.running import run_until_idle
from shootouts.models import DITrack, Shootout, ShootoutDI, Upload, UploadPart
from shootouts.services.upload_results import upload_correct
from shootouts.services.uploads import (
    upload_append,
    upload_create,
    upload_delete,
    upload_sort,
    upload_wish,
    uploads_expire,
)
from shootouts.tests.factories import linear_nam_bytes, plucked, wav_bytes

pytestmark = pytest.mark.django_db(transaction=True)


def response(duration_s: float = 0.2, t60_s: float = 0.05, seed: int = 1) -> bytes:
    time_s = np.arange(round(duration_s * 48_000)) / 48_000
    tail = np.random.default_rng(seed).normal(0.0, 0.2, len(time_s))
    return wav_bytes(np.asarray(tail * np.exp(-6.9 * time_s / t60_s), dtype=np.float32))


RIFF = wav_bytes(plucked())
CAB = response()
ROOM = response(2.0, 1.5)


def bring(owner: User, content: bytes, file_name: str, **values: str) -> Upload:
    """In two pieces, and on its way to be sorted."""
    wish = upload_wish({"filename": file_name, **values})
    upload = upload_create(owner=owner, length_bytes=len(content), wish=wish)
    middle = len(content) // 2
    for offset, piece in ((0, content[:middle]), (middle, content[middle:])):
        upload = upload_append(upload=upload, offset_bytes=offset, content=ContentFile(piece))
    return upload


def sorted_from(owner: User, content: bytes, file_name: str, **values: str) -> Upload:
    upload = bring(owner, content, file_name, **values)
    run_until_idle()
    return again(upload)


def again(upload: Upload) -> Upload:
    return Upload.objects.with_results().get(pk=upload.pk)


def kind_of(upload: Upload) -> str:
    if upload.di_track is not None:
        return "di"
    return upload.capture.gear.kind if upload.capture is not None else upload.shown_state


def zip_of(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "file_name", "values", "kind"),
    [
        (RIFF, "one.wav", {}, "di"),
        (CAB, "two.wav", {}, "cab"),
        (ROOM, "three.wav", {}, "space"),
        (linear_nam_bytes(), "four.nam", {}, "amp"),
        # Names decide where the content may be either, and what kind of response it is.
        (ROOM, "V30 far SM57.wav", {}, "cab"),
        (CAB, "six.wav", {"folder": "My plate reverbs"}, "space"),
        (RIFF, "IR of something played.wav", {}, "cab"),
        # Its owner decides first of all.
        (RIFF, "IR.wav", {"kind": "di"}, "di"),
        (linear_nam_bytes(), "nine.nam", {"kind": "pedal"}, "pedal"),
    ],
)
def test_files_are_sorted(
    alice: User, content: bytes, file_name: str, values: dict[str, str], kind: str
) -> None:
    upload = sorted_from(alice, content, file_name, **values)
    assert (kind_of(upload), upload.shown_state) == (kind, "ready")


def test_names_and_channels_go_along(alice: User) -> None:
    riff = np.stack([plucked(), 0.5 * plucked(220.0)], axis=1)
    track = sorted_from(alice, wav_bytes(riff), "a.wav", name="My riff", channel_rule="right")
    assert track.di_track is not None
    assert (track.di_track.name, track.di_track.channel_rule) == ("My riff", "right")


def test_the_same_file_again_is_what_is_there(alice: User) -> None:
    first = sorted_from(alice, RIFF, "a.wav")
    second = sorted_from(alice, RIFF, "b.wav")
    assert (second.is_known, second.shown_state) == (True, "ready")
    assert second.di_track == first.di_track
    cab = sorted_from(alice, CAB, "cab.wav")
    assert sorted_from(alice, CAB, "cab again.wav").capture == cab.capture


@pytest.mark.parametrize(
    ("content", "file_name", "code"),
    [
        (b"RIFF\x24\x00\x00\x00WAVE and no more", "a.wav", "AUDIO_UNREADABLE"),
        (b"no sound at all, only text in it", "b.wav", "AUDIO_UNREADABLE"),
        (b"{ this is no JSON", "c.nam", "NAM_NOT_JSON"),
        (b"text in place of a model", "d.nam", "FILE_NOT_WHAT_IT_SAYS"),
        (b"PK no archive here", "e.zip", "ARCHIVE_INVALID"),
    ],
)
def test_what_cannot_be_used_says_why_and_leaves_nothing_but_that(
    alice: User, content: bytes, file_name: str, code: str
) -> None:
    upload = sorted_from(alice, content, file_name)
    assert upload.shown_state == "failed"
    assert upload.shown_error is not None
    assert upload.shown_error[0] == code
    assert upload.shown_error[1]
    assert not DITrack.objects.exists()
    assert not GearItem.objects.exists()
    upload_delete(upload=upload)
    assert not UploadPart.objects.exists()
    assert not [path for path in Path(default_storage.path("")).rglob("*") if path.is_file()]


def test_what_was_taken_for_the_wrong_thing_is_replaced(alice: User) -> None:
    upload = sorted_from(alice, ROOM, "hall.wav")
    assert kind_of(upload) == "space"
    upload_correct(upload=upload, kind="di", name="Played in a hall")
    run_until_idle()
    upload = again(upload)
    assert (kind_of(upload), upload.shown_state) == ("di", "ready")
    assert DITrack.objects.get().name == "Played in a hall"
    assert not GearItem.objects.exists()


def test_what_is_used_stays_beside_its_replacement(alice: User) -> None:
    upload = sorted_from(alice, ROOM, "hall.wav", kind="di")
    track = DITrack.objects.get()
    shootout = Shootout.objects.create(owner=alice, title="In a hall")
    ShootoutDI.objects.create(shootout=shootout, di_track=track, position=0)
    upload_correct(upload=again(upload), kind="space")
    run_until_idle()
    assert (kind_of(again(upload)), again(upload).shown_state) == ("space", "ready")
    assert shootout.dis.get().di_track == track


def test_a_correction_that_turns_out_wrong_is_corrected_again(alice: User) -> None:
    """Even when nothing is kept any more but what the file has become."""
    upload = sorted_from(alice, CAB, "cab.wav")
    Upload.objects.update(updated_at=timezone.now() - timedelta(hours=2))
    uploads_expire()
    assert not UploadPart.objects.exists()
    upload_correct(upload=again(upload), kind="di")
    run_until_idle()
    assert again(upload).shown_error == (
        "DI_TOO_SHORT",
        "The DI track is shorter than 0.4 s.",
    )
    upload_correct(upload=again(upload), kind="cab")
    run_until_idle()
    assert (kind_of(again(upload)), again(upload).shown_state) == ("cab", "ready")


def test_within_its_kind_what_is_there_is_changed(alice: User) -> None:
    upload = sorted_from(alice, CAB, "cab.wav")
    capture = upload.capture
    upload_correct(upload=upload, kind="space", name="Small room")
    assert again(upload).capture == capture
    item = GearItem.objects.get()
    assert (item.kind, item.name) == ("space", "Small room")


def test_a_kind_that_is_said_while_it_comes_counts(alice: User) -> None:
    upload = bring(alice, CAB, "cab.wav")
    upload_correct(upload=upload, kind="space", name="Box")
    run_until_idle()
    assert (kind_of(again(upload)), GearItem.objects.get().name) == ("space", "Box")


def test_what_its_owner_has_deleted_cannot_be_corrected(alice: User) -> None:
    upload = sorted_from(alice, RIFF, "riff.wav")
    DITrack.objects.get().delete()
    assert again(upload).shown_state == "deleted"
    with pytest.raises(ConflictError) as error:
        upload_correct(upload=again(upload), kind="cab")
    assert error.value.code == "UPLOAD_GONE"


def test_a_zip_becomes_uploads_of_their_own(alice: User) -> None:
    archive = zip_of(
        {
            "Pack/amps/Plexi.nam": linear_nam_bytes(),
            "Pack/IR/V30.wav": CAB,
            "Pack/di/riff.wav": RIFF,
            "Pack/di/broken.wav": b"RIFF",
            "Pack/license.txt": b"free",
            "Pack/more.zip": zip_of({"x.nam": linear_nam_bytes()}),
            "__MACOSX/Pack/._riff.wav": b"x",
        }
    )
    upload = sorted_from(alice, archive, "pack.zip")
    assert (upload.shown_state, upload.num_skipped) == ("unpacked", 2)
    found = {
        f"{each.folder}/{each.file_name}": kind_of(each)
        for each in Upload.objects.with_results().filter(archive=upload)
    }
    assert found == {
        "Pack/amps/Plexi.nam": "amp",
        "Pack/IR/V30.wav": "cab",
        "Pack/di/riff.wav": "di",
        "Pack/di/broken.wav": "failed",
    }
    assert Capture.objects.count() == 2
    assert not upload.parts.exists()


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"../out.nam": b"{}"}, "ARCHIVE_UNSAFE"),
        ({"a.wav": bytes(30_000_000)}, "ARCHIVE_TOO_LARGE"),
        ({"notes.txt": b"nothing for us"}, "ARCHIVE_INVALID"),
    ],
)
def test_an_archive_that_is_none_of_ours_is_refused_whole(
    alice: User, files: dict[str, bytes], code: str
) -> None:
    upload = sorted_from(alice, zip_of(files), "pack.zip")
    assert upload.shown_error is not None
    assert upload.shown_error[0] == code
    assert Upload.objects.count() == 1


def test_what_does_not_fit_out_of_an_archive_says_so(alice: User, settings: Settings) -> None:
    archive = zip_of({"a.nam": linear_nam_bytes(), "riff.wav": RIFF})
    settings.GTS_QUOTA_STORAGE_BYTES = len(archive) + len(linear_nam_bytes()) + 1000
    upload = sorted_from(alice, archive, "pack.zip")
    states = {each.file_name: each for each in upload.unpacked.with_results()}
    assert states["a.nam"].shown_state == "ready"
    error = states["riff.wav"].shown_error
    assert error is not None
    assert error[0] == "QUOTA_STORAGE"


def test_a_job_that_is_done_twice_changes_nothing(alice: User) -> None:
    upload = bring(alice, RIFF, "riff.wav")
    assert upload.job is not None
    run_until_idle()
    before = _rows()
    # As after a worker that died between the two.
    Upload.objects.update(state="arrived", di_track=None)
    row = again(upload)
    upload_sort(row)
    row.save()
    run_until_idle()
    assert again(upload).is_known
    assert _rows() == before


def _rows() -> tuple[Any, ...]:
    return (
        list(DITrack.objects.values_list("uuid", "state", "sha256")),
        UploadPart.objects.count(),
    )


def test_when_it_has_failed_its_bytes_count_until_it_is_forgotten(
    alice: User, settings: Settings
) -> None:
    settings.GTS_QUOTA_STORAGE_BYTES = 10_000_000
    upload = sorted_from(alice, b"{ this is no JSON", "c.nam")
    assert quotas_get(alice).storage_used_bytes == len(b"{ this is no JSON")
    upload_delete(upload=upload)
    assert quotas_get(alice).storage_used_bytes == 0

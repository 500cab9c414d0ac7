"""Uploading captures, from the service to the worker and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import User
from accounts.tests.factories import make_user
from gear.models import Capture, GearItem
from gear.models.item import FileState, GearSource
from gear.selectors import capture_list
from gear.services.captures import gear_delete, gear_import, gear_upload
from gear.tests.factories import make_capture, nam_bytes, upload_of, wav_bytes
from gts.web.errors import (
    AppError,
    ConflictError,
    DuplicateError,
    Existing,
    InvalidInputError,
    TooLargeError,
    UnsupportedMediaError,
)
from jobs.models import Job, JobState
from jobs.pipeline.errors import PipelineError
from jobs.services import job_cancel
from jobs.tests.running import run_until_idle

AIDA_X = b'{"in_shape": [null, null, 1], "in_skip": 1, "layers": []}'
PROTEUS = b'{"model_data": {"unit_type": "LSTM"}, "state_dict": {}}'


def upload(owner: User, content: bytes, file_name: str = "amp.nam", **values: Any) -> Capture:
    values = {"kind": "amp", **values}
    capture, _ = gear_upload(owner=owner, upload=upload_of(content, file_name), **values)
    return capture


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def assert_nothing_left(media_root: Path) -> None:
    assert not GearItem.objects.exists()
    assert not Capture.objects.exists()
    assert files_in(media_root) == []


# At once ------------------------------------------------------------------------------------------


def test_an_upload_becomes_gear_with_a_pending_capture_and_a_job(
    alice: User, media_root: Path
) -> None:
    content = nam_bytes()
    capture, job = gear_upload(
        owner=alice, upload=upload_of(content, "My Amp.nam"), kind="amp", make=" Marshall "
    )
    assert (capture.gear.name, capture.gear.make) == ("My Amp", "Marshall")
    assert capture.state == FileState.PENDING
    assert capture.size_bytes == len(content)
    assert (job.kind, job.owner, job.label) == ("gear.inspect_capture", alice, "Marshall My Amp")
    assert [path.read_bytes() for path in files_in(media_root)] == [content]
    assert not capture_list(alice).usable().exists()


@pytest.mark.parametrize(
    ("kind", "name", "content", "error", "code"),
    [
        ("amp", "a.nam", b"", InvalidInputError, "EMPTY_FILE"),
        ("cab", "a.wav", b"", InvalidInputError, "EMPTY_FILE"),
        ("cab", "a.wav", b"just text", UnsupportedMediaError, "FILE_NOT_WHAT_IT_SAYS"),
        ("cab", "a.flac", wav_bytes(), UnsupportedMediaError, "FILE_NOT_WHAT_IT_SAYS"),
        ("cab", "a.aiff", wav_bytes(), UnsupportedMediaError, "FILE_NOT_WHAT_IT_SAYS"),
        ("amp", "a.nam", b"[1]", UnsupportedMediaError, "FILE_NOT_WHAT_IT_SAYS"),
        ("amp", "a.nam", b"   ", UnsupportedMediaError, "FILE_NOT_WHAT_IT_SAYS"),
        ("amp", "a.wav", wav_bytes(), UnsupportedMediaError, "FILE_TYPE_UNSUPPORTED"),
        ("cab", "a.nam", nam_bytes(), UnsupportedMediaError, "FILE_TYPE_UNSUPPORTED"),
        ("pedal", "a.aidax", b"{}", UnsupportedMediaError, "FILE_TYPE_UNSUPPORTED"),
        ("amp", "a.aidax", AIDA_X, UnsupportedMediaError, "CAPTURE_FORMAT_UNSUPPORTED"),
        ("amp", "a.json", PROTEUS, UnsupportedMediaError, "CAPTURE_FORMAT_UNSUPPORTED"),
        ("", "a.json", b"{}", UnsupportedMediaError, "FILE_TYPE_UNSUPPORTED"),
        ("amp", "nam", nam_bytes(), UnsupportedMediaError, "FILE_TYPE_UNSUPPORTED"),
        ("amp", "a.nam", b"{" + b" " * 2000, TooLargeError, "TOO_LARGE"),
    ],
)
def test_bad_uploads_are_refused_and_leave_nothing(
    alice: User,
    media_root: Path,
    settings: Settings,
    kind: str,
    name: str,
    content: bytes,
    error: type[AppError],
    code: str,
) -> None:
    settings.GTS_CAPTURE_MAX_BYTES = 2000
    with pytest.raises(error) as caught:
        upload(alice, content, name, kind=kind)
    assert caught.value.code == code
    assert_nothing_left(media_root)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [({"kind": "banjo"}, "kind"), ({"name": "x" * 201}, "name"), ({"make": "x" * 101}, "make")],
)
def test_bad_fields_are_refused_and_leave_nothing(
    alice: User, media_root: Path, values: dict[str, str], field: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        upload(alice, nam_bytes(), **values)
    assert list(caught.value.error_dict) == [field]
    assert_nothing_left(media_root)


def test_a_failure_after_the_file_was_stored_leaves_nothing(
    alice: User, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError("no broker")

    monkeypatch.setattr("gear.services.captures.job_enqueue", fail)
    with pytest.raises(RuntimeError):
        upload(alice, nam_bytes())
    assert_nothing_left(media_root)


def test_the_same_file_twice_is_a_conflict_that_names_the_first(
    alice: User, charlie: User, media_root: Path
) -> None:
    first = upload(alice, nam_bytes(), make="Marshall", name="JCM800")
    with pytest.raises(DuplicateError) as caught:
        upload(alice, nam_bytes(), "other.nam", kind="pedal")
    assert caught.value.code == "DUPLICATE"
    assert "Marshall JCM800" in caught.value.message
    assert str(first.gear.uuid) not in caught.value.message
    assert caught.value.existing == Existing("gear", first.gear.uuid)
    upload(charlie, nam_bytes())  # what others have is no one's business
    assert Capture.objects.count() == GearItem.objects.count() == 2
    assert len(files_in(media_root)) == 2
    assert len(list((media_root / "captures").iterdir())) == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_uploads_of_one_file_at_the_same_time_one_wins(media_root: Path) -> None:
    owner = make_user()
    barrier = Barrier(2)

    def try_upload(_: int) -> str:
        barrier.wait(timeout=30)
        try:
            upload(owner, nam_bytes())
        except ConflictError as error:
            return error.code
        finally:
            connection.close()
        return "taken in"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(try_upload, range(2))) == ["DUPLICATE", "taken in"]
    assert Capture.objects.count() == GearItem.objects.count() == Job.objects.count() == 1
    assert len(files_in(media_root)) == 1


# In the worker ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_good_model_becomes_usable_and_tells_about_itself() -> None:
    owner = make_user()
    content = nam_bytes(
        gear_make="Marshall", gear_model="JCM800", modeled_by="A\u0000 B", input_level_dbu=12.5
    )
    capture = upload(owner, content, "x.nam")
    run_until_idle()
    capture = capture_list(owner).usable().get()
    assert (capture.architecture, capture.format_version) == ("Linear", "0.5.4")
    assert (capture.sample_rate_hz, capture.input_level_dbu) == (48_000, 12.5)
    assert capture.output_level_dbu is None
    assert capture.info["num_weights"] == 4
    assert str(capture.gear) == "Marshall JCM800"
    assert capture.gear.creator == "A B"
    job = Job.objects.get()
    assert job.state == JobState.COMPLETED
    assert job.result == {"capture_id": str(capture.uuid), "gear_id": str(capture.gear.uuid)}


@pytest.mark.django_db(transaction=True)
def test_what_someone_has_said_counts_more_than_the_file() -> None:
    owner = make_user()
    content = nam_bytes(gear_make="Marshall", gear_model="JCM800", modeled_by="B")
    upload(owner, content, name="My amp", make="Park", creator="Me")
    run_until_idle()
    item = GearItem.objects.get()
    assert (item.name, item.make, item.creator) == ("My amp", "Park", "Me")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sample_rate_hz", [44_100, 96_000])
def test_a_good_impulse_response_becomes_usable(sample_rate_hz: int) -> None:
    owner = make_user()
    content = wav_bytes(num_frames=2048, sample_rate_hz=sample_rate_hz)
    upload(owner, content, "V30.wav", kind="cab")
    run_until_idle()
    capture = capture_list(owner).usable().get()
    assert capture.sample_rate_hz == sample_rate_hz
    assert capture.duration_s == pytest.approx(2048 / sample_rate_hz)
    assert math.isfinite(capture.info["peak_dbfs"])
    assert capture.gear.name == "V30"


@pytest.mark.django_db(transaction=True)
def test_a_space_is_looked_into_and_can_be_played() -> None:
    owner = make_user()
    upload(owner, wav_bytes(), "hall.wav", kind="space")
    run_until_idle()
    capture = capture_list(owner).get()
    assert capture.state == FileState.READY
    assert capture.unsupported_reason == ""
    assert capture_list(owner).usable().get() == capture


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "kind", "content", "code"),
    [
        ("a.nam", "amp", nam_bytes(num_weights=3), "NAM_WEIGHT_COUNT"),
        ("a.nam", "amp", nam_bytes(version="9.0.0"), "NAM_VERSION_UNSUPPORTED"),
        ("a.nam", "amp", nam_bytes(version="0\x00\ud800"), "NAM_VERSION_UNSUPPORTED"),
        ("a.nam", "amp", b"{not json", "NAM_NOT_JSON"),
        ("a.nam", "amp", AIDA_X, "CAPTURE_FORMAT_UNSUPPORTED"),
        ("a.wav", "cab", wav_bytes(num_frames=2), "IR_TOO_SHORT"),
        ("a.wav", "cab", wav_bytes(num_frames=250_000, sample_rate_hz=8_000), "IR_TOO_LONG"),
        ("a.wav", "cab", b"RIFF\x10\x00\x00\x00WAVE" + b"x" * 36, "AUDIO_UNREADABLE"),
    ],
)
def test_what_the_worker_refuses_leaves_nothing_but_the_reason(
    media_root: Path, name: str, kind: str, content: bytes, code: str
) -> None:
    upload(make_user(), content, name, kind=kind)
    run_until_idle()
    job = Job.objects.get()
    assert (job.state, job.error_code) == (JobState.FAILED, code)
    assert job.error_message
    assert_nothing_left(media_root)


@pytest.mark.django_db(transaction=True)
def test_a_refused_second_capture_leaves_the_gear_and_the_first(media_root: Path) -> None:
    first = make_capture(make_user())
    second = upload(User.objects.get(), nam_bytes(num_weights=3))
    Capture.objects.filter(pk=second.pk).update(gear=first.gear)
    run_until_idle()
    assert Capture.objects.get() == first
    assert first.gear in GearItem.objects.all()
    assert len(files_in(media_root)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_inspection_leaves_nothing(media_root: Path) -> None:
    _, job = gear_upload(owner=make_user(), upload=upload_of(nam_bytes(), "a.nam"), kind="amp")
    job_cancel(job=job)
    run_until_idle()
    assert_nothing_left(media_root)


@pytest.mark.django_db(transaction=True)
def test_gear_that_was_deleted_meanwhile_is_not_brought_back(media_root: Path) -> None:
    capture = upload(make_user(), nam_bytes())
    gear_delete(item=capture.gear)
    run_until_idle()
    assert Job.objects.get().error_code == "CAPTURE_GONE"
    assert_nothing_left(media_root)


@pytest.mark.django_db(transaction=True)
def test_looking_twice_is_harmless() -> None:
    owner = make_user()
    upload(owner, nam_bytes())
    run_until_idle()
    before = Capture.objects.values().get()
    Job.objects.update(state=JobState.QUEUED)
    run_until_idle()
    assert Capture.objects.values().get() == before
    assert Job.objects.get().state == JobState.COMPLETED


# Going --------------------------------------------------------------------------------------------

_ways_to_go: list[Callable[[Capture], object]] = [
    lambda capture: gear_delete(item=capture.gear),
    lambda capture: capture.delete(),
    lambda capture: capture.gear.owner.delete(),
    lambda capture: GearItem.objects.all().delete(),
]


@pytest.mark.parametrize("go", _ways_to_go)
def test_a_file_goes_with_its_row_after_the_commit(
    alice: User,
    media_root: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    go: Callable[[Capture], object],
) -> None:
    capture = make_capture(alice)
    with django_capture_on_commit_callbacks() as callbacks:
        go(capture)
    assert len(files_in(media_root)) == 1
    for callback in callbacks:
        callback()
    assert list((media_root / "captures").iterdir()) == []


def test_a_file_that_another_row_names_stays(
    alice: User,
    media_root: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    capture = make_capture(alice)
    other = make_capture(alice, file=capture.file.name)
    with django_capture_on_commit_callbacks(execute=True):
        other.delete()
    assert default_path(media_root, capture).exists()


def default_path(media_root: Path, capture: Capture) -> Path:
    return media_root / str(capture.file.name)


# From a folder ------------------------------------------------------------------------------------


def test_a_file_of_this_machine_can_be_taken_in_at_once(alice: User, tmp_path: Path) -> None:
    path = tmp_path / "a.nam"
    path.write_bytes(nam_bytes(gear_make="Marshall"))
    capture = gear_import(
        owner=alice, path=path, kind="amp", name="Amp", source=GearSource.DEMO, is_shared=True
    )
    assert capture.state == FileState.READY
    assert (capture.gear.source, capture.gear.make) == ("demo", "Marshall")
    assert gear_import(owner=alice, path=path, kind="amp", name="Amp") == capture
    assert Capture.objects.count() == 1


def test_a_bad_file_of_this_machine_leaves_nothing(
    alice: User, tmp_path: Path, media_root: Path
) -> None:
    path = tmp_path / "a.nam"
    path.write_bytes(nam_bytes(num_weights=3))
    with pytest.raises(PipelineError) as caught:
        gear_import(owner=alice, path=path, kind="amp", name="Amp")
    assert caught.value.code == "NAM_WEIGHT_COUNT"
    assert_nothing_left(media_root)

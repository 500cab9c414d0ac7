"""Adding a model that fails: nothing is left behind, and what may pass is tried again."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from gear.models import Capture, GearItem
from gear.tone3000.services import tone_capture_add
from gear.tone3000.tests.fetching import add, capture_of, is_stored, stored_files
from jobs.models import Job, JobState
from jobs.tests.running import run_until_idle
from tools.tone3000_server import FakeServer
from tools.tone3000_server.seed import (
    CABINET,
    CRUNCH,
    DELETED,
    NO_FILE,
    NON_COMMERCIAL,
    PRIVATE_OF_BOB,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick_retries")]


def assert_nothing_is_left() -> None:
    assert not GearItem.objects.exists()
    assert not Capture.objects.exists()
    assert stored_files() == []


@pytest.mark.parametrize("tone_id", [DELETED, PRIVATE_OF_BOB])
@pytest.mark.parametrize("private_status", [404, 403])
def test_a_tone_that_is_not_available(
    connected: User, fake: FakeServer, tone_id: int, private_status: int
) -> None:
    fake.set(private_status=private_status)
    job = add(connected, tone_id)
    assert (job.state, job.error_code) == (JobState.FAILED, "TONE3000_NOT_AVAILABLE")
    assert "deleted" in job.error_message
    assert_nothing_is_left()


def test_a_tone_that_goes_between_the_list_and_the_pick(connected: User, fake: FakeServer) -> None:
    """Gone after the tone was read, when only the file is still to be had."""
    path = f"/api/v1/models/{CRUNCH}01/download/fake{CRUNCH}01.nam"
    fake.fail(path, status=404, body='{"error": "not_found"}')
    job = add(connected, CRUNCH)
    assert (job.state, job.error_code) == (JobState.FAILED, "TONE3000_NOT_AVAILABLE")
    assert_nothing_is_left()


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("html", "DOWNLOAD_IS_A_PAGE"),
        ("truncate", "DOWNLOAD_TRUNCATED"),
        ("short", "DOWNLOAD_TRUNCATED"),
    ],
)
@pytest.mark.parametrize("tone_id", [CRUNCH, CABINET])
def test_what_is_not_the_whole_file_is_asked_for_again_later(
    connected: User, fake: FakeServer, mode: str, code: str, tone_id: int
) -> None:
    fake.set(download_mode=mode)
    job = add(connected, tone_id)
    assert (job.state, job.error_code) == (JobState.RETRYING, code)
    assert_nothing_is_left()
    fake.set(download_mode="direct")
    Job.objects.update(state=JobState.QUEUED)
    run_until_idle()
    job.refresh_from_db()
    assert is_stored(capture_of(job))


@pytest.mark.parametrize(
    ("tone_id", "number", "body", "code"),
    [
        (CRUNCH, 1, "RIFF1234WAVE", "DOWNLOAD_NOT_WHAT_IT_SAYS"),
        (CABINET, 1, '{"version": "0.5.4"}', "DOWNLOAD_NOT_WHAT_IT_SAYS"),
        (CRUNCH, 1, '{"version": "0.5.4"}', "NAM_INVALID"),
        (CRUNCH, 1, "{not JSON}", "NAM_NOT_JSON"),
    ],
)
def test_what_is_another_kind_of_file_is_refused(
    connected: User, fake: FakeServer, tone_id: int, number: int, body: str, code: str
) -> None:
    suffix = ".nam" if tone_id == CRUNCH else ".wav"
    path = f"/api/v1/models/{tone_id}{number:02}/download/fake{tone_id}{number:02}{suffix}"
    fake.fail(path, status=200, body=body, headers={"Content-Type": "text/plain"})
    job = add(connected, tone_id, number)
    assert job.error_code == code
    assert_nothing_is_left()


def test_a_file_that_is_too_large(connected: User, settings: Settings) -> None:
    settings.GTS_CAPTURE_MAX_BYTES = 100
    job = add(connected, CRUNCH)
    assert (job.state, job.error_code) == (JobState.FAILED, "DOWNLOAD_TOO_LARGE")
    assert_nothing_is_left()


def test_a_model_without_a_file(connected: User) -> None:
    job = add(connected, NO_FILE, 2)
    assert (job.state, job.error_code) == (JobState.FAILED, "TONE3000_NO_FILE")
    assert_nothing_is_left()


def test_a_model_of_another_tone(connected: User) -> None:
    job = tone_capture_add(owner=connected, tone_id=str(CRUNCH), model_id=f"{NON_COMMERCIAL}01")
    run_until_idle()
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "TONE3000_NOT_AVAILABLE")
    assert_nothing_is_left()


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        ({"status": 503, "times": 3}, "TONE3000_UNAVAILABLE"),
        ({"status": 429}, "TONE3000_BACKING_OFF"),
        ({"status": 200, "body": "nonsense"}, "TONE3000_ANSWER_UNREADABLE"),
    ],
)
def test_a_hiccup_is_tried_again_later(
    connected: User, fake: FakeServer, failure: dict[str, Any], code: str
) -> None:
    fake.fail(f"/api/v1/tones/{CRUNCH}", **failure)
    job = add(connected, CRUNCH)
    assert (job.state, job.error_code) == (JobState.RETRYING, code)
    assert_nothing_is_left()


def test_a_dead_connection_is_not_tried_again(connected: User, fake: FakeServer) -> None:
    fake.revoke("alice")
    job = add(connected, CRUNCH)
    assert (job.state, job.error_code) == (JobState.FAILED, "TONE3000_RECONNECT")
    assert_nothing_is_left()


def test_the_token_stays_at_tone3000_and_out_of_the_rows(connected: User, fake: FakeServer) -> None:
    fake.set(download_mode="redirect")
    job = add(connected, CRUNCH)
    capture_of(job)
    [elsewhere] = [entry for entry in fake.requests() if "/storage/" in entry["path"]]
    assert "authorization" not in elsewhere["headers"]
    assert set(job.payload) == {"tone_id", "model_id", "kind"}

"""Adding a model: the job, and what it leaves."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from accounts.tests.factories import api_client
from gear.captures.files import store_once
from gear.models import Capture, GearItem
from gear.models.item import CaptureFormat, FileState, GearSource
from gear.selectors import capture_list
from gear.services.captures import gear_delete, gear_upload
from gear.tests.factories import make_capture, upload_of
from gear.tone3000.services import tone_capture_add
from gear.tone3000.tests.connected import connect
from gear.tone3000.tests.fetching import add, capture_of, is_stored, stored_files
from gts.web.errors import ConflictError
from jobs.models import Job, JobState
from jobs.queue.runner import run_job
from jobs.tests.running import run_until_idle
from tools.tone3000_server import FakeServer
from tools.tone3000_server.catalog import FakeModel
from tools.tone3000_server.seed import (
    AIDA_X,
    CABINET,
    CRUNCH,
    FULL_RIG,
    FUTURE_GEAR,
    LONG_TITLE,
    PATH_LIKE,
    QUOTES,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick_retries")]


def test_a_model_with_everything_that_is_known_of_it(connected: User, fake: FakeServer) -> None:
    job = add(connected, CRUNCH, label="Crunch Head")
    capture = capture_of(job)
    assert job.label == "Crunch Head"
    assert (capture.state, capture.format, capture.unsupported_reason) == ("ready", "nam", "")
    assert (capture.name, capture.title) == ("Gain 3", "Crunch Head, Gain 3")
    assert (capture.tone3000_id, capture.tone3000_architecture) == (f"{CRUNCH}01", "1")
    assert (capture.tone3000_size, capture.architecture) == ("standard", "WaveNet")
    assert capture.info["self_test"]["outcome"] == "not_stated"
    with capture.file.open() as file:
        content = file.read()
    assert (len(content), json.loads(content)["version"]) == (capture.size_bytes, "0.5.4")
    gear = capture.gear
    assert (gear.owner, gear.source, gear.is_shared) == (connected, GearSource.TONE3000, False)
    assert (gear.tone3000_id, gear.kind, gear.name) == (str(CRUNCH), "amp", "Crunch Head")
    assert (gear.creator, gear.licence, gear.make) == ("Bob’s Amp Repair", "T3K", "Acme JX-1")
    assert gear.source_url == f"{fake.base}/crunch-head-{CRUNCH}"
    assert gear.description.startswith("One channel")
    read = api_client(connected).get(f"/api/v1/captures/{capture.uuid}/").json()
    assert (read["tone3000_id"], read["tone3000_architecture"]) == (f"{CRUNCH}01", "1")
    assert (read["tone3000_size"], read["gear"]["tone3000_id"]) == ("standard", str(CRUNCH))


def test_what_was_fetched_is_in_the_library_with_the_tags_of_its_tone(connected: User) -> None:
    playable, not_playable = add(connected, CRUNCH), add(connected, AIDA_X)
    client = api_client(connected)
    saved = client.get("/api/v1/library/").json()["results"]
    assert [entry["capture"]["id"] for entry in saved] == [
        str(capture_of(job).uuid) for job in (not_playable, playable)
    ]
    address = f"/api/v1/gear/{capture_of(playable).gear.uuid}/"
    assert client.get(address).json()["tags"] == ["crunch", "rock"]
    client.put(f"{address}tags/", {"tags": ["mine"]})
    add(connected, CRUNCH, 2)  # what the owner has changed stays
    assert client.get(address).json()["tags"] == ["mine"]


@pytest.mark.parametrize(
    ("tone_id", "number", "kind", "expected_format", "architecture"),
    [
        (CRUNCH, 4, "amp", "nam", "SlimmableContainer"),
        (CABINET, 1, "cab", "ir", ""),
        (FULL_RIG, 2, "full_rig", "nam", "WaveNet"),
        (LONG_TITLE, 1, "pedal", "nam", "WaveNet"),
    ],
)
def test_files_of_every_kind(
    connected: User, tone_id: int, number: int, kind: str, expected_format: str, architecture: str
) -> None:
    capture = capture_of(add(connected, tone_id, number))
    assert (capture.gear.kind, capture.format) == (kind, expected_format)
    assert capture.architecture == architecture
    assert capture in capture_list(connected).usable()
    assert len(capture.title) <= 200


def test_models_of_one_tone_are_captures_of_one_piece_of_gear(connected: User) -> None:
    first, second = (capture_of(add(connected, CRUNCH, number)) for number in (1, 4))
    assert first.gear == second.gear
    assert GearItem.objects.count() == 1
    assert {first.title, second.title} == {"Crunch Head, Gain 3"}
    assert len(stored_files()) == 2


def test_hostile_names_are_only_names(connected: User) -> None:
    capture = capture_of(add(connected, PATH_LIKE))
    assert capture.name == "../../evil\\..\\name"
    assert capture.gear.name == "../../../etc/passwd"
    assert capture.file.name == f"captures/{capture.sha256}/{capture.sha256}.nam"
    quoted = capture_of(add(connected, QUOTES))
    assert "<b>" in quoted.gear.name  # as it is; templates escape it


def test_a_gear_that_is_not_known_needs_a_kind(connected: User) -> None:
    job = add(connected, FUTURE_GEAR)
    assert (job.state, job.error_code) == (JobState.FAILED, "TONE3000_KIND_NEEDED")
    assert not GearItem.objects.exists()
    capture = capture_of(add(connected, FUTURE_GEAR, kind="pedal"))
    assert capture.gear.kind == "pedal"


def test_a_kind_that_does_not_fit_the_file_is_not_taken(connected: User) -> None:
    assert capture_of(add(connected, CRUNCH, kind="cab")).gear.kind == "amp"
    assert capture_of(add(connected, CABINET, kind="amp")).gear.kind == "cab"


def test_a_format_that_cannot_be_played_is_kept_by_name(connected: User, fake: FakeServer) -> None:
    capture = capture_of(add(connected, AIDA_X))
    assert (capture.format, capture.file.name, capture.sha256) == (CaptureFormat.OTHER, "", "")
    assert capture.unsupported_reason.startswith("AIDA-X cannot be played here")
    assert (capture.state, capture.architecture) == (FileState.READY, "AIDA-X")
    assert capture not in capture_list(connected).usable()
    assert not [entry for entry in fake.requests() if "/download/" in entry["path"]]
    assert api_client(connected).get(f"/api/v1/captures/{capture.uuid}/").status_code == 200
    gear_delete(item=capture.gear)
    assert stored_files() == []


# Once


def test_the_same_model_twice_is_one(connected: User) -> None:
    first = tone_capture_add(owner=connected, tone_id=str(CRUNCH), model_id=f"{CRUNCH}01")
    second = tone_capture_add(owner=connected, tone_id=str(CRUNCH), model_id=f"{CRUNCH}01")
    run_until_idle()
    for job in (first, second):
        job.refresh_from_db()
    assert capture_of(first) == capture_of(second)
    assert Capture.objects.count() == len(stored_files()) == 1
    with pytest.raises(ConflictError) as caught:
        tone_capture_add(owner=connected, tone_id=str(CRUNCH), model_id=f"{CRUNCH}01")
    assert caught.value.code == "DUPLICATE"


def test_a_job_that_runs_again_changes_nothing(connected: User) -> None:
    job = add(connected, CRUNCH)
    before = list(Capture.objects.values())
    Job.objects.filter(pk=job.pk).update(state=JobState.QUEUED, finished_at=None)
    assert run_job(job.uuid)
    assert list(Capture.objects.values()) == before
    assert len(stored_files()) == 1


def test_equal_content_is_stored_once_but_seen_by_its_owners_only(
    connected: User, charlie: User, fake: FakeServer
) -> None:
    connect(charlie, fake, as_user="carol")
    mine = capture_of(add(connected, CRUNCH))
    theirs = capture_of(add(charlie, CRUNCH))
    assert mine.pk != theirs.pk
    assert mine.file.name == theirs.file.name
    assert len(stored_files()) == 1
    assert list(capture_list(connected)) == [mine]
    assert list(capture_list(charlie)) == [theirs]
    for user, other in ((connected, theirs), (charlie, mine)):
        client = api_client(user)
        assert client.get(f"/api/v1/captures/{other.uuid}/").status_code == 404
        assert client.get(f"/api/v1/gear/{other.gear.uuid}/").status_code == 404
    gear_delete(item=mine.gear)
    assert is_stored(theirs)
    gear_delete(item=theirs.gear)
    assert stored_files() == []


def test_a_file_that_was_uploaded_before_is_not_stored_again(
    connected: User, charlie: User
) -> None:
    content = FakeModel(CRUNCH * 100 + 1, CRUNCH, "x", None, "1", ".nam").content()
    uploaded, _ = gear_upload(owner=charlie, upload=upload_of(content, "a.nam"), kind="amp")
    run_until_idle()
    capture = capture_of(add(connected, CRUNCH))
    assert capture.sha256 == uploaded.sha256
    assert len(stored_files()) == 1
    gear_delete(item=uploaded.gear)
    assert is_stored(capture)


def test_what_comes_from_tone3000_can_not_be_shared(connected: User) -> None:
    gear = capture_of(add(connected, CRUNCH)).gear
    with pytest.raises(IntegrityError), transaction.atomic():
        GearItem.objects.filter(pk=gear.pk).update(is_shared=True)


def test_deleting_the_account_takes_rows_and_files_along(connected: User) -> None:
    add(connected, CRUNCH)
    connected.delete()
    assert not Capture.objects.exists()
    assert stored_files() == []


def test_storing_and_deleting_at_once_never_loses_a_file(
    connected: User, charlie: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last row of a content goes; before its file does, someone makes a row for the same."""
    path, sha256 = tmp_path / "model.nam", "a" * 64
    path.write_bytes(b"{}")
    first = make_capture(connected)

    def give_content(capture: Capture) -> None:
        with transaction.atomic():
            capture.file.name = store_once(path, sha256)
            capture.sha256 = sha256
            capture.save()

    give_content(first)
    is_deleting = threading.Event()

    def delete_slowly(name: str) -> None:
        is_deleting.set()
        time.sleep(0.3)
        default_storage.delete(name)

    monkeypatch.setattr("gear.captures.files.delete_stored", delete_slowly)

    def store() -> None:
        is_deleting.wait(10)
        give_content(make_capture(charlie))
        connection.close()

    thread = threading.Thread(target=store)
    thread.start()
    gear_delete(item=first.gear)
    thread.join(30)
    assert is_stored(Capture.objects.get(sha256=sha256))


# When it does not come

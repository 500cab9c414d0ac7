"""Out as an archive, and in again as someone else: the same sound, and nothing on the way."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from pytest_django import Settings

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.models import Capture, GearItem, SignalChain
from jobs.models import Job, Notification
from jobs.tests.running import run_until_idle
from shootouts.archive.tests.archives import export_url, exported, files_of, packed, post_import
from shootouts.files.consistency import FOLDERS, orphans_find
from shootouts.models import DITrack, Segment, Shootout
from shootouts.services.di_tracks import di_track_update
from shootouts.tests.factories import (
    make_capture,
    make_shootout,
    render,
    rich_shootout,
)

pytestmark = pytest.mark.django_db(transaction=True)


def keys_of(shootout: Shootout) -> list[str]:
    return [segment.render_key for segment in Segment.objects.filter(render__shootout=shootout)]


def hashes_of(shootout: Shootout) -> list[str]:
    assert shootout.published_render is not None
    return [s["pcm_sha256"] for s in shootout.published_render.manifest.data["segments"]]


def everything() -> dict[str, Any]:
    """Every row that an import writes, and every file."""
    models = (DITrack, GearItem, Capture, SignalChain, Shootout)
    return {model.__name__: model.objects.count() for model in models} | {
        "files": sorted(name for folder in FOLDERS for name in _files_below(folder))
    }


def _files_below(folder: str) -> list[str]:
    if not default_storage.exists(folder):
        return []
    folders, files = default_storage.listdir(folder)
    below = [name for inner in folders for name in _files_below(f"{folder}/{inner}")]
    return [*(f"{folder}/{file}" for file in files), *below]


def import_now(user: User, archive: bytes) -> Job:
    answer = post_import(user, archive)
    assert answer.status_code == 202, answer.content
    run_until_idle()
    return Job.objects.get(uuid=answer.json()["id"])


def test_what_comes_in_again_elsewhere_sounds_the_same(alice: User, charlie: User) -> None:
    original = render(rich_shootout(alice))
    job = import_now(charlie, exported(original))
    assert (job.state, job.result["num_reused"]) == ("completed", 0)
    body = api_client(charlie).get(f"/api/v1/jobs/{job.uuid}/").json()
    copy = Shootout.objects.get(uuid=body["result"]["shootout_id"])
    assert (copy.owner, copy.state, copy.visibility) == (charlie, "draft", "private")
    for name in ("title", "description", "playback_order", "slice_s", "target_loudness_lufs"):
        assert getattr(copy, name) == getattr(original, name), name
    for name in ("input_mode", "has_video", "theme", "is_aligned"):
        assert getattr(copy, name) == getattr(original, name), name
    assert [contender.label for contender in copy.contenders.all()] == ["A", "B"]
    track = DITrack.objects.get(owner=charlie, name="Riff “one”")
    assert (track.bpm, track.input_level_dbu, track.notes) == (120, 12.0, "Two\nlines")
    assert track.info == DITrack.objects.get(owner=alice, name="Riff “one”").info
    other = DITrack.objects.get(owner=charlie, guitar="Solid body")
    assert (other.channel_rule, other.start_s, other.end_s) == ("left", 0.25, 1.25)
    amp = Capture.objects.get(gear__owner=charlie, format="nam")
    assert (amp.gear.name, amp.gear.make, amp.gear.creator) == ("Amp 2", "Test", "alice")
    assert (amp.gear.licence, amp.gear.is_shared, amp.state) == ("CC0-1.0", False, "ready")
    assert not default_storage.exists("imports") or not _files_below("imports")

    render(copy)
    assert keys_of(copy) == keys_of(original)
    assert hashes_of(copy) == hashes_of(original)
    # It stands by itself: what it came from may go.
    alice.delete()
    render(copy)
    assert copy.state == "completed"


def test_the_owner_is_told_and_led_to_it(alice: User, charlie: User) -> None:
    job = import_now(charlie, exported(make_shootout(alice)))
    note = Notification.objects.get(job=job)
    assert note.path == f"/shootouts/{job.result['shootout']}/"


def test_what_one_has_is_used_again(alice: User, charlie: User) -> None:
    original = make_shootout(alice)
    archive = exported(original)
    before = everything()
    job = import_now(alice, archive)
    assert job.result["num_reused"] == 3  # the recording, the amp and the cabinet
    after = everything()
    assert (after["DITrack"], after["Capture"]) == (before["DITrack"], before["Capture"])
    assert after["files"] == before["files"]
    # What is shared is used as well; what only the other has is not.
    GearItem.objects.filter(kind="amp").update(is_shared=True)
    assert import_now(charlie, archive).result["num_reused"] == 1
    assert not GearItem.objects.filter(owner=charlie, kind="amp").exists()


def test_settings_of_a_di_that_is_here_already_are_told(alice: User) -> None:
    archive = exported(make_shootout(alice))
    job = import_now(alice, archive)
    assert job.result["notes"] == []
    assert Notification.objects.get(job=job).message == ""
    track = DITrack.objects.get()
    mine = {"channel_rule": "right", "start_s": 0.25, "end_s": 1.5, "input_level_dbu": 12.0}
    di_track_update(track=track, **mine)
    job = import_now(alice, archive)
    [note] = api_client(alice).get(f"/api/v1/jobs/{job.uuid}/").json()["notes"]
    for part in (
        f"“{track.name}” is here already",
        "channel right instead of auto",
        "start 0.25 s instead of 0 s",
        "end 1.5 s instead of that of the file",
        "input level 12 dBu instead of unknown",
    ):
        assert part in note
    assert Notification.objects.get(job=job).message == note
    track.refresh_from_db()
    assert {name: getattr(track, name) for name in mine} == mine


def test_the_same_file_as_another_kind_of_gear_is_another_capture(
    alice: User, charlie: User
) -> None:
    archive = exported(make_shootout(alice))
    pedal = make_capture(charlie)
    GearItem.objects.filter(pk=pedal.gear_id).update(kind="pedal")
    assert import_now(charlie, archive).state == "completed"
    kinds = GearItem.objects.filter(owner=charlie).values_list("kind", flat=True)
    assert sorted(kinds) == ["amp", "cab", "pedal"]


def test_unzipped_it_renders_in_the_shell_to_the_same_samples(alice: User, tmp_path: Path) -> None:
    original = render(rich_shootout(alice))
    for name, content in files_of(exported(original)).items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    call_command(
        "render_shootout", str(tmp_path / "in" / "shootout.toml"), out=tmp_path / "out", verbosity=0
    )
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert original.published_render is not None
    assert [segment["pcm_sha256"] for segment in manifest["segments"]] == hashes_of(original)
    assert [s["recipe_digest"] for s in manifest["segments"]] == [
        s["recipe_digest"] for s in original.published_render.manifest.data["segments"]
    ]


def test_what_is_in_the_archive(alice: User) -> None:
    shootout = make_shootout(alice)
    files = files_of(exported(shootout))
    assert sorted(files) == [
        "di/01-riff.wav",
        "gear/01-test-amp-2.nam",
        "gear/02-cab.wav",
        "shootout.toml",
    ]
    assert files["shootout.toml"].startswith(b"# A shootout of GTS")
    assert b"Tone 3000" not in files["shootout.toml"]
    toml = tomllib.loads(files["shootout.toml"].decode())
    assert [gear["licence"] for gear in toml["gear"] if gear["kind"] == "amp"] == ["CC0-1.0"]

    render(shootout)
    assert shootout.published_render is not None
    manifest = shootout.published_render.manifest.data
    assert json.loads(files_of(exported(shootout))["manifest.json"]) == manifest
    files = files_of(exported(shootout, media="true"))
    for segment in manifest["segments"]:
        assert files[f"media/{segment['media']}.flac"][:4] == b"fLaC"
    assert f"media/{manifest['montage']['media']}.flac" in files


def test_an_export_with_everything_rendered_comes_in_too(alice: User, charlie: User) -> None:
    archive = exported(render(make_shootout(alice)), media="true")
    assert import_now(charlie, archive).state == "completed"


def test_what_comes_from_tone3000_is_said_to_be_for_its_owner_alone(alice: User) -> None:
    shootout = make_shootout(alice)
    GearItem.objects.filter(kind="amp").update(source="tone3000", source_url="https://t3k/1")
    text = files_of(exported(shootout))["shootout.toml"].decode()
    assert "fetched from Tone 3000" in text
    assert 'url = "https://t3k/1"' in text


def test_only_its_owner_exports_it(alice: User, charlie: User) -> None:
    shootout = render(make_shootout(alice, visibility="public"))
    assert api_client(charlie).get(export_url(shootout)).status_code == 404
    assert api_client().get(export_url(shootout)).status_code == 401
    assert post_import(None, exported(shootout)).status_code == 401


def test_what_is_missing_is_named(alice: User, charlie: User) -> None:
    shootout = make_shootout(alice)
    SignalChain.objects.filter(name="Loud").delete()
    answer = api_client(alice).get(export_url(shootout))
    assert (answer.status_code, answer.json()["code"]) == (409, "INCOMPLETE")
    assert details_of(answer) == [("/contenders/1", "MISSING")]


def test_gear_that_is_not_shared_any_more_stays_here(alice: User, charlie: User) -> None:
    shootout = make_shootout(alice)
    GearItem.objects.filter(kind="amp").update(owner=charlie, is_shared=True)
    assert api_client(alice).get(export_url(shootout)).status_code == 200
    GearItem.objects.update(is_shared=False)
    answer = api_client(alice).get(export_url(shootout))
    assert details_of(answer) == [("/contenders", "NOT_SHARED")]


def test_a_file_that_is_gone_is_told_before_anything_is_sent(alice: User) -> None:
    shootout = make_shootout(alice)
    default_storage.delete(str(DITrack.objects.get().file.name))
    answer = api_client(alice).get(export_url(shootout))
    assert details_of(answer) == [("", "FILE_MISSING")]


def broken(files: dict[str, bytes], name: str) -> dict[str, bytes]:
    toml = files["shootout.toml"].decode()
    changes = {
        "a recording that is none": {"di/01-riff.wav": b"RIFF" + bytes(100)},
        "a recording of another kind": {"di/01-riff.wav": b"OggS" + bytes(100)},
        "a model that is none": {"gear/01-test-amp-2.nam": b'{"version": "0.5.4"}'},
        "an impulse response that is none": {"gear/02-cab.wav": b"MZ" + bytes(100)},
        "one chain": {"shootout.toml": toml[: toml.rindex("[[chain]]")].encode()},
        "no amp": {"shootout.toml": toml.replace('kind = "amp"', 'kind = "pedal"').encode()},
        "too long a title": {"shootout.toml": toml.replace("Amps", "x" * 201, 1).encode()},
        "a maker of too many words": {
            "shootout.toml": toml.replace('make = "Test"', f'make = "{"x" * 101}"').encode()
        },
        "a link that is none": {
            "shootout.toml": toml.replace(
                'make = "Test"', 'make = "Test"\nurl = "javascript:alert(1)"'
            ).encode()
        },
        "an unknown key": {"shootout.toml": b'color = "red"\n' + toml.encode()},
    }
    return {**files, **changes[name]}


@pytest.mark.parametrize(
    ("name", "code", "place"),
    [
        ("a recording that is none", "", "01-riff.wav"),
        ("a recording of another kind", "NOT_AUDIO", "01-riff.wav"),
        ("a model that is none", "", "01-test-amp-2.nam"),
        ("an impulse response that is none", "FILE_NOT_WHAT_IT_SAYS", "02-cab.wav"),
        ("one chain", "SHOOTOUT_FILE_INVALID", "[[chain]]"),
        ("no amp", "CHAIN_INVALID", "[[chain]] 1 Quiet"),
        ("too long a title", "INVALID", "200 characters"),
        ("a maker of too many words", "SHOOTOUT_FILE_INVALID", "make"),
        ("a link that is none", "SHOOTOUT_FILE_INVALID", "source_url"),
        ("an unknown key", "SHOOTOUT_FILE_INVALID", "color"),
    ],
)
def test_a_bad_archive_leaves_nothing_behind(
    alice: User, charlie: User, name: str, code: str, place: str
) -> None:
    archive = packed(broken(files_of(exported(make_shootout(alice))), name))
    before = everything()
    job = import_now(charlie, archive)
    assert job.state == "failed"
    assert code in job.error_code
    assert place in job.error_message
    assert "/tmp" not in job.error_message
    assert everything() == before


def test_what_fails_at_the_very_end_leaves_nothing_behind(
    alice: User, charlie: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = exported(make_shootout(alice))
    before = everything()

    def fail(**values: Any) -> None:
        raise OSError("the lights went out")

    monkeypatch.setattr("shootouts.services.imports.shootout_create", fail)
    job = import_now(charlie, archive)
    assert job.state == "retrying"  # it may go well another time, so the archive stays
    after = everything()
    assert [name for name in after["files"] if name not in before["files"]] == [
        job.payload["archive"]
    ]
    assert {**after, "files": before["files"]} == before


def test_what_cannot_be_an_archive_is_refused_at_once(
    alice: User, charlie: User, settings: Settings
) -> None:
    files = files_of(exported(make_shootout(alice)))
    cases = [
        (b"not a zip", 415, "ARCHIVE_INVALID"),
        (b"", 422, "EMPTY_FILE"),
        (packed({"readme.txt": b"x"}), 422, "SHOOTOUT_FILE_MISSING"),
        (packed({**files, "../evil.wav": b"x"}), 422, "ARCHIVE_UNSAFE"),
        (packed({**files, "bomb.wav": bytes(2_000_000)}), 413, "ARCHIVE_TOO_LARGE"),
        (packed({"shootout.toml": evil_toml(1024 * 1024)}), 413, "ARCHIVE_TOO_LARGE"),
    ]
    before = everything()
    for content, status, code in cases:
        answer = post_import(charlie, content)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    settings.GTS_IMPORT_MAX_BYTES = 1000
    answer = post_import(charlie, packed(files))
    assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")
    assert not Job.objects.filter(kind="shootouts.import_shootout").exists()
    assert everything() == before


def evil_toml(num_bytes: int) -> bytes:
    """``tomllib`` takes time with the square of the parts of a key."""
    return b"a" + b".a" * (num_bytes // 2 - 2) + b"=1"


def test_text_that_would_take_hours_is_refused_in_a_moment(charlie: User) -> None:
    job = import_now(charlie, packed({"shootout.toml": evil_toml(64_000)}))
    assert (job.state, job.error_code) == ("failed", "SHOOTOUT_FILE_INVALID")
    assert job.duration_s is not None
    assert job.duration_s < 3.0  # with the start of a reader
    job = import_now(charlie, packed({"shootout.toml": b"title = 2024-01-01"}))
    assert (job.state, job.error_code) == ("failed", "SHOOTOUT_FILE_INVALID")


def test_an_export_is_never_too_long_to_be_read_again(alice: User, charlie: User) -> None:
    shootout = make_shootout(alice)
    long_text = "\x01" * 4000  # six characters each in TOML
    GearItem.objects.update(description=long_text)
    DITrack.objects.update(notes=long_text)
    Shootout.objects.update(description=long_text)
    shootout.refresh_from_db()
    archive = exported(shootout)
    assert len(files_of(archive)["shootout.toml"]) <= 64 * 1024
    assert import_now(charlie, archive).state == "completed"
    DITrack.objects.filter(owner=alice).update(notes="x" * 70_000)
    answer = api_client(alice).get(export_url(shootout))
    assert (answer.status_code, answer.json()["code"]) == (409, "EXPORT_TOO_LARGE")


def test_limits_of_uploads_are_limits_of_archives(
    alice: User, charlie: User, settings: Settings
) -> None:
    archive = exported(make_shootout(alice))
    settings.GTS_CAPTURE_MAX_BYTES = 100
    job = import_now(charlie, archive)
    assert (job.state, job.error_code) == ("failed", "ARCHIVE_TOO_LARGE")
    assert not GearItem.objects.filter(owner=charlie).exists()


def test_what_does_not_fit_into_ones_quota_is_not_taken(
    alice: User, charlie: User, settings: Settings
) -> None:
    archive = exported(make_shootout(alice))
    before = everything()
    settings.GTS_QUOTA_STORAGE_BYTES = DITrack.objects.get().size_bytes + 10
    job = import_now(charlie, archive)
    assert (job.state, job.error_code) == ("failed", "QUOTA_STORAGE")
    assert everything() == before
    settings.GTS_QUOTA_STORAGE_BYTES = 0
    assert import_now(charlie, archive).state == "completed"


def test_an_archive_that_waits_is_no_orphan(alice: User, charlie: User) -> None:
    archive = exported(make_shootout(alice))
    answer = post_import(charlie, archive)
    job = Job.objects.get(uuid=answer.json()["id"])
    later = job.created_at.replace(year=job.created_at.year + 1)
    assert job.payload["archive"] not in {o.name for o in orphans_find(older_than=later).orphans}
    Job.objects.filter(pk=job.pk).update(state="failed")
    assert job.payload["archive"] in {o.name for o in orphans_find(older_than=later).orphans}

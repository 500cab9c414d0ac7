"""The main job with files in a bucket: upload, look inside, render, play, prove, delete."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.test import AsyncClient
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.tests.factories import api_client, make_user
from gear.services.captures import gear_delete
from gts.ops.health import CHECKS, states
from gts.storage.tests.buckets import Bucket, answering
from jobs.models import Job, JobState
from jobs.tests.running import run_until_idle
from shootouts.archive.tests.archives import exported, post_import
from shootouts.files.consistency import orphans_delete, orphans_find
from shootouts.models import CachedAudio, DITrack, RenderedFile, Shootout
from shootouts.services.di_tracks import di_track_upload
from shootouts.tests.factories import (
    make_capture,
    make_shootout,
    plucked,
    render,
    upload,
    wav_bytes,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where local copies are made."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def say(command: str, *words: str) -> str:
    out = StringIO()
    call_command(command, *words, stdout=out)
    return out.getvalue()


def make(user: User) -> Shootout:
    return render(make_shootout(user, visibility="public", options={"has_video": True}))


async def test_everything_works_from_a_bucket_and_nothing_is_left(
    bucket: Bucket, scratch: Path, media_root: Path, async_client: AsyncClient
) -> None:
    alice = await sync_to_async(make_user)()
    shootout = await sync_to_async(make)(alice)
    assert shootout.published_render_id is not None
    files = [file async for file in RenderedFile.objects.all()]
    assert {"segment", "montage", "video", "chapters"} <= {file.kind for file in files}
    for file in files:
        url = f"/api/v1/media/{file.uuid}/"
        content = await _read(await async_client.get(url))
        assert hashlib.sha256(content).hexdigest() == file.sha256
        part = await async_client.get(url, headers={"Range": "bytes=-9"})
        assert part.status_code == (206 if content else 416)
        assert not content or await _read(part) == content[-9:]
    await sync_to_async(_prove)(bucket, shootout)
    # Local copies went with their work, and nothing was stored on this machine.
    assert [path for folder in (scratch, media_root) for path in folder.rglob("*")] == []
    await sync_to_async(alice.delete)()
    assert bucket.names() == []


async def _read(answer: Any) -> bytes:
    return b"".join([chunk async for chunk in answer.streaming_content])


def _prove(bucket: Bucket, shootout: Shootout) -> None:
    checked = say("verify_media")
    assert checked.strip().endswith(f"{RenderedFile.objects.count() + 3} whole")
    assert "2 segments: 2 same" in say("reproduce_shootout", str(shootout.uuid))
    everything = orphans_find(older_than=timezone.now() + timedelta(hours=1))
    assert (everything.num_files, everything.orphans) == (len(bucket.names()), [])
    # One byte of one file, and the same length.
    file = RenderedFile.objects.filter(kind="segment").earliest("pk")
    content = bytearray(bucket.content(file.file.name or ""))
    content[-1] ^= 1
    key = f"media/{file.file.name}"
    bucket.client.put_object(Bucket=bucket.name, Key=key, Body=bytes(content))
    with pytest.raises(CommandError):
        say("verify_media", "--shootout", str(shootout.uuid))


def test_a_file_that_is_none_leaves_nothing_in_the_bucket(bucket: Bucket, alice: User) -> None:
    _, job = di_track_upload(owner=alice, upload=upload(b"RIFF....WAVEnoise", "x.wav"))
    assert bucket.names() != []
    run_until_idle()
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert bucket.names() == []


def test_a_second_render_finds_what_was_computed(bucket: Bucket, alice: User) -> None:
    shootout = render(make_shootout(alice))
    assert CachedAudio.objects.exists()
    shootout.refresh_from_db()
    render(shootout)
    cached = Job.objects.filter(kind="shootouts.render_segment", result__was_cached=True)
    assert cached.count() == 2


def test_a_bucket_that_is_away_stops_a_job_for_a_while_and_costs_nothing(
    bucket: Bucket, alice: User, settings: Settings
) -> None:
    _, job = di_track_upload(owner=alice, upload=upload(wav_bytes(plucked()), "riff.wav"))
    whole = settings.STORAGES
    with answering(503, "SlowDown") as endpoint:
        default = bucket.storage(endpoint_url=endpoint)
        settings.STORAGES = {**whole, "default": default}
        run_until_idle()
        job.refresh_from_db()
        assert (job.state, job.error_code) == (JobState.RETRYING, "STORAGE_UNAVAILABLE")
    settings.STORAGES = whole
    Job.objects.update(state=JobState.QUEUED, not_before=None)
    run_until_idle()
    job.refresh_from_db()
    assert job.state == JobState.COMPLETED


def test_deleting_while_the_bucket_is_away_is_finished_by_pruning(
    bucket: Bucket, alice: User, settings: Settings
) -> None:
    capture = make_capture(alice)
    whole = settings.STORAGES
    with answering(503, "SlowDown") as endpoint:
        default = bucket.storage(endpoint_url=endpoint)
        settings.STORAGES = {**whole, "default": default}
        gear_delete(item=capture.gear)
    settings.STORAGES = whole
    assert len(bucket.names()) == 1
    left = orphans_find(older_than=timezone.now() + timedelta(hours=1))
    assert orphans_delete(left) == 1
    assert bucket.names() == []


def test_exports_come_from_the_bucket_and_a_503_while_it_is_away(
    bucket: Bucket, alice: User, settings: Settings
) -> None:
    shootout = render(make_shootout(alice))
    urls = [f"/api/v1/shootouts/{shootout.uuid}/export/?media=true", "/api/v1/me/export/"]
    track = DITrack.objects.get()
    recorded = bucket.content(track.file.name or "")
    for url in urls:
        answer: Any = api_client(alice).get(url)
        assert answer.status_code == 200
        content = async_to_sync(_read)(answer) if answer.is_async else b"".join(answer)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            assert recorded in [archive.read(name) for name in archive.namelist()]
    with answering(503, "SlowDown") as endpoint:
        default = bucket.storage(endpoint_url=endpoint)
        settings.STORAGES = {**settings.STORAGES, "default": default}
        answer = api_client(alice).get(urls[0])
    assert (answer.status_code, answer.json()["code"]) == (503, "STORAGE_UNAVAILABLE")
    assert answer["Retry-After"] == "10"


def test_an_archive_comes_in_through_the_bucket(bucket: Bucket, alice: User, charlie: User) -> None:
    archive = exported(make_shootout(alice))
    answer = post_import(charlie, archive)
    assert answer.status_code == 202
    run_until_idle()
    copy = Shootout.objects.get(owner=charlie)
    assert render(copy).state == "completed"
    alice.delete()
    checked = say("verify_media", "--shootout", str(copy.uuid))
    assert checked.strip().endswith("whole")
    charlie.delete()  # and the archive is not kept
    assert bucket.names() == []


async def test_health_says_when_the_bucket_is_away(bucket: Bucket, settings: Settings) -> None:
    storage = {"storage": CHECKS["storage"]}
    # As the start-up check of a process: the first call is slow.
    await sync_to_async(default_storage.exists)("x")
    assert await states(storage) == {"storage": "ok"}
    assert bucket.names() == []
    with answering(503, "SlowDown") as endpoint:
        default = bucket.storage(endpoint_url=endpoint)
        settings.STORAGES = {**settings.STORAGES, "default": default}
        assert await states(storage) == {"storage": "down"}


def test_pruning_looks_at_every_file_and_takes_only_orphans(bucket: Bucket, alice: User) -> None:
    capture = make_capture(alice)
    default_storage.save("captures/none/none.nam", ContentFile(b"{}"))
    bucket.client.put_object(Bucket=bucket.name, Key="media/other/x", Body=b"x")
    young = say("prune_media", "--grace-hours", "1")
    assert "0 of 2 files have no row" in young
    assert "1 more are too young to tell" in young
    search = orphans_find(older_than=timezone.now() + timedelta(hours=1))
    assert [orphan.name for orphan in search.orphans] == ["captures/none/none.nam"]
    orphans_delete(search)
    assert bucket.names() == sorted([f"media/{capture.file.name}", "media/other/x"])

"""How much one may keep, and how often one may render in a day."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.quotas import quotas_get
from accounts.services import user_get_or_create_demo
from accounts.tests.factories import api_client, make_user
from accounts.tests.needs import needs_services
from jobs.models import Job
from jobs.tests.running import run_until_idle
from shootouts.archive.tests.archives import exported, post_import
from shootouts.models import DITrack, RenderedFile, Shootout
from shootouts.services.di_tracks import di_track_upload
from shootouts.services.shootouts import shootout_create, shootout_delete
from shootouts.tests.factories import (
    contenders_of,
    linear_nam_bytes,
    make_capture,
    make_shootout,
    plucked,
    render,
    upload,
    wav_bytes,
)

pytestmark = pytest.mark.django_db(transaction=True)

DI = "/api/v1/di-tracks/"
GEAR = "/api/v1/gear/"


def send(owner: User, address: str, content: bytes, name: str, **fields: str) -> Any:
    form = {"file": upload(content, name), **fields}
    return api_client(owner).post(address, form, format="multipart")


def files_below(folder: str) -> list[str]:
    folders, files = default_storage.listdir(folder) if default_storage.exists(folder) else ([], [])
    return files + [name for child in folders for name in files_below(f"{folder}/{child}")]


def test_what_is_kept_is_counted_and_shown(alice: User, charlie: User, settings: Settings) -> None:
    settings.GTS_QUOTA_STORAGE_BYTES = 10**9
    settings.GTS_QUOTA_RENDERS_PER_DAY = 5
    shootout = render(make_shootout(alice))
    kept = sum(DITrack.objects.values_list("size_bytes", flat=True))
    kept += sum(RenderedFile.objects.values_list("size_bytes", flat=True))
    kept += len(linear_nam_bytes())
    shown = api_client(alice).get("/api/v1/me/").json()["quotas"]
    cab_bytes = shown["storage_used_bytes"] - kept
    assert 0 < cab_bytes < 2000  # 256 frames
    assert shown["storage_limit_bytes"] == 10**9
    assert (shown["renders_used_per_day"], shown["renders_limit_per_day"]) == (1, 5)
    assert quotas_get(charlie).storage_used_bytes == 0
    shootout_delete(shootout=shootout)
    assert quotas_get(alice).storage_used_bytes < shown["storage_used_bytes"]
    # A render is not given back with what it made.
    assert quotas_get(alice).renders_used_per_day == 1


def test_without_limits_there_are_none(alice: User) -> None:
    quotas = api_client(alice).get("/api/v1/me/").json()["quotas"]
    assert (quotas["storage_limit_bytes"], quotas["renders_limit_per_day"]) == (None, None)


@pytest.mark.parametrize(
    ("address", "content", "name", "fields", "folder"),
    [
        (DI, wav_bytes(plucked()), "riff.wav", {}, "di"),
        (GEAR, linear_nam_bytes(), "amp.nam", {"kind": "amp"}, "captures"),
    ],
    ids=["di", "gear"],
)
def test_what_does_not_fit_is_refused_and_nothing_of_it_stays(
    address: str,
    content: bytes,
    name: str,
    fields: dict[str, str],
    folder: str,
    alice: User,
    settings: Settings,
) -> None:
    settings.GTS_QUOTA_STORAGE_BYTES = len(content) - 1
    answer = send(alice, address, content, name, **fields)
    assert (answer.status_code, answer.json()["code"]) == (413, "QUOTA_STORAGE")
    assert "Delete" in answer.json()["message"]
    assert files_below(folder) == []
    settings.GTS_QUOTA_STORAGE_BYTES = len(content)
    assert send(alice, address, content, name, **fields).status_code == 202


def test_who_keeps_too_much_cannot_render_or_fetch_more(alice: User, settings: Settings) -> None:
    shootout = make_shootout(alice)
    settings.GTS_QUOTA_STORAGE_BYTES = 1
    answer = api_client(alice).post(reverse("api-shootout-render", args=[shootout.uuid]))
    assert (answer.status_code, answer.json()["code"]) == (413, "QUOTA_STORAGE")
    wanted = {"tone_id": "1", "model_id": "2", "kind": "amp"}
    answer = api_client(alice).post("/api/v1/tone3000/captures/", wanted)
    assert (answer.status_code, answer.json()["code"]) == (413, "QUOTA_STORAGE")


def test_what_an_archive_brings_is_counted(alice: User, charlie: User, settings: Settings) -> None:
    archive = exported(make_shootout(alice))
    settings.GTS_QUOTA_STORAGE_BYTES = quotas_get(alice).storage_used_bytes - 1
    answer = post_import(charlie, archive)
    run_until_idle()
    job = Job.objects.get(uuid=answer.json()["id"])
    assert (job.state, job.error_code) == ("failed", "QUOTA_STORAGE")
    assert quotas_get(charlie).storage_used_bytes == 0
    assert files_below(f"di/{charlie.uuid}") == []
    settings.GTS_QUOTA_STORAGE_BYTES += 1
    assert post_import(charlie, archive).status_code == 202
    run_until_idle()
    assert quotas_get(charlie).storage_used_bytes == settings.GTS_QUOTA_STORAGE_BYTES
    assert post_import(charlie, archive).status_code == 413


def test_renders_of_a_day(alice: User, settings: Settings) -> None:
    settings.GTS_QUOTA_RENDERS_PER_DAY = 2
    shootout = render(make_shootout(alice))
    address = reverse("api-shootout-render", args=[shootout.uuid])
    # Two hours ago, so there is room again in 22.
    Job.objects.filter(kind="shootouts.render_shootout").update(
        created_at=timezone.now() - timedelta(hours=2)
    )
    render(another_of(shootout))
    answer = api_client(alice).post(address)
    assert (answer.status_code, answer.json()["code"]) == (429, "QUOTA_RENDERS")
    assert "2 is the limit" in answer.json()["message"]
    assert 0 <= 22 * 3600 - int(answer["Retry-After"]) < 300
    Job.objects.filter(kind="shootouts.render_shootout").update(
        created_at=timezone.now() - timedelta(hours=25)
    )
    assert api_client(alice).post(address).status_code == 202


def another_of(shootout: Shootout) -> Shootout:
    """Made of the same tracks and chains."""
    return shootout_create(
        owner=shootout.owner,
        title="Again",
        di_track_ids=list(shootout.dis.values_list("di_track__uuid", flat=True)),
        contenders=contenders_of(each.chain for each in shootout.contenders.all()),
        options={"has_video": False},
    )


def test_the_demo_is_the_servers_own(settings: Settings, db: None) -> None:
    settings.GTS_QUOTA_STORAGE_BYTES = 1
    make_capture(user_get_or_create_demo())


def test_operators_see_it(alice: User, settings: Settings) -> None:
    settings.GTS_QUOTA_STORAGE_BYTES = 10**9
    root = make_user("root", is_staff=True, is_superuser=True)
    client = api_client()
    client.force_login(root)
    page = client.get(reverse("admin:accounts_user_change", args=[alice.pk])).content.decode()
    assert "953.7" in page


@pytest.mark.services
@needs_services
def test_uploads_at_once_do_not_share_the_last_free_place(alice: User, settings: Settings) -> None:
    contents = [wav_bytes(plucked(frequency_hz)) for frequency_hz in (100.0, 200.0, 300.0)]
    settings.GTS_QUOTA_STORAGE_BYTES = len(contents[0]) + 10
    barrier = threading.Barrier(len(contents))
    outcomes: list[str] = []

    def send_one(content: bytes) -> None:
        barrier.wait()
        try:
            di_track_upload(owner=alice, upload=upload(content, "riff.wav"))
            outcomes.append("taken")
        except Exception as error:
            outcomes.append(getattr(error, "code", repr(error)))
        connection.close()

    threads = [threading.Thread(target=send_one, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["QUOTA_STORAGE", "QUOTA_STORAGE", "taken"]
    assert len(files_below("di")) == 1

"""`prune_media`, and what is done once a day."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from gts.celery import app
from gts.ops import maintenance
from gts.tasks import run_daily
from jobs.conftest import scripted_handlers  # noqa: F401
from jobs.models import Job
from jobs.queue.cleanup import Pruned
from jobs.tests.factories import make_job
from shootouts.models import ChainPreview, DITrack
from shootouts.tests.factories import make_unjudged_track

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What processes of other tests left behind is not this test's."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))


def put(name: str, *, hours_old: float = 48.0) -> str:
    stored = default_storage.save(name, ContentFile(b"12345"))
    then = time.time() - 3600 * hours_old
    os.utime(default_storage.path(stored), (then, then))
    return stored


def make_track(owner: User) -> DITrack:
    name = put(f"di/{owner.uuid}/{uuid4().hex}.wav")
    return DITrack.objects.create(
        owner=owner, name="x", file=name, file_name="x", sha256=uuid4().hex, size_bytes=5
    )


def prune_media(*words: str) -> str:
    out = StringIO()
    call_command("prune_media", *words, stdout=out)
    return out.getvalue()


# The command --------------------------------------------------------------------------------------


def test_a_dry_run_names_the_files_and_changes_nothing(alice: User) -> None:
    kept = make_track(alice)
    left = put("renders/x/v1/left.flac")
    said = prune_media()
    assert f"5  {left}" in said
    assert "1 of 2 files have no row (0.0 MB), 0 more are too young to tell." in said
    assert "Nothing was changed" in said
    assert default_storage.exists(left)
    assert default_storage.exists(kept.file.name or "")


def test_it_deletes_when_told_to(alice: User) -> None:
    kept = make_track(alice)
    left = put("renders/x/v1/left.flac")
    young = put("renders/x/v1/young.flac", hours_old=1.0)
    assert "Deleted 1 files, and 0 unfinished ones." in prune_media("--delete")
    assert not default_storage.exists(left)
    assert default_storage.exists(young)
    assert default_storage.exists(kept.file.name or "")
    assert "0 of 2 files have no row" in prune_media()


def test_the_grace_time_can_be_chosen_but_not_none() -> None:
    young = put("renders/x/v1/young.flac", hours_old=2.0)
    assert young in prune_media("--grace-hours", "1")
    with pytest.raises(CommandError, match="at least 1"):
        prune_media("--grace-hours", "0")


def test_what_killed_processes_left_unfinished_goes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two processes with a scratch folder one is killed, the other works on."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = (
        "import time\n"
        "from jobs.files.storage import scratch_folder\n"
        "with scratch_folder() as folder:\n"
        "    (folder / 'half.wav').write_bytes(b'half')\n"
        "    print(folder, flush=True)\n"
        "    time.sleep(600)\n"
    )
    env = {**os.environ, "TMPDIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "gts.settings"}
    env["GTS_ENV_FILE"] = os.devnull
    command = [sys.executable, "-c", f"import django; django.setup()\n{code}"]
    processes = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    try:
        outputs = [process.stdout for process in processes if process.stdout is not None]
        folders = [Path(output.readline().strip()) for output in outputs]
        assert all((folder / "half.wav").exists() for folder in folders)
        processes[0].kill()
        processes[0].wait()
        assert "and 0 unfinished" not in prune_media("--delete")
        assert [folder.exists() for folder in folders] == [False, True]
    finally:
        for process in processes:
            process.kill()
            process.communicate()


# Once a day ---------------------------------------------------------------------------------------


def test_old_jobs_and_orphans_go(alice: User, settings: Settings) -> None:
    settings.GTS_KEEP_JOBS_DAYS = 10
    old = timezone.now() - timedelta(days=11)
    make_job(alice, state="completed", finished_at=old)
    kept = make_job(alice, state="completed", finished_at=timezone.now())
    make_track(alice)
    left = put("renders/x/v1/left.flac")
    run_daily()
    assert list(Job.objects.all()) == [kept]
    assert not default_storage.exists(left)


def test_previews_that_no_one_asked_for_go_with_their_files(
    alice: User, settings: Settings
) -> None:
    settings.GTS_KEEP_PREVIEWS_HOURS = 2
    for hours in (1, 3):
        ChainPreview.objects.create(
            owner=alice,
            di_track=make_track(alice),
            name=f"{hours} h",
            recipe={},
            sources={},
            render_key=str(hours),
            file=put(f"previews/{hours}.flac"),
            used_at=timezone.now() - timedelta(hours=hours),
        )
    orphan = put("previews/left.flac")
    run_daily()
    assert [preview.name for preview in ChainPreview.objects.all()] == ["1 h"]
    assert default_storage.exists("previews/1.flac")
    assert not default_storage.exists("previews/3.flac")
    assert not default_storage.exists(orphan)


def test_zero_days_keep_all_jobs(settings: Settings) -> None:
    settings.GTS_KEEP_JOBS_DAYS = 0
    make_job(state="completed", finished_at=timezone.now() - timedelta(days=999))
    assert maintenance.prune_jobs() == Pruned(0, 0)
    assert Job.objects.count() == 1


def test_a_process_with_the_wrong_database_deletes_nothing(
    alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    left = [put(f"renders/x/v1/{number}.flac") for number in range(21)]
    make_track(alice)
    assert maintenance.prune_media() == 0
    assert all(default_storage.exists(name) for name in left)
    assert "is this the right database?" in caplog.text


@pytest.mark.parametrize(("num_orphans", "num_tracks"), [(20, 0), (21, 21)])
def test_a_few_or_a_small_part_are_believed(alice: User, num_orphans: int, num_tracks: int) -> None:
    for number in range(num_orphans):
        put(f"renders/x/v1/{number}.flac")
    for _ in range(num_tracks):
        make_track(alice)
    assert maintenance.prune_media() == num_orphans


def test_one_step_that_stumbles_does_not_keep_the_next(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(**_: Any) -> None:
        raise OSError("no")

    monkeypatch.setattr(maintenance, "jobs_prune", stumble)
    left = put("renders/x/v1/left.flac")
    maintenance.run_daily()
    assert "prune_jobs failed" in caplog.text
    assert not default_storage.exists(left)


def test_beat_sends_only_tasks_that_exist() -> None:
    app.loader.import_default_modules()
    sent = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert {"jobs.sweep", "maintenance.daily"} <= sent
    assert sent <= set(app.tasks)


def test_di_tracks_without_a_report_get_one_and_their_page_says_so_until_then(
    client: Client, alice: User
) -> None:
    track = make_unjudged_track(alice)
    client.force_login(alice)
    page = reverse("di-detail", args=[track.uuid])
    assert "within a day" in client.get(page).content.decode()
    maintenance.run_daily()
    text = client.get(page).content.decode()
    assert "within a day" not in text
    assert "on the left channel only" in text

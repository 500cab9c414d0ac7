"""Backups, and back: on the database and with the storage that the tests run on."""

from __future__ import annotations

import json
import os
import shutil
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import Storage, default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.tests.factories import make_user
from accounts.tests.needs import needs_postgresql
from gts.ops import maintenance
from gts.ops.backup_files import files_of
from gts.ops.backups import BackupError, backup_make, backups_list, backups_trim
from gts.storage.tests.buckets import Bucket
from jobs.models import Job, Process
from shootouts.files.consistency import FileState, verify_media
from shootouts.models import CachedAudio, DITrack, RenderedFile, Shootout
from shootouts.services.di_tracks import di_track_delete
from shootouts.services.shootouts import shootout_update
from shootouts.tests.factories import make_di_track, make_shootout, render

pytestmark = [pytest.mark.django_db(transaction=True)]
if connection.vendor == "postgresql":
    # Tables are dropped and made again: not beside others who use this database.
    pytestmark.append(pytest.mark.services)


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest) -> str:
    if request.param == "bucket":
        request.getfixturevalue("bucket")
    return str(request.param)


@pytest.fixture
def alice(storage: str) -> User:
    return make_user()


@pytest.fixture
def shootout(alice: User) -> Shootout:
    return render(make_shootout(alice, title="Ämps – 日本", visibility="public"))


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Settings) -> Path:
    """One's own: of tests that run side by side only one could have its lock."""
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def say(command: str, *words: Any) -> str:
    out = StringIO()
    call_command(command, *map(str, words), stdout=out)
    return out.getvalue()


def states() -> set[FileState]:
    return {check.state for check in verify_media()}


def empty_the_storage() -> None:
    for model in (DITrack, RenderedFile):
        for name in model._default_manager.values_list("file", flat=True):
            default_storage.delete(name)


def test_everything_that_was_lost_comes_back(shootout: Shootout, root: Path) -> None:
    assert shootout.published_render is not None
    manifest = shootout.published_render.manifest.data
    num_jobs = Job.objects.count()
    said = say("backup", root)
    assert "0 of them new" not in said

    make_di_track(shootout.owner, frequency_hz=330.0)
    empty_the_storage()
    shootout.owner.delete()
    assert not Shootout.objects.exists()

    assert "It is whole." in say("restore", root)
    back = Shootout.objects.get()
    assert (back.uuid, back.title) == (shootout.uuid, "Ämps – 日本")
    assert back.published_render is not None
    assert back.published_render.manifest.data == manifest
    assert Job.objects.count() == num_jobs
    assert DITrack.objects.count() == 1
    assert states() == {FileState.WHOLE}
    assert not CachedAudio.objects.exists()
    # And goes on: new rows get ids of their own, what is not cached is computed again.
    shootout_update(shootout=back, title="Again")
    assert render(back).state == "completed"
    make_user("newcomer")


def test_an_installation_with_users_is_replaced_only_when_told(
    shootout: Shootout, root: Path
) -> None:
    say("backup", root)
    charlie = make_user("charlie")
    with pytest.raises(CommandError, match=r"would replace 2 users.*--delete does it"):
        say("restore", root)
    assert User.objects.filter(pk=charlie.pk).exists()
    assert "0 files" in say("restore", root, "--delete")
    assert list(User.objects.values_list("username", flat=True)) == [shootout.owner.username]


def test_the_second_backup_copies_only_what_is_new(alice: User, root: Path) -> None:
    make_di_track(alice)
    first = backup_make(root)
    make_di_track(alice, frequency_hz=330.0)
    second = backup_make(root)
    assert (first.num_copied, second.num_copied, second.num_files) == (1, 1, 2)
    assert backups_list(root) == [first.folder, second.folder]
    assert {path.stat().st_mode & 0o077 for path in root.iterdir() if path.is_dir()} == {0}


def test_old_backups_go_with_what_only_they_had(alice: User, root: Path) -> None:
    track = make_di_track(alice)
    backup_make(root)
    di_track_delete(track=track)
    make_di_track(alice, frequency_hz=330.0)
    newest = backup_make(root).folder
    say("backup", root, "--keep", "2")
    assert backups_trim(root, keep=1) == (1, 0)
    kept = backups_list(root)
    assert newest not in kept
    assert {file.sha256 for file in files_of(kept[0])} == {
        path.name for path in (root / "files").glob("??/*")
    }
    assert "It is whole." in say("restore", root, "--check")


@pytest.mark.parametrize("what", ["content", "missing content", "database", "list", "description"])
def test_a_damaged_backup_changes_nothing(shootout: Shootout, root: Path, what: str) -> None:
    folder = backup_make(root).folder
    content = max((root / "files").glob("??/*"), key=lambda path: path.stat().st_size)
    dump = next(path for path in folder.iterdir() if path.name.startswith("database"))
    match what:
        case "content":
            *most, last = content.read_bytes()
            content.write_bytes(bytes([*most, last ^ 1]))
        case "missing content":
            content.unlink()
        case "database":
            with open(dump, "r+b") as file:
                file.seek(200)
                file.write(b"damage")
        case "list":
            (folder / "files.jsonl").write_text('{"name": "a"}\n')
        case _:
            (folder / "backup.json").write_text("{")
    empty_the_storage()
    with pytest.raises(CommandError):
        say("restore", folder, "--delete")
    assert Shootout.objects.get() == shootout
    assert FileState.MISSING in states()


def test_backups_of_others_are_refused(alice: User, root: Path, tmp_path: Path) -> None:
    folder = backup_make(root).folder
    known = json.loads((folder / "backup.json").read_text())

    def changed(**database: Any) -> Path:
        described = {**known, "database": {**known["database"], **database}}
        (folder / "backup.json").write_text(json.dumps(described))
        return folder

    with pytest.raises(CommandError, match="newer GTS"):
        say("restore", changed(migrations=[["jobs", "9999_from_the_future"]]), "--check")
    with pytest.raises(CommandError, match="oracle"):
        say("restore", changed(vendor="oracle"), "--check")
    (folder / "backup.json").write_text(json.dumps({**known, "format_version": 99}))
    with pytest.raises(CommandError, match="99"):
        say("restore", folder, "--check")
    with pytest.raises(CommandError, match="is no backup"):
        say("restore", tmp_path, "--check")


def test_files_that_are_lost_are_named_and_the_rest_is_saved(
    shootout: Shootout, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = list(RenderedFile.objects.filter(kind="segment"))
    default_storage.delete(files[0].file.name or "")
    out = StringIO()
    with pytest.raises(CommandError, match="1 files are missing"):
        call_command("backup", str(root), stdout=out)
    assert f"lost      {files[0].file.name}" in out.getvalue()
    names = {file.name for file in files_of(backups_list(root)[0])}
    assert files[0].file.name not in names
    assert files[1].file.name in names


def test_a_file_whose_row_goes_meanwhile_is_no_loss(
    alice: User, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL and SQLite alike: the snapshot has it, the database no longer."""
    track = make_di_track(alice)
    open_file = default_storage.open

    def delete_first(name: str, mode: str = "rb") -> Any:
        from threading import Thread

        def delete() -> None:
            DITrack.objects.get(pk=track.pk).delete()
            connection.close()

        if DITrack.objects.filter(pk=track.pk).exists():
            other = Thread(target=delete)
            other.start()
            other.join()
        return open_file(name, mode)

    monkeypatch.setattr(Storage, "open", lambda self, *a: delete_first(*a))
    saved = backup_make(root)
    assert (saved.num_files, saved.lost) == (0, [])


def test_a_backup_that_breaks_off_leaves_none(
    alice: User, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_di_track(alice)

    def full(self: object, name: str, mode: str = "rb") -> Any:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "open", full)
        with pytest.raises(BackupError, match="No space left"):
            backup_make(root)
    assert backups_list(root) == []
    assert list(root.glob(".*.partial")) == []
    (root / ".20200101T000000Z.partial").mkdir()  # of one that was killed
    assert len([backup_make(root)]) == len(backups_list(root)) == 1
    assert list(root.glob(".*.partial")) == []


@needs_postgresql  # SQLite needs no program
def test_without_a_program_it_says_which(
    alice: User, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(CommandError, match="pg_dump is not installed"):
        say("backup", root)


def test_nothing_is_replaced_under_a_running_server(
    alice: User, root: Path, settings: Settings, tmp_path: Path
) -> None:
    import fcntl

    backup_make(root)
    if settings.IS_EMBEDDED:
        with open(tmp_path / "server.lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with pytest.raises(CommandError, match="Stop GTS first"):
                say("restore", root, "--delete")
    else:
        now = timezone.now()
        Process.objects.create(name="w@h:1", role="worker", host="h", started_at=now, seen_at=now)
        with pytest.raises(CommandError, match="worker on h is running"):
            say("restore", root, "--delete")


@pytest.fixture
def daily(root: Path, settings: Settings) -> Path:
    settings.GTS_BACKUP_DIR, settings.GTS_BACKUP_KEEP = str(root), 2
    return root


def test_once_a_day_and_so_many_stay(alice: User, daily: Path) -> None:
    for expected in (1, 2, 2):
        assert maintenance.make_backup()
        assert not maintenance.make_backup()  # there is one of today
        assert len(backups_list(daily)) == expected
        for path in backups_list(daily):
            then = path.stat().st_mtime - timedelta(days=1).total_seconds()
            os.utime(path, (then, then))
    assert "keep" not in say("backup")


def test_it_must_be_told_where_to(settings: Settings) -> None:
    settings.GTS_BACKUP_DIR = ""
    with pytest.raises(CommandError, match="GTS_BACKUP_DIR"):
        say("backup")


def test_a_backup_from_a_folder_goes_into_a_bucket(
    root: Path, new_bucket: Bucket, settings: Settings
) -> None:
    user = make_user()
    track = make_di_track(user)
    backup_make(root)
    user.delete()
    settings.STORAGES = {**settings.STORAGES, "default": new_bucket.storage()}
    say("restore", root)
    assert new_bucket.names() == [f"media/{track.file.name}"]
    assert states() == {FileState.WHOLE}

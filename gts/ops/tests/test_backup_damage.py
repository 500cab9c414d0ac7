"""Backups that heal: what has rotted is found and replaced, or named; a full disk keeps nothing."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from accounts.models import User
from accounts.tests.factories import make_user
from gts.ops import backups, maintenance
from gts.ops.backup_files import content_path, files_of
from gts.ops.backups import BackupError, backup_make, backups_list, backups_trim
from gts.ops.tests.test_backup import say, states
from shootouts.files.consistency import FileState
from shootouts.models import DITrack
from shootouts.services.di_tracks import di_track_delete
from shootouts.tests.factories import make_di_track

pytestmark = [pytest.mark.django_db(transaction=True)]
if connection.vendor == "postgresql":
    pytestmark.append(pytest.mark.services)


@pytest.fixture
def tracks(db: None) -> list[DITrack]:
    alice = make_user()
    return [make_di_track(alice, frequency_hz=220.0 + 10 * number) for number in range(8)]


def flip(path: Path) -> None:
    """One bit, in the middle."""
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size // 2)
        [byte] = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


def kept(root: Path, track: DITrack) -> Path:
    return content_path(root / "files", track.sha256)


def name_of(track: DITrack) -> str:
    return str(track.file.name)


def failing(command: str, *words: Any) -> str:
    """What it says when it ends with status 1."""
    with pytest.raises(CommandError) as error:
        say(command, *words)
    return str(error.value)


def test_a_flipped_byte_is_found_in_turn_and_replaced(root: Path, tracks: list[DITrack]) -> None:
    """A quarter is read each time, so the fourth backup at the latest finds it."""
    backup_make(root)
    flip(kept(root, tracks[5]))
    assert "damaged" in failing("restore", root, "--check")
    said = [say("backup", root, "--check-data", "25") for _ in range(4)]
    assert all("Read again: 2 of 8" in text for text in said)
    assert sum(f"replaced  {name_of(tracks[5])}" in text for text in said) == 1
    for folder in backups_list(root):
        assert "It is whole." in say("restore", folder, "--check")


def test_without_a_number_all_is_read_within_a_week(root: Path, tracks: list[DITrack]) -> None:
    backup_make(root)
    for track in tracks:
        flip(kept(root, track))
    replaced = [name for _ in range(7) for name in backup_make(root).replaced]
    assert sorted(replaced) == sorted(map(name_of, tracks))


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_what_can_be_seen_without_reading_is_seen_each_time(
    root: Path, tracks: list[DITrack], damage: str
) -> None:
    backup_make(root)
    path = kept(root, tracks[3])
    if damage == "cut":
        os.truncate(path, 100)
    else:
        path.unlink()
    assert f"replaced  {name_of(tracks[3])}" in say("backup", root, "--check-data", "0")
    assert "It is whole." in say("restore", root, "--check")


def test_what_nothing_can_replace_is_named_and_the_rest_comes_back(
    root: Path, tracks: list[DITrack]
) -> None:
    first = backup_make(root).folder
    name, path = name_of(tracks[2]), kept(root, tracks[2])
    di_track_delete(track=tracks[2])
    flip(path)
    assert "1 files of earlier backups are damaged" in failing(
        "backup", root, "--check-data", "100"
    )
    second = backups_list(root)[-1]
    assert backup_make(root, check_percent=100).damaged == [f"{name} (of {first.name})"]
    assert "It is whole." in say("restore", second, "--check")  # it does not need it
    for track in DITrack.objects.all():
        default_storage.delete(name_of(track))
    assert "--partial brings back the rest" in failing("restore", first, "--delete")
    assert states() == {FileState.MISSING}
    assert "1 files could not be brought back" in failing("restore", first, "--delete", "--partial")
    assert DITrack.objects.count() == 8
    missing = [
        row.file.name
        for row in DITrack.objects.all()
        if not row.file.storage.exists(str(row.file.name))
    ]
    assert missing == [name]


def test_a_file_that_is_damaged_here_and_there_is_lost(root: Path, tracks: list[DITrack]) -> None:
    backup_make(root)
    flip(kept(root, tracks[1]))
    default_storage.delete(name_of(tracks[1]))
    saved = backup_make(root, check_percent=100)
    assert (saved.lost, saved.num_files) == ([name_of(tracks[1])], 7)
    assert "It is whole." in say("restore", saved.folder, "--check")


def test_a_whole_file_in_the_storage_needs_no_backup(root: Path, tracks: list[DITrack]) -> None:
    backup_make(root)
    flip(kept(root, tracks[1]))
    assert "8 more were there already" in say("restore", root, "--delete", "--partial")
    assert states() == {FileState.WHOLE}


def test_of_a_damaged_list_what_can_be_read_comes_back(root: Path, tracks: list[DITrack]) -> None:
    folder = backup_make(root).folder
    path = folder / "files.jsonl"
    first, second, *others = path.read_text().splitlines()
    bent = second.replace('"name": "', '"name": "../../')
    path.write_text("\n".join([first[:20], bent, *others]))
    names = list(map(name_of, tracks))
    for name in names:
        default_storage.delete(name)
    assert "is damaged in 1 places" in failing("restore", folder, "--delete")
    assert "2 files could not be" in failing("restore", folder, "--delete", "--partial")
    assert sum(map(default_storage.exists, names)) == 6
    assert "have a damaged list" in failing("backup", root)
    with pytest.raises(BackupError, match="no content was deleted"):
        backups_trim(root, keep=2)
    assert len(list((root / "files").glob("??/*"))) == 8
    assert backups_trim(root, keep=1) == (1, 0)  # the damaged one went first


def test_without_its_database_nothing_comes_back(root: Path, tracks: list[DITrack]) -> None:
    folder = backup_make(root).folder
    flip(next(folder.glob("database.*")))
    assert "The database in this backup is damaged" in failing(
        "restore", folder, "--delete", "--partial"
    )


def files_below(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")} - {".lock"}


@pytest.mark.parametrize("num_before", [*range(11)])
def test_a_full_disk_keeps_nothing(
    root: Path, tracks: list[DITrack], monkeypatch: pytest.MonkeyPatch, num_before: int
) -> None:
    """Wherever it breaks off: what is written to the disk is synced."""
    synced = 0
    sync = os.fsync

    def full(descriptor: int) -> None:
        nonlocal synced
        if synced == num_before:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        synced += 1
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(BackupError, match="No space left"):
            backup_make(root)
    assert files_below(root) == set()
    backup_make(root)
    before = files_below(root)
    make_di_track(tracks[0].owner, frequency_hz=990.0)
    synced = min(num_before, 1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(BackupError, match="No space left"):
            backup_make(root)
    assert files_below(root) == before
    assert "It is whole." in say("restore", root, "--check")


def test_a_database_that_does_not_fit_is_one_sentence(
    root: Path, tracks: list[DITrack], monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def full(target: Path) -> Iterator[Any]:
        target.write_bytes(b"half")
        raise sqlite3.OperationalError("database or disk is full")
        yield

    monkeypatch.setattr(backups, "dumped", full)
    assert "disk is full" in failing("backup", root)
    assert files_below(root) == set()


def test_a_disk_that_is_full_before_is_one_sentence(
    root: Path, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Path.mkdir

    def full(path: Path, *args: Any, **options: Any) -> None:
        if path.name.endswith(".partial"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        make(path, *args, **options)

    monkeypatch.setattr(Path, "mkdir", full)
    assert "No space left" in failing("backup", root)


def test_the_daily_backup_says_what_it_found(
    root: Path, tracks: list[DITrack], settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.GTS_BACKUP_DIR, settings.GTS_BACKUP_KEEP = str(root), 7
    folder = backup_make(root).folder
    os.utime(folder, (0, 0))
    for track in tracks[:2]:
        kept(root, track).unlink()
    di_track_delete(track=tracks[0])
    assert maintenance.make_backup()
    assert f"replaced in the backups: ['{name_of(tracks[1])}']" in caplog.text
    assert "earlier backups lack 1 files" in caplog.text


def test_the_share_is_a_percentage(root: Path, db: None) -> None:
    for number in ("-1", "101"):
        assert "from 0 to 100" in failing("backup", root, "--check-data", number)


def test_users_of_one_content_share_its_rescue(root: Path, db: None) -> None:
    """Of two files with the same content one is gone: the other heals it for both."""
    first = make_di_track(make_user("alice"))
    second = make_di_track(make_user("bob"))
    assert first.sha256 == second.sha256
    backup_make(root)
    flip(kept(root, first))
    default_storage.delete(name_of(first))
    saved = backup_make(root, check_percent=100)
    assert (saved.lost, saved.num_files) == ([], 2)
    assert saved.not_stored == [name_of(first)]
    assert {file.name for file in files_of(saved.folder)} == {name_of(first), name_of(second)}
    assert User.objects.count() == 2


@pytest.mark.parametrize("percent", ["0", "100"])
@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_stored_file_that_is_gone_is_named_each_time(
    root: Path, tracks: list[DITrack], percent: str, damage: str, settings: Settings
) -> None:
    """The backup has its content from before: nothing is lost, and all the same it is told."""
    backup_make(root)
    name = name_of(tracks[3])
    stored = Path(default_storage.path(name))
    stored.unlink() if damage == "gone" else os.truncate(stored, 100)
    assert "1 stored files are missing" in failing("backup", root, "--check-data", percent)
    saved = backup_make(root, check_percent=int(percent))
    assert (saved.lost, saved.not_stored, saved.num_files) == ([], [name], 8)
    assert "and 1 files; 7 more were there" in say("restore", root, "--delete")
    assert states() == {FileState.WHOLE}
    assert backup_make(root).not_stored == []


def test_a_flipped_byte_in_a_stored_file_is_found_in_turn(
    root: Path, tracks: list[DITrack]
) -> None:
    backup_make(root)
    flip(Path(default_storage.path(name_of(tracks[5]))))
    assert backup_make(root, check_percent=0).not_stored == []
    found = [backup_make(root, check_percent=25).not_stored for _ in range(4)]
    assert sorted(found) == [[], [], [], [name_of(tracks[5])]]
    assert backup_make(root, check_percent=100).not_stored == [name_of(tracks[5])]


def test_the_daily_backup_names_stored_files_that_are_gone(
    root: Path, tracks: list[DITrack], settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.GTS_BACKUP_DIR, settings.GTS_BACKUP_KEEP = str(root), 7
    os.utime(backup_make(root).folder, (0, 0))
    default_storage.delete(name_of(tracks[0]))
    assert maintenance.make_backup()
    assert "1 stored files are missing or not what they were" in caplog.text


def test_every_file_of_a_damaged_content_is_named(root: Path, db: None) -> None:
    tracks = [make_di_track(make_user(name)) for name in ("alice", "bob", "charlie")]
    tracks.append(make_di_track(tracks[0].owner, frequency_hz=990.0))
    folder = backup_make(root).folder
    flip(kept(root, tracks[0]))
    names = sorted(map(name_of, tracks[:3]))
    with pytest.raises(CommandError) as caught:
        say("restore", root, "--check")
    assert "damaged in 3 places" in str(caught.value)
    assert [name for name in names if name not in said_by("restore", root, "--check")] == []
    for track in tracks[1:3]:
        default_storage.delete(name_of(track))
    # What is still stored as it was needs no backup.
    said = said_by("restore", root, "--check", "--partial")
    assert [line for line in said.splitlines() if line.startswith("missing")] == [
        f"missing   {name}" for name in names if name != name_of(tracks[0])
    ]
    assert "would not bring back 2 files" in failing("restore", root, "--check", "--partial")
    assert "2 files could not be" in failing("restore", root, "--delete", "--partial")
    for track in tracks[:3]:
        track.refresh_from_db()
        default_storage.delete(name_of(track))
    damaged = backup_make(root, check_percent=100)
    assert (sorted(damaged.lost), damaged.damaged) == (
        names,
        [f"{name} (of {folder.name})" for name in names],
    )


def said_by(command: str, *words: Any) -> str:
    """What it says before it ends with status 1."""
    out = StringIO()
    with pytest.raises(CommandError):
        call_command(command, *map(str, words), stdout=out)
    return out.getvalue()


def test_checking_a_part_says_that_a_list_cannot_be_read(root: Path, tracks: list[DITrack]) -> None:
    folder = backup_make(root).folder
    path = folder / "files.jsonl"
    first, *others = path.read_text().splitlines()
    path.write_text("\n".join([first[:20], *others]))
    text = failing("restore", folder, "--check", "--partial")
    assert "0 files" in text
    assert "1 lines of its list of files cannot be read" in text
    assert DITrack.objects.count() == 8

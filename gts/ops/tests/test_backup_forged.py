"""Backups whose hashes are right and that cannot be restored: changed by hand, or put together of
links. Each is named, by the check as by the restore, and nothing is written."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from accounts.tests.factories import make_user
from gts.ops import backups
from gts.ops.backup_files import content_path
from gts.ops.backups import BackupError, backup_make, backups_trim
from gts.ops.restoring import backup_open, backup_restore
from gts.ops.tests.test_backup import say
from gts.ops.tests.test_backup_damage import failing, said_by
from shootouts.models import DITrack
from shootouts.services.di_tracks import di_track_delete
from shootouts.tests.factories import make_di_track

pytestmark = [pytest.mark.django_db(transaction=True)]
if connection.vendor == "postgresql":
    pytestmark.append(pytest.mark.services)

Lines = list[dict[str, Any]]


@pytest.fixture
def tracks(db: None) -> list[DITrack]:
    alice = make_user()
    return [make_di_track(alice, frequency_hz=220.0 + 10 * number) for number in range(2)]


@pytest.fixture
def folder(root: Path, tracks: list[DITrack]) -> Path:
    return backup_make(root).folder


def rewrite(folder: Path, change: Callable[[Lines], Any]) -> None:
    """The list of files, with its new hash where it belongs."""
    path = folder / "files.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    change(lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    describe(folder, lambda it: it["files"].update(sha256=digest_of(path)))


def describe(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    description = json.loads((folder / "backup.json").read_text())
    change(description)
    (folder / "backup.json").write_text(json.dumps(description))


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tree(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*")}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../../../../tmp/x", "leads out of the folder"),
        ("di/../../x", "leads out of the folder"),
        ("di//x", "leads out of the folder"),
        ("./x", "leads out of the folder"),
        ("di/", "leads out of the folder"),
        ("/tmp/x", "is no name below the folder"),
        ("di\\x", "is no name below the folder"),
        ("a\x00b", "has control characters"),
        ("a\nb", "has control characters"),
        ("", "is empty"),
        ("\ud800", "is no text"),
        ("a" * 256, "is too long"),
        ("a/" * 600 + "a", "is too long"),
        (7, "is not a line"),
        (None, "is not a line"),
    ],
)
def test_a_name_that_no_storage_takes_is_named(
    folder: Path, tmp_path: Path, name: Any, why: str
) -> None:
    rewrite(folder, lambda lines: lines[0].update(name=name))
    for track in DITrack.objects.all():
        default_storage.delete(str(track.file.name))
    before = tree(tmp_path)
    for words in (["--check"], ["--delete"]):
        assert f"files.jsonl, line 1: {'' if why == 'is not a line' else 'the name '}" in (
            said := said_by("restore", folder, *words)
        )
        assert why in said
        assert "Take another backup" in failing("restore", folder, *words)
    with pytest.raises(BackupError, match=r"files\.jsonl, line 1: "):
        backup_restore(backup_open(folder))
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "values",
    [
        {"sha256": "x" * 64}, {"sha256": "A" * 64}, {"sha256": 5}, {"size_bytes": -1},
        {"size_bytes": "9"}, {"size_bytes": True}, {"size_bytes": 5}, {"more": 1},
    ],
)  # fmt: skip
def test_what_else_a_line_cannot_say_is_named(folder: Path, values: dict[str, Any]) -> None:
    rewrite(folder, lambda lines: lines[1].update(values))
    assert "is damaged in" in failing("restore", folder, "--check")
    assert "is damaged in" in failing("restore", folder, "--delete")


def test_a_line_that_is_no_json_is_named(folder: Path) -> None:
    path = folder / "files.jsonl"
    path.write_text(path.read_text() + "[" * 100_000 + "\n{\n")
    describe(folder, lambda it: it["files"].update(sha256=digest_of(path)))
    said = said_by("restore", folder, "--check")
    assert "line 3: cannot be read" in said
    assert "line 4: cannot be read" in said


def test_a_file_that_is_named_twice_is_named(folder: Path, tracks: list[DITrack]) -> None:
    rewrite(folder, lambda lines: lines.append(dict(lines[0])))
    assert "files.jsonl, line 3: " in (said := said_by("restore", folder, "--check"))
    assert "was named before" in said
    assert "is damaged in 1 places" in failing("restore", folder, "--check")
    assert "2 more were there already" in say("restore", folder, "--delete", "--partial")


def test_a_file_that_the_list_leaves_out_is_named(folder: Path, tracks: list[DITrack]) -> None:
    rewrite(folder, list.pop)
    name = next(
        str(track.file.name)
        for track in tracks
        if str(track.file.name) not in (folder / "files.jsonl").read_text()
    )
    said = said_by("restore", folder, "--check")
    assert f"{name}: the database names it, and files.jsonl leaves it out" in said
    assert "is damaged in 1 places" in failing("restore", folder, "--delete")


def test_what_was_lost_before_is_no_damage(root: Path, tracks: list[DITrack]) -> None:
    default_storage.delete(str(tracks[0].file.name))
    folder = backup_make(root).folder
    said = say("restore", folder, "--check")
    assert "It is whole." in said
    assert "1 files were missing already when it was made" in said


def test_what_was_deleted_while_it_was_made_is_no_damage(
    root: Path, tracks: list[DITrack], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = str(tracks[0].file.name)
    monkeypatch.setattr(backups, "_is_still_named", lambda model, pk: False)
    default_storage.delete(name)
    saved = backup_make(root)
    assert (saved.lost, saved.deleted) == ([], [name])
    said = say("restore", saved.folder, "--check")
    assert "It is whole." in said
    assert "missing already" not in said


def test_names_are_read_as_the_database_has_them(root: Path, tracks: list[DITrack]) -> None:
    """PostgreSQL writes some characters otherwise in a dump."""
    name = "di_tracks/Ämp \\ 日本\tx.wav"
    DITrack.objects.filter(pk=tracks[0].pk).update(file=name)
    saved = backup_make(root)  # no storage has a file of this name
    assert saved.lost == [name]
    assert "It is whole." in say("restore", saved.folder, "--check")


@pytest.mark.parametrize("name", ["../../x", "/etc/hostname", "a\nb"])
def test_a_row_that_names_what_no_storage_has_is_lost(
    root: Path, tracks: list[DITrack], name: str
) -> None:
    DITrack.objects.filter(pk=tracks[0].pk).update(file=name)
    saved = backup_make(root)
    assert (saved.lost, saved.num_files) == ([name], 1)


def test_a_database_that_is_none_is_named(folder: Path) -> None:
    dump = next(folder.glob("database.*"))
    dump.write_bytes(b"not a database" * 1000)
    describe(folder, lambda it: it["database"].update(sha256=digest_of(dump)))
    for word in ("--check", "--delete"):
        assert "The database in this backup is damaged" in failing("restore", folder, word)


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it["database"].update(file="../other/database.dump"),
        lambda it: it["database"].update(file="/etc/passwd"),
        lambda it: it["database"].update(extensions=['x"; DROP TABLE y; --']),
        lambda it: it["database"].pop("sha256"),
        lambda it: it["files"].pop("sha256"),
        lambda it: it["files"].update(lost=[7]),
        lambda it: it.pop("created_at"),
        lambda it: it.pop("files"),
    ],
)
def test_a_description_that_lacks_or_forges_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], Any]
) -> None:
    describe(folder, change)
    assert "backup.json cannot be read" in failing("restore", folder, "--check")


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        (lambda it: it.update(format_version=99), "with the version of GTS that made it"),
        (lambda it: it["database"].update(vendor="oracle"), "DATABASE_URL names oracle"),
        (lambda it: it.pop("files"), "Take another backup"),
    ],
)
def test_what_is_refused_says_what_to_do(
    folder: Path, change: Callable[[dict[str, Any]], Any], advice: str
) -> None:
    describe(folder, change)
    assert advice in failing("restore", folder, "--check")


def test_a_folder_that_is_no_backup_says_which_to_name(folder: Path, tmp_path: Path) -> None:
    assert failing("restore", tmp_path / "no", "--check") == f"There is no folder {tmp_path}/no."
    assert "Name the folder that manage.py backup wrote to" in failing("restore", tmp_path)


def linked(path: Path, elsewhere: Path) -> None:
    shutil.move(path, elsewhere)
    path.symlink_to(elsewhere)


@pytest.mark.parametrize("level", ["content", "part", "files"])
def test_contents_that_lie_elsewhere_are_named(
    root: Path, folder: Path, tracks: list[DITrack], tmp_path: Path, level: str
) -> None:
    path = content_path(root / "files", tracks[0].sha256)
    path = {"content": path, "part": path.parent, "files": root / "files"}[level]
    linked(path, tmp_path / "elsewhere")
    assert f"{path} is a link" in said_by("restore", folder, "--check")
    assert "is damaged in" in failing("restore", folder, "--delete")
    if level == "content":  # a file in its place repairs it
        assert "replaced  " in say("backup", root, "--check-data", "0")
        assert "It is whole." in say("restore", folder, "--check")
        return
    before = tree(tmp_path)
    assert f"{path} is a link" in failing("backup", root, "--check-data", "100")
    di_track_delete(track=tracks[1])
    with pytest.raises(BackupError, match="is a link"):
        backups_trim(root, keep=1)
    assert tree(tmp_path) - before <= {str(root / ".lock")}
    assert os.path.lexists(path)


@pytest.mark.parametrize("name", ["database.*", "files.jsonl"])
def test_a_part_of_a_backup_that_lies_elsewhere_is_named(
    folder: Path, tmp_path: Path, name: str
) -> None:
    path = next(folder.glob(name))
    linked(path, tmp_path / "elsewhere")
    assert f"{path.name} is a link" in said_by("restore", folder, "--check")


def test_what_is_no_file_is_not_read(root: Path, folder: Path, tracks: list[DITrack]) -> None:
    """A pipe would be waited for without end."""
    path = content_path(root / "files", tracks[0].sha256)
    path.unlink()
    os.mkfifo(path)
    assert f"{path} is no file" in said_by("restore", folder, "--check")
    assert "replaced  " in say("backup", root, "--check-data", "100")


def test_a_backup_that_is_a_link_is_forgotten_and_not_what_it_leads_to(
    root: Path, folder: Path, tmp_path: Path
) -> None:
    linked(folder, tmp_path / "elsewhere")
    backup_make(root)
    assert backups_trim(root, keep=1)[0] == 1
    assert (tmp_path / "elsewhere" / "backup.json").is_file()
    assert not os.path.lexists(folder)

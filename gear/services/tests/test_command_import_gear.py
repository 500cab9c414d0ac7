"""A folder of captures becomes gear: looked into, once, and nothing from outside of it."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import User
from gear.models import Capture, GearItem
from gear.models.item import FileState
from gear.tests.factories import nam_bytes, wav_bytes
from jobs.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "gear"
    (folder / "cabs" / "old").mkdir(parents=True)
    (folder / "jcm800.nam").write_bytes(nam_bytes())
    (folder / "cabs" / "V30.WAV").write_bytes(wav_bytes())
    (folder / "cabs" / "old" / "greenback.wav").write_bytes(wav_bytes(num_frames=500))
    (folder / "read me.txt").write_text("not gear")
    return folder


def say(folder: Path, *words: str, fails: bool = False) -> str:
    out = StringIO()
    arguments: tuple[Any, ...] = (str(folder), "--owner", "alice", *words)
    if fails:
        with pytest.raises(CommandError):
            call_command("import_gear", *arguments, stdout=out)
    else:
        call_command("import_gear", *arguments, stdout=out)
    return out.getvalue()


def test_every_file_becomes_gear_that_is_ready(alice: User, folder: Path) -> None:
    said = say(folder, "--shared", "--make", "Marshall", "--licence", "CC0-1.0")
    assert said.endswith("3 files: 3 added\n")
    found = {item.name: item for item in GearItem.objects.all()}
    assert {name: item.kind for name, item in found.items()} == {
        "jcm800": "amp",
        "V30": "cab",
        "greenback": "cab",
    }
    assert {(item.owner, item.is_shared, item.licence) for item in found.values()} == {
        (alice, True, "CC0-1.0")
    }
    assert set(Capture.objects.values_list("state", flat=True)) == {FileState.READY}
    assert Capture.objects.get(gear__name="jcm800").architecture == "Linear"
    assert not Job.objects.exists()


def test_a_second_time_adds_only_what_is_new(alice: User, folder: Path) -> None:
    say(folder)
    (folder / "again.nam").write_bytes(nam_bytes())
    (folder / "new.wav").write_bytes(wav_bytes(num_frames=600))
    assert say(folder).endswith("5 files: 1 added, 4 known\n")
    assert Capture.objects.count() == 4


def test_what_is_written_beside_a_file_is_said_of_it(alice: User, folder: Path) -> None:
    (folder / "jcm800.toml").write_text(
        'kind = "full_rig"\nmake = "Marshall"\nname = "JCM 800 2203"\ndescription = "Ünique"\n'
    )
    (folder / "cabs" / "gear.csv").write_text(
        "﻿file,name,make,licence\nV30.WAV,Vintage 30,Celestion,CC-BY-4.0\nother.wav,x,,\n"
    )
    say(folder, "--make", "Unknown")
    rig = GearItem.objects.get(name="JCM 800 2203")
    assert (rig.kind, rig.make, rig.description) == ("full_rig", "Marshall", "Ünique")
    cab = GearItem.objects.get(name="Vintage 30")
    assert (cab.make, cab.licence) == ("Celestion", "CC-BY-4.0")
    assert GearItem.objects.get(name="greenback").make == "Unknown"


def test_bad_files_are_named_and_skipped(
    alice: User, folder: Path, settings: Settings, media_root: Path
) -> None:
    settings.GTS_CAPTURE_MAX_BYTES = 50_000
    (folder / "a noise.nam").write_bytes(b"\x00\x01")
    (folder / "b large.wav").write_bytes(bytes(60_000))
    (folder / "c kind.nam").write_bytes(nam_bytes(name="c"))
    (folder / "c kind.toml").write_text('kind = "cab"')
    (folder / "d field.nam").write_bytes(nam_bytes(name="d"))
    (folder / "d field.toml").write_text("color = 1")
    (folder / "e broken.nam").write_bytes(nam_bytes(name="e"))
    (folder / "e broken.toml").write_text("= = =")
    (folder / "f long.nam").write_bytes(nam_bytes(name="f"))
    (folder / "f long.toml").write_text(f'make = "{"x" * 101}"')
    said = say(folder, fails=True)
    assert "9 files: 3 added, 6 bad" in said
    for words in ("larger than", "no kind for a .nam", "unknown color", "e broken.toml", "make:"):
        assert words in said
    assert GearItem.objects.count() == 3
    assert len([path for path in media_root.rglob("*") if path.is_file()]) == 3


def test_a_dry_run_looks_and_stores_nothing(alice: User, folder: Path, media_root: Path) -> None:
    (folder / "noise.nam").write_bytes(b"{}")
    said = say(folder, "--dry-run", fails=True)
    assert "4 files: 3 added, 1 bad" in said
    assert "Nothing was stored" in said
    assert not GearItem.objects.exists()
    assert not media_root.exists()


def test_nothing_outside_of_the_folder_comes_in(alice: User, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "x.nam").write_bytes(nam_bytes(name="secret"))
    (secret / "x.toml").write_text('name = "secret"')
    (folder / "link.nam").symlink_to(secret / "x.nam")
    (folder / "linked").symlink_to(secret)
    (folder / "loop").symlink_to(folder)
    (folder / "jcm800.toml").symlink_to(secret / "x.toml")
    assert say(folder).endswith("3 files: 3 added\n")
    assert "secret" not in GearItem.objects.values_list("name", flat=True)


def test_it_must_know_from_where_and_for_whom(alice: User, folder: Path) -> None:
    for words in (("/nowhere", "--owner", "alice"), (str(folder), "--owner", "no one")):
        with pytest.raises(CommandError):
            call_command("import_gear", *words, stdout=StringIO())

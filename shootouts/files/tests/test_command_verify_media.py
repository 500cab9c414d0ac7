"""`manage.py verify_media`: files that changed behind our back are found and named."""

from __future__ import annotations

import io
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from accounts.tests.factories import make_user
from gear.models import Capture
from jobs.files.storage import stored_name
from shootouts.models import DITrack, RenderedFile, Shootout
from shootouts.services.di_tracks import di_track_delete
from shootouts.tests.factories import make_di_track, make_shootout, render

pytestmark = pytest.mark.django_db(transaction=True)


def verify(*arguments: object) -> tuple[str, bool]:
    """What it printed, and whether it was content."""
    out = StringIO()
    try:
        call_command("verify_media", *map(str, arguments), stdout=out)
    except CommandError:
        return out.getvalue(), False
    return out.getvalue(), True


def test_files_that_no_one_touched_are_whole() -> None:
    render(make_shootout(make_user()))
    text, is_content = verify()
    # Two segments, a montage, an amp, a cab, a DI.
    assert text == "6 files: 6 whole\n"
    assert is_content


def test_nothing_stored_is_nothing_wrong() -> None:
    assert verify() == ("0 files\n", True)


def test_what_changed_and_what_is_missing_is_named(media_root: Path) -> None:
    render(make_shootout(make_user(), title="Amps"))
    segment = RenderedFile.objects.filter(kind="segment").first()
    montage = RenderedFile.objects.get(kind="montage")
    capture = Capture.objects.get(format="nam")
    assert segment is not None
    with open(media_root / stored_name(segment.file), "r+b") as file:
        last = file.seek(-1, io.SEEK_END)
        [value] = file.read(1)
        file.seek(last)
        file.write(bytes([value ^ 1]))
    (media_root / stored_name(montage.file)).unlink()
    (media_root / stored_name(capture.file)).write_bytes(b"")
    text, is_content = verify()
    lines = text.splitlines()
    assert [line.split()[:2] for line in lines[:-1]] == [
        ["changed", "segment"],
        ["missing", "montage"],
        ["changed", "capture"],
    ]
    assert stored_name(segment.file) in lines[0]
    assert "amps-montage.flac" in lines[1]
    assert "Test Amp 2" in lines[2]
    assert lines[-1] == "6 files: 3 whole, 2 changed, 1 missing"
    assert not is_content


def test_a_folder_in_the_place_of_a_file_cannot_be_read(media_root: Path) -> None:
    track = make_di_track(make_user())
    path = media_root / stored_name(track.file)
    path.unlink()
    path.mkdir()
    text, is_content = verify()
    assert text.startswith("unreadable di track")
    assert not is_content


def test_one_shootout_can_be_looked_at_alone(media_root: Path) -> None:
    alice = make_user()
    shootout = render(make_shootout(alice))
    other = make_di_track(alice, frequency_hz=110.0)
    (media_root / stored_name(other.file)).unlink()
    assert verify("--shootout", shootout.uuid) == ("6 files: 6 whole\n", True)
    assert not verify()[1]


def test_sources_that_were_deleted_on_purpose_are_not_missed() -> None:
    shootout = render(make_shootout(make_user()))
    di_track_delete(track=DITrack.objects.get())
    assert verify("--shootout", shootout.uuid) == ("5 files: 5 whole\n", True)


def test_a_shootout_that_is_not_there_is_an_error() -> None:
    unknown = uuid4()
    with pytest.raises(CommandError, match=str(unknown)):
        call_command("verify_media", shootout=unknown)
    assert not Shootout.objects.exists()

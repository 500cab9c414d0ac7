"""What is named by a row or a manifest is never taken for an orphan; what is not, is found."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gear.models import Capture
from shootouts.files.consistency import OrphanSearch, orphans_delete, orphans_find
from shootouts.models import CachedAudio, DITrack, Manifest, RenderedFile, Segment, Shootout
from shootouts.services.di_tracks import di_track_delete, di_track_upload
from shootouts.services.shootouts import shootout_render
from shootouts.tests.factories import (
    make_di_track,
    make_shootout,
    plucked,
    render,
    upload,
    wav_bytes,
)

pytestmark = pytest.mark.django_db(transaction=True)


def put(name: str, *, hours_old: float = 48.0, content: bytes = b"12345") -> str:
    """A file as a killed process leaves it."""
    stored = default_storage.save(name, ContentFile(content))
    age(stored, hours_old)
    return stored


def age(name: str, hours: float) -> None:
    then = time.time() - 3600 * hours
    os.utime(default_storage.path(name), (then, then))


def age_everything(media_root: Path) -> set[str]:
    """All files there are, made two days old."""
    names = {str(path.relative_to(media_root)) for path in media_root.rglob("*") if path.is_file()}
    for name in names:
        age(name, 48.0)
    return names


def look() -> OrphanSearch:
    return orphans_find(older_than=timezone.now() - timedelta(hours=24))


def found() -> list[str]:
    return sorted(orphan.name for orphan in look().orphans)


@pytest.fixture
def rendered(alice: User) -> Shootout:
    return render(make_shootout(alice))


def test_nothing_of_a_finished_shootout_is_an_orphan(rendered: Shootout, media_root: Path) -> None:
    names = age_everything(media_root)
    search = look()
    assert search.orphans == []
    assert search.num_files == len(names)
    assert {name.split("/")[0] for name in names} == {"cache", "captures", "di", "renders"}


def test_files_without_a_row_are_found_in_every_folder_of_ours(rendered: Shootout) -> None:
    left = [
        put(f"renders/{rendered.uuid}/v1/{uuid4()}.flac"),
        put(f"renders/{uuid4()}/v3/{uuid4()}.mp4"),
        put(f"captures/{uuid4()}/{'a' * 64}.nam"),
        put(f"di/{rendered.owner.uuid}/{'b' * 64}.wav"),
        put(f"cache/ab/{'c' * 64}.wav"),
        put(".health/0123456789abcdef"),
    ]
    search = look()
    assert sorted(orphan.name for orphan in search.orphans) == sorted(left)
    assert search.size_bytes == 5 * len(left)
    assert orphans_delete(search) == len(left)
    assert found() == []
    assert not any(default_storage.exists(name) for name in left)


def test_a_young_file_may_be_on_its_way() -> None:
    put(f"di/{uuid4()}/young.wav", hours_old=23.0)
    put(f"di/{uuid4()}/old.wav", hours_old=25.0)
    search = look()
    assert [Path(orphan.name).name for orphan in search.orphans] == ["old.wav"]
    assert (search.num_files, search.num_young) == (2, 1)


def test_what_lies_elsewhere_is_not_ours_to_judge(media_root: Path) -> None:
    put("avatars/of-a-later-release.png")
    put("backup.tar")
    assert found() == []
    assert look().num_files == 0


def test_every_file_field_of_every_app_names_files(alice: User) -> None:
    """Also of rows that no manager of a feature would show."""
    track = make_di_track(alice)
    for name in ("di/x/track.wav", "captures/x/capture.nam", "cache/xx/audio.wav"):
        put(name)
    DITrack.objects.filter(pk=track.pk).update(file="di/x/track.wav")
    assert found() == ["cache/xx/audio.wav", "captures/x/capture.nam"]
    CachedAudio.objects.create(key="x", file="cache/xx/audio.wav", size_bytes=5, described={})
    assert found() == ["captures/x/capture.nam"]


def test_the_earlier_file_of_a_retried_result_is_an_orphan_though_the_manifest_names_the_id(
    rendered: Shootout,
) -> None:
    """Killed between storing the second file and writing the row: that file was never named."""
    row = RenderedFile.objects.filter(kind="segment").first()
    assert row is not None
    assert str(row.uuid) in str(Manifest.objects.get().data)
    second = put(f"renders/{rendered.uuid}/v1/{row.uuid}_abc1234.flac")
    assert found() == [second]


def test_what_a_manifest_names_stays_even_without_a_row(rendered: Shootout) -> None:
    row = RenderedFile.objects.filter(kind="montage").get()
    name = row.file.name
    assert name is not None
    age(name, 48.0)
    # Behind the back of everything that deletes files with their rows.
    RenderedFile.objects.filter(pk=row.pk)._raw_delete(using="default")
    assert default_storage.exists(name)
    assert found() == []
    Manifest.objects.all().delete()
    assert found() == [name]


def test_what_a_segment_names_as_its_source_stays(rendered: Shootout) -> None:
    segment = Segment.objects.first()
    assert segment is not None
    named = put(f"di/{rendered.owner.uuid}/source.wav")
    other = put(f"di/{rendered.owner.uuid}/other.wav")
    Segment.objects.filter(pk=segment.pk).update(sources={"a" * 64: named})
    assert found() == [other]


def test_a_row_that_comes_in_between_keeps_its_file(alice: User) -> None:
    track = make_di_track(alice)
    name = put(f"di/{alice.uuid}/late.wav")
    search = look()
    DITrack.objects.filter(pk=track.pk).update(file=name)
    assert orphans_delete(search) == 0
    assert default_storage.exists(name)


def test_an_upload_never_takes_over_a_file_that_is_there(alice: User) -> None:
    """Else a search that has just found the file would take it from under the new row."""
    track = make_di_track(alice)
    left = track.file.name
    assert left is not None
    content = default_storage.open(left).read()
    DITrack.objects.filter(pk=track.pk)._raw_delete(using="default")
    age(left, 48.0)
    search = look()
    assert [orphan.name for orphan in search.orphans] == [left]
    again, _ = di_track_upload(owner=alice, upload=upload(content, "riff.wav"))
    assert again.file.name != left
    assert orphans_delete(search) == 1
    assert again.file.name is not None
    assert default_storage.exists(again.file.name)


def test_the_same_upload_twice_leaves_one_file(alice: User, media_root: Path) -> None:
    content = wav_bytes(plucked())
    di_track_upload(owner=alice, upload=upload(content, "riff.wav"))
    before = age_everything(media_root)
    with pytest.raises(Exception, match="already have this DI track"):
        di_track_upload(owner=alice, upload=upload(content, "riff.wav"))
    assert age_everything(media_root) == before


def test_files_go_with_their_rows_so_there_is_nothing_left_to_find(
    rendered: Shootout, media_root: Path
) -> None:
    shootout_render(shootout=rendered)  # and the second version is not even begun
    for track in DITrack.objects.all():
        di_track_delete(track=track)
    Capture.objects.all().delete()
    rendered.delete()
    age_everything(media_root)
    assert found() == []


def test_thousands_of_files_take_few_queries(
    rendered: Shootout, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    folder = f"renders/{rendered.uuid}/v1"
    left = [put(f"{folder}/{uuid4()}.flac") for _ in range(40)]
    with django_assert_max_num_queries(12):
        assert len(look().orphans) == len(left)


def test_a_file_that_vanishes_while_it_is_looked_at() -> None:
    name = put(f"di/{uuid4()}/gone.wav")
    # Listed, and no longer there when it is asked for its size.
    default_storage.delete(name)
    os.symlink("nowhere", default_storage.path(name))
    assert look().orphans == []

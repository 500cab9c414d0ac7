"""A storage that answers errors, or has no room: told by name, and nothing half-done stays."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from gts.storage.local import AtomicFileSystemStorage
from gts.web.errors import UnavailableError
from jobs.files.storage import fetch_file, store_local_file, store_upload
from jobs.pipeline.errors import PipelineError

Trouble = Callable[[], Exception]


class BucketError(Exception):
    """As client libraries of object stores raise it: no OSError."""


class Bucket(AtomicFileSystemStorage):
    """A storage that is not on this machine, and fails while ``trouble`` is set."""

    trouble: ClassVar[Trouble | None] = None

    def path(self, name: str) -> str:
        raise NotImplementedError

    def exists(self, name: str) -> bool:
        return (Path(self.location) / name).exists()

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        self._fail()
        return File((Path(self.location) / name).open("rb"))

    def _save(self, name: str, content: File[bytes]) -> str:
        self._fail()
        return AtomicFileSystemStorage(self.location)._save(name, content)

    def _fail(self) -> None:
        if Bucket.trouble is not None:
            raise Bucket.trouble()


@pytest.fixture
def bucket(tmp_path: Path, settings: Any) -> Iterator[Storage]:
    backend = {
        "BACKEND": "gts.storage.tests.test_local.Bucket",
        "OPTIONS": {"location": tmp_path / "b"},
    }
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    yield default_storage
    Bucket.trouble = None


def test_a_file_goes_to_the_storage_and_comes_back(bucket: Storage, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF")
    stored = store_local_file(path, "pre-gain/a.wav")
    assert fetch_file(stored.name, tmp_path).read_bytes() == b"RIFF"


def test_what_a_storage_raises_is_told_by_name(bucket: Storage, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF")
    stored = store_local_file(path, "pre-gain/a.wav")
    Bucket.trouble = lambda: BucketError("503 SlowDown")
    for call in (
        lambda: store_local_file(path, "pre-gain/b.wav"),
        lambda: fetch_file(stored.name, tmp_path),
    ):
        with pytest.raises(PipelineError) as error:
            call()
        assert (error.value.code, error.value.is_permanent) == ("STORAGE_UNAVAILABLE", False)
        assert "SlowDown" in error.value.detail
        assert "SlowDown" not in error.value.message
    Bucket.trouble = None
    assert store_local_file(path, "pre-gain/b.wav").name == "pre-gain/b.wav"


def test_a_file_that_is_missing_is_missing_for_good(bucket: Storage, tmp_path: Path) -> None:
    with pytest.raises(PipelineError) as error:
        fetch_file("not/there.wav", tmp_path)
    assert (error.value.code, error.value.is_permanent) == ("FILE_MISSING", True)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (lambda: BucketError("503 SlowDown"), "STORAGE_UNAVAILABLE"),
        (lambda: OSError(errno.ENOSPC, "No space left on device"), "DISK_FULL"),
    ],
)
def test_an_upload_that_cannot_be_stored_may_come_again(
    bucket: Storage, trouble: Trouble, code: str
) -> None:
    Bucket.trouble = trouble
    with pytest.raises(UnavailableError) as error:
        store_upload(SimpleUploadedFile("a", b"abc"), folder="di", suffix=".wav", max_bytes=10)
    assert (error.value.status, error.value.code) == (503, code)
    assert str(trouble()) not in error.value.message
    Bucket.trouble = None
    stored = store_upload(SimpleUploadedFile("a", b"abc"), folder="di", suffix=".wav", max_bytes=10)
    assert default_storage.exists(stored.name)


def test_the_storage_keeps_what_is_whole(bucket: Storage) -> None:
    Bucket.trouble = lambda: BucketError("reset")
    with pytest.raises(BucketError):
        default_storage.save("a.txt", ContentFile(b"abc"))
    assert not default_storage.exists("a.txt")

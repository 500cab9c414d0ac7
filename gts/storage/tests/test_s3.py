"""Files in a bucket: what Django's storage promises, and that trouble has the names of ours."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from gts.storage.s3 import S3Storage
from gts.storage.tests.buckets import Bucket, answering
from gts.web.errors import UnavailableError
from jobs.files.storage import (
    delete_stored,
    fetch_file,
    media_store,
    store_local_file,
    store_upload,
)
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.files import sha256_of
from jobs.queue.failures import failure_from

MIB = 1024 * 1024


def use(settings: Settings, bucket: Bucket, **options: Any) -> S3Storage:
    settings.STORAGES = {**settings.STORAGES, "default": bucket.storage(**options)}
    storage = storages["default"]
    assert isinstance(storage, S3Storage)
    return storage


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_files_go_in_and_come_back_below_the_folder(bucket: Bucket, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF" * 1000)
    stored = store_local_file(path, "renders/a.wav")
    assert bucket.names() == ["media/renders/a.wav"]
    assert bucket.content("renders/a.wav") == path.read_bytes()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    fetched = fetch_file(stored.name, scratch, sha256=stored.sha256)
    assert fetched.read_bytes() == path.read_bytes()
    assert list(scratch.iterdir()) == [fetched]


def test_a_name_that_is_taken_leads_to_another(bucket: Bucket) -> None:
    first = default_storage.save("di/a.wav", ContentFile(b"1"))
    second = default_storage.save("di/a.wav", ContentFile(b"2"))
    assert first == "di/a.wav"
    assert second != first
    assert (bucket.content(first), bucket.content(second)) == (b"1", b"2")


def test_a_large_file_goes_in_parts_and_nothing_of_it_is_left_over(
    bucket: Bucket, tmp_path: Path
) -> None:
    path = tmp_path / "big.bin"
    path.write_bytes(bytes(range(256)) * (20 * MIB // 256) + b"end")
    stored = store_local_file(path, "renders/big.bin")
    assert bucket.client.head_object(Bucket=bucket.name, Key="media/renders/big.bin")["ETag"].count(
        "-"
    )
    copy = fetch_file(stored.name, tmp_path)
    assert sha256_of(copy) == stored.sha256
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name)


def test_an_upload_that_breaks_off_leaves_nothing(bucket: Bucket, settings: Settings) -> None:
    class Breaks(ContentFile[bytes]):
        def read(self, *args: Any, **kwargs: Any) -> bytes:
            if self.tell() > 15 * MIB:
                raise OSError(errno.EIO, "the disk of the upload is broken")
            return bytes(super().read(*args, **kwargs))

    with pytest.raises(OSError, match="broken"):
        default_storage.save("renders/x.bin", Breaks(bytes(24 * MIB)))
    assert bucket.names() == []
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name)


def test_parts_of_killed_uploads_are_removed_when_they_are_old(bucket: Bucket) -> None:
    for key in ("media/renders/a", "elsewhere/b"):
        bucket.client.create_multipart_upload(Bucket=bucket.name, Key=key)
    # The server of these tests says of every upload that it began in November 2010.
    assert media_store().remove_stale_uploads(older_than=datetime(2010, 11, 1, tzinfo=UTC)) == 0
    assert media_store().remove_stale_uploads(older_than=datetime.now(UTC)) == 1
    left = bucket.client.list_multipart_uploads(Bucket=bucket.name)["Uploads"]
    assert [upload["Key"] for upload in left] == ["elsewhere/b"]


def test_it_is_read_from_anywhere_and_only_as_far_as_asked(bucket: Bucket) -> None:
    content = bytes(range(256)) * 40_000
    name = default_storage.save("di/a.bin", ContentFile(content))
    with default_storage.open(name, "rb") as file:
        assert file.size == len(content)
        assert file.read(10) == content[:10]
        file.seek(-7, 2)
        assert file.read() == content[-7:]
        file.seek(5_000_000)
        assert file.read(300) == content[5_000_000:5_000_300]
        assert file.read(0) == b""
    assert b"".join(default_storage.open(name).chunks()) == content


def test_a_file_that_changes_while_it_is_read_is_not_two_halves(bucket: Bucket) -> None:
    name = default_storage.save("di/a.bin", ContentFile(bytes(3 * MIB)))
    with default_storage.open(name, "rb") as file:
        file.read(10)
        bucket.client.put_object(Bucket=bucket.name, Key=f"media/{name}", Body=b"x" * 3 * MIB)
        file.seek(2 * MIB + 5)
        with pytest.raises(OSError, match="412"):
            file.read()


def test_what_is_not_there_is_a_file_that_is_not_found(bucket: Bucket, tmp_path: Path) -> None:
    for ask in (default_storage.open, default_storage.size, default_storage.get_modified_time):
        with pytest.raises(FileNotFoundError):
            ask("di/none.wav")
    assert not default_storage.exists("di/none.wav")
    default_storage.delete("di/none.wav")
    with pytest.raises(PipelineError) as error:
        fetch_file("di/none.wav", tmp_path)
    assert (error.value.code, error.value.is_permanent) == ("FILE_MISSING", True)
    with pytest.raises(SuspiciousOperation):
        default_storage.open("../outside.wav")


def test_a_file_that_is_not_what_it_was_is_not_used(bucket: Bucket, tmp_path: Path) -> None:
    name = default_storage.save("di/a.wav", ContentFile(b"changed"))
    with pytest.raises(PipelineError) as error:
        fetch_file(name, tmp_path, sha256="0" * 64)
    assert error.value.code == "FILE_DAMAGED"
    assert list(tmp_path.glob("*.wav")) == []


def test_listing_goes_through_every_folder_and_every_page(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {f"renders/{index % 3}/{index}.bin": index for index in range(7)}
    for name, size in wanted.items():
        default_storage.save(name, ContentFile(bytes(size)))
    bucket.client.put_object(Bucket=bucket.name, Key="media/renders-not/x", Body=b"x")
    found = list(media_store().files_below("renders"))
    assert {file.name: file.size_bytes for file in found} == wanted
    assert all(abs(datetime.now(UTC) - file.modified_at) < timedelta(hours=1) for file in found)
    assert list(media_store().files_below("nothing")) == []


@pytest.mark.parametrize(
    ("status", "code", "failure"),
    [
        (503, "SlowDown", "STORAGE_UNAVAILABLE"),
        (500, "InternalError", "STORAGE_UNAVAILABLE"),
        (403, "AccessDenied", "STORAGE_UNAVAILABLE"),
        (404, "NoSuchBucket", "STORAGE_UNAVAILABLE"),
        (507, "XMinioStorageFull", "DISK_FULL"),
    ],
)
def test_errors_of_the_store_are_told_by_name(
    new_bucket: Bucket, settings: Settings, tmp_path: Path, status: int, code: str, failure: str
) -> None:
    with answering(status, code) as endpoint:
        use(settings, new_bucket, endpoint_url=endpoint)
        path = tmp_path / "a.wav"
        path.write_bytes(b"RIFF")
        with pytest.raises(OSError, match=str(status)) as error:
            list(media_store().files_below("di"))
        found = failure_from(error.value)
        assert (found.code, found.is_permanent) == (failure, False)
        assert "internal-detail" not in found.message
        with pytest.raises(UnavailableError) as refused:
            store_upload(SimpleUploadedFile("a", b"abc"), folder="di", suffix=".wav", max_bytes=9)
        assert refused.value.status == 503
        delete_stored("di/a.wav")  # logged, and left to prune_media


def test_a_store_that_says_nothing_or_is_not_there_is_given_up_soon(
    new_bucket: Bucket, settings: Settings, silent_port: int, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed_port = probe.getsockname()[1]
    for port in (silent_port, closed_port):
        url = f"http://127.0.0.1:{port}"
        use(settings, new_bucket, endpoint_url=url, connect_timeout_s=0.2, read_timeout_s=0.2)
        with pytest.raises(OSError, match="away"):
            fetch_file("di/a.wav", tmp_path)
        with pytest.raises(OSError, match="away"):
            default_storage.save("di/a.wav", ContentFile(b"abc"))


def test_without_credentials_it_says_so(
    new_bucket: Bucket, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    use(settings, new_bucket)
    with pytest.raises(OSError, match="NoCredentials"):
        default_storage.exists("di/a.wav")

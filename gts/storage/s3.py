"""Files in a bucket, of Amazon or of anyone who speaks its language.

An object appears when its last byte has arrived, so no one ever sees half of one. Whatever goes
wrong is told as by a file system: ``FileNotFoundError``, or another ``OSError``.
"""

from __future__ import annotations

import asyncio
import errno
import io
import os
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import boto3
import httpx
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.files import File
from storages.backends.s3 import S3Storage as BaseS3Storage

from gts.environment import env
from gts.web.errors import StorageAwayError
from jobs.files.storage import CHUNK_BYTES, ListedFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client, S3ServiceResource
    from mypy_boto3_s3.service_resource import Bucket

CONNECT_TIMEOUT_S: Final = 3
READ_TIMEOUT_S: Final = 10
_MIB: Final = 1024 * 1024
# Larger files go in parts of this size, so many at once: that bounds the memory of an upload.
_PART_BYTES: Final = 8 * _MIB
_PARTS_AT_ONCE: Final = 4
_NO_ROOM: Final = (507,)


class S3Storage(BaseS3Storage):  # type: ignore[misc]  # django-storages has no types
    """``connect_timeout_s`` and ``read_timeout_s``: of each try; there are two."""

    def __init__(
        self,
        *,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
        public_endpoint_url: str | None = None,
        **options: Any,
    ) -> None:
        self._timeout = httpx.Timeout(read_timeout_s, connect=connect_timeout_s)
        self._public_endpoint_url = public_endpoint_url
        self._lock = threading.Lock()
        self._shared: tuple[int, S3ServiceResource] | None = None
        has_endpoint = options.get("endpoint_url") is not None
        super().__init__(
            file_overwrite=False,
            signature_version="s3v4",
            client_config=Config(
                connect_timeout=connect_timeout_s,
                read_timeout=read_timeout_s,
                retries={"mode": "standard", "total_max_attempts": 2},
                signature_version="s3v4",
                s3={"addressing_style": options.get("addressing_style", "auto")},
                max_pool_connections=32,
                # Of the checksums that Amazon has added not every other store knows what to think.
                request_checksum_calculation="when_required" if has_endpoint else None,
                response_checksum_validation="when_required" if has_endpoint else None,
            ),
            transfer_config=TransferConfig(
                multipart_threshold=2 * _PART_BYTES,
                multipart_chunksize=_PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            ),
            **options,
        )

    # What django-storages does, with connections that all threads of a process share ----

    @property
    def connection(self) -> S3ServiceResource:
        """Clients are safe to share between threads, but not with the processes of a pool."""
        with self._lock:
            if self._shared is None or self._shared[0] != os.getpid():
                self._shared = (os.getpid(), self._new_connection(self.endpoint_url))
            return self._shared[1]

    def _new_connection(self, endpoint_url: str | None) -> S3ServiceResource:
        with _as_file_errors(""):
            session: boto3.Session = self._create_session()
            return session.resource(
                "s3",
                region_name=self.region_name,
                endpoint_url=endpoint_url,
                config=self.client_config,
            )

    @property
    def client(self) -> S3Client:
        return self.connection.meta.client

    @property
    def bucket(self) -> Bucket:
        return self.connection.Bucket(self.bucket_name)

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        if mode != "rb":
            raise ValueError("files are written by save(), in one piece")
        reader = S3Reader(self, name)
        file: File[bytes] = File(io.BufferedReader(reader, _MIB), name)
        file.size = reader.size_bytes
        return file

    def _save(self, name: str, content: File[bytes]) -> str:
        with _as_file_errors(name):
            return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        with _as_file_errors(name), suppress(FileNotFoundError):
            super().delete(name)

    def exists(self, name: str) -> bool:
        with _as_file_errors(name):
            return bool(super().exists(name))

    def size(self, name: str) -> int:
        with _as_file_errors(name):
            return int(super().size(name))

    def get_modified_time(self, name: str) -> datetime:
        with _as_file_errors(name):
            found: datetime = super().get_modified_time(name)
            return found

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        with _as_file_errors(name):
            folders, files = super().listdir(name)
            return folders, files

    # What GTS asks for beside that (jobs.files.storage.MediaStore) -----

    def key_of(self, name: str) -> str:
        return str(self._normalize_name(name))

    def files_below(self, folder: str) -> Iterator[ListedFile]:
        prefix = self.key_of(folder).rstrip("/") + "/"
        above = len(f"{self.location.strip('/')}/") if self.location.strip("/") else 0
        with _as_file_errors(folder):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket_name, Prefix=prefix
            )
            for page in pages:
                for entry in page.get("Contents", ()):
                    if not entry["Key"].endswith("/"):  # a "folder" made in some console
                        name = entry["Key"][above:]
                        yield ListedFile(name, entry["Size"], entry["LastModified"])

    async def open_range(self, name: str, start: int, length: int) -> AsyncIterator[bytes]:
        url = await asyncio.to_thread(self._signed_url, self.connection, name)
        chunks = self._chunks(url, name, start, length)
        try:
            first = await anext(chunks)
        except StopAsyncIteration:
            first = b""
        return _beginning_with(first, chunks)

    async def _chunks(self, url: str, name: str, start: int, length: int) -> AsyncIterator[bytes]:
        """Straight from the connection: what no one asks for is not read either."""
        if length <= 0:
            return
        headers = {"Range": f"bytes={start}-{start + length - 1}", "Accept-Encoding": "identity"}
        try:
            async with (
                httpx.AsyncClient(timeout=self._timeout, verify=_trust()) as client,
                client.stream("GET", url, headers=headers) as answer,
            ):
                if answer.status_code == 404:
                    raise _missing(name)
                if answer.status_code != 206:
                    raise StorageAwayError(
                        errno.EIO, f"the bucket answers {answer.status_code}", name
                    )
                async for chunk in answer.aiter_raw(CHUNK_BYTES):
                    length -= len(chunk)
                    yield chunk
        except httpx.HTTPError as error:
            raise StorageAwayError(
                errno.EIO, f"the bucket is away: {type(error).__name__}", name
            ) from error
        if length != 0:
            raise StorageAwayError(errno.EIO, "the bucket has sent less than it has", name)

    def link(self, name: str, *, content_type: str, disposition: str) -> str | None:
        if not settings.GTS_MEDIA_REDIRECT:
            return None
        connection = self.connection
        if self._public_endpoint_url is not None:
            connection = self._public_connection()
        return self._signed_url(
            connection,
            name,
            ResponseContentType=content_type,
            ResponseContentDisposition=disposition,
            ResponseCacheControl="private, no-store",
        )

    def _public_connection(self) -> S3ServiceResource:
        # It only signs and never connects, so nothing is wrong with sharing it.
        with self._lock:
            if not hasattr(self, "_public"):
                self._public = self._new_connection(self._public_endpoint_url)
            return self._public

    def _signed_url(self, connection: S3ServiceResource, name: str, **answer: str) -> str:
        with _as_file_errors(name):
            return connection.meta.client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self.bucket_name, "Key": self.key_of(name), **answer},
                ExpiresIn=settings.GTS_MEDIA_REDIRECT_S,
            )

    def start_problems(self) -> list[CheckMessage]:
        name = self.bucket_name
        try:
            self.client.head_bucket(Bucket=name)
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if status == 404:
                hint = "Make it, or correct GTS_STORAGE."
                return [Error(f"There is no bucket {name}.", hint=hint, id="gts.E013")]
            if status in (301, 400, 401, 403):
                return [
                    Error(
                        f"The bucket {name} is not ours to use: its store answers {status}.",
                        hint="Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, what they may do "
                        "(docs/operations.md), and the region in GTS_STORAGE.",
                        id="gts.E014",
                    )
                ]
            return [_away(f"its store answers {status}")]
        except (NoCredentialsError, PartialCredentialsError):
            return [
                Error(
                    f"There are no credentials for the bucket {name}.",
                    hint="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
                    id="gts.E015",
                )
            ]
        except (BotoCoreError, OSError) as error:
            return [_away(type(error).__name__)]
        return []

    def look(self) -> None:
        with _as_file_errors(""):
            self.client.head_bucket(Bucket=self.bucket_name)

    def remove_stale_uploads(self, *, older_than: datetime) -> int:
        """Parts of uploads whose process was killed: they cost room and show up nowhere."""
        num_gone = 0
        with _as_file_errors(""):
            prefix = f"{self.location.strip('/')}/" if self.location.strip("/") else ""
            pages = self.client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.bucket_name, Prefix=prefix
            )
            for page in pages:
                for upload in page.get("Uploads", ()):
                    if upload["Initiated"] < older_than:
                        self.client.abort_multipart_upload(
                            Bucket=self.bucket_name, Key=upload["Key"], UploadId=upload["UploadId"]
                        )
                        num_gone += 1
        return num_gone


class S3Reader(io.RawIOBase):
    """An object as an open file. It comes as it is read; after a seek, from there."""

    def __init__(self, storage: S3Storage, name: str) -> None:
        super().__init__()
        self._storage = storage
        self._name = name
        self._place = {"Bucket": storage.bucket_name, "Key": storage.key_of(name)}
        with _as_file_errors(name):
            head = storage.client.head_object(**self._place)
        self.size_bytes = head["ContentLength"]
        self._etag = head["ETag"]
        self._position = 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size_bytes}[whence]
        if base + offset != self._position:
            self._hang_up()
            self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        if self._position >= self.size_bytes or len(buffer) == 0:
            return 0
        with _as_file_errors(self._name):
            if self._body is None:
                self._body = self._storage.client.get_object(
                    **self._place,
                    Range=f"bytes={self._position}-",
                    IfMatch=self._etag,  # not the beginning of one and the end of another
                )["Body"]
            chunk = self._body.read(len(buffer))
        if not chunk:
            raise StorageAwayError(errno.EIO, "the bucket has sent less than it has", self._name)
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)

    def close(self) -> None:
        if not self.closed:
            self._hang_up()
        super().close()

    def _hang_up(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


def _away(why: str) -> CheckMessage:
    return Warning(
        f"The bucket of GTS_STORAGE cannot be reached: {why}.",
        hint="Uploads and renders wait until it answers; /health/ready says when.",
        id="gts.W003",
    )


async def _beginning_with(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for chunk in rest:
        yield chunk


@contextmanager
def _as_file_errors(name: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = error.response.get("Error", {}).get("Code", "")
        if status == 404 and code != "NoSuchBucket":
            raise _missing(name) from error
        number = errno.ENOSPC if status in _NO_ROOM else errno.EIO
        raise StorageAwayError(number, f"the bucket answers {status} {code}", name) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageAwayError(
            errno.EIO, f"the bucket is away: {type(error).__name__}", name
        ) from error


def _missing(name: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, "not in the bucket", name)


@cache
def _trust() -> ssl.SSLContext:
    """Read once: it takes longer than many a request. The same certificates as boto3's."""
    return ssl.create_default_context(cafile=env("AWS_CA_BUNDLE") or None)

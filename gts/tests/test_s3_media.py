"""Media from a bucket: ranges without the whole, nothing left open, and redirects."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.core.asgi import get_asgi_application
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import AsyncClient
from pytest_django import Settings

from accounts.models import User
from accounts.services import access_token_create
from accounts.tests.factories import make_user
from gts.storage.tests.buckets import Bucket, answering
from jobs.files.storage import media_store
from shootouts.models import DITrack

pytestmark = pytest.mark.django_db(transaction=True)

CONTENT = bytes(range(256)) * 4096


@database_sync_to_async  # type: ignore[untyped-decorator]
def make_track(owner: User) -> tuple[str, dict[str, str]]:
    """A DI track whose file is in the bucket: its address, and the headers of its owner."""
    name = default_storage.save("di/a.wav", ContentFile(CONTENT))
    track = DITrack.objects.create(
        owner=owner,
        name="Riff",
        file=name,
        file_name="My riff – ü.wav",
        size_bytes=len(CONTENT),
        sha256="ab" * 32,
        state="ready",
    )
    token = access_token_create(user=owner, lifetime_s=600)
    return f"/api/v1/di-tracks/{track.uuid}/audio/", {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def track(bucket: Bucket) -> tuple[str, dict[str, str]]:
    made: tuple[str, dict[str, str]] = await make_track(await database_sync_to_async(make_user)())
    return made


async def read(answer: Any) -> bytes:
    return b"".join([chunk async for chunk in answer.streaming_content])


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        (None, 0, len(CONTENT) - 1),
        ("bytes=0-0", 0, 0),
        ("bytes=300000-900000", 300_000, 900_000),
        ("bytes=-5", len(CONTENT) - 5, len(CONTENT) - 1),
        ("bytes=1048570-", 1_048_570, len(CONTENT) - 1),
    ],
)
async def test_a_range_is_that_part_and_only_that_is_asked_of_the_bucket(
    track: tuple[str, dict[str, str]],
    async_client: AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    header: str | None,
    first: int,
    last: int,
) -> None:
    asked: list[str] = []
    stream = httpx.AsyncClient.stream

    def noting(self: httpx.AsyncClient, *args: Any, **kwargs: Any) -> Any:
        asked.append(kwargs["headers"]["Range"])
        return stream(self, *args, **kwargs)

    monkeypatch.setattr(httpx.AsyncClient, "stream", noting)
    url, headers = track
    more = {"Range": header} if header else {}
    answer = await async_client.get(url, headers={**headers, **more})
    assert answer.status_code == (206 if header else 200)
    assert await read(answer) == CONTENT[first : last + 1]
    assert answer["Content-Length"] == str(last - first + 1)
    assert answer["Content-Type"] == "audio/wav"
    assert answer["Content-Disposition"].startswith("inline; filename*=utf-8''My%20riff")
    assert answer.get("Content-Range") == (
        f"bytes {first}-{last}/{len(CONTENT)}" if header else None
    )
    assert asked == [f"bytes={first}-{last}"]


async def test_what_needs_no_body_asks_the_bucket_nothing(
    track: tuple[str, dict[str, str]], async_client: AsyncClient, bucket: Bucket
) -> None:
    url, headers = track
    bucket.client.delete_object(Bucket=bucket.name, Key="media/di/a.wav")
    head = await async_client.head(url, headers=headers)
    assert (head.status_code, head["Content-Length"]) == (200, str(len(CONTENT)))
    tag = {"If-None-Match": head["ETag"]}
    assert (await async_client.get(url, headers={**headers, **tag})).status_code == 304
    far = {"Range": f"bytes={len(CONTENT)}-"}
    assert (await async_client.get(url, headers={**headers, **far})).status_code == 416
    assert (await async_client.get(url, headers=headers)).status_code == 404


async def test_a_bucket_in_trouble_is_a_503_that_says_when_to_come_again(
    track: tuple[str, dict[str, str]],
    async_client: AsyncClient,
    bucket: Bucket,
    settings: Settings,
) -> None:
    url, headers = track
    with answering(503, "SlowDown") as endpoint:
        default = bucket.storage(endpoint_url=endpoint)
        settings.STORAGES = {**settings.STORAGES, "default": default}
        answer = await async_client.get(url, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "STORAGE_UNAVAILABLE")
    assert answer["Retry-After"] == "10"
    assert "SlowDown" not in answer.content.decode()
    default = bucket.storage(endpoint_url=endpoint)  # where no one listens any more
    settings.STORAGES = {**settings.STORAGES, "default": default}
    answer = await async_client.get(url, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "STORAGE_UNAVAILABLE")


class Spring:
    """A store that sends without end, and knows how much of it was taken and if one hung up."""

    def __init__(self) -> None:
        self.num_sent = 0
        self.has_hung_up = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(
                b"HTTP/1.1 206 Partial Content\r\nContent-Length: 4294967296\r\n\r\n"
            )
            try:
                while True:
                    connection.sendall(bytes(65536))
                    self.num_sent += 65536
            except OSError:
                self.has_hung_up.set()

    def close(self) -> None:
        self._server.close()
        self._thread.join(timeout=10)


@pytest.fixture
def spring(bucket: Bucket, settings: Settings) -> Iterator[Spring]:
    spring = Spring()
    default = bucket.storage(endpoint_url=spring.endpoint)
    settings.STORAGES = {**settings.STORAGES, "default": default}
    yield spring
    spring.close()


async def test_no_more_is_taken_than_is_asked_for_and_leaving_hangs_up(spring: Spring) -> None:
    chunks: AsyncIterator[bytes] = await media_store().open_range("di/a.wav", 0, 2**32)
    async for chunk in chunks:
        assert chunk
        break
    await asyncio.to_thread(spring.has_hung_up.wait, 1.0)  # as long as no one reads, nothing
    assert not spring.has_hung_up.is_set()
    # What the buffers of two sockets hold, far from four gigabytes.
    assert spring.num_sent < 64 * 1024 * 1024
    await chunks.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert await asyncio.to_thread(spring.has_hung_up.wait, 10)


async def test_a_client_that_leaves_takes_the_connection_to_the_bucket_along(
    track: tuple[str, dict[str, str]], spring: Spring, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database_sync_to_async(DITrack.objects.update)(size_bytes=2**32)
    url, headers = track
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": url,
        "raw_path": url.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("testserver", 80),
        "headers": [
            (b"host", b"testserver"),
            *((name.lower().encode(), value.encode()) for name, value in headers.items()),
        ],
    }
    visitor: Any = cast(Any, ApplicationCommunicator)(get_asgi_application(), scope)
    await visitor.send_input({"type": "http.request", "body": b""})
    assert (await visitor.receive_output(10))["status"] == 200
    assert (await visitor.receive_output(10))["body"]
    await visitor.send_input({"type": "http.disconnect"})
    await visitor.wait(10)
    assert await asyncio.to_thread(spring.has_hung_up.wait, 10)


async def test_the_bucket_sends_them_itself_where_that_is_wanted(
    track: tuple[str, dict[str, str]],
    async_client: AsyncClient,
    settings: Settings,
) -> None:
    settings.GTS_MEDIA_REDIRECT, settings.GTS_MEDIA_REDIRECT_S = True, 60
    url, headers = track
    answer = await async_client.get(f"{url}?download", headers=headers)
    assert (answer.status_code, answer["Cache-Control"]) == (302, "private, no-store")
    asked = parse_qs(urlsplit(answer["Location"]).query)
    assert asked["X-Amz-Expires"] == ["60"]
    assert "test" not in asked["X-Amz-Signature"][0]
    async with httpx.AsyncClient() as client:
        sent = await client.get(answer["Location"], headers={"Range": "bytes=5-9"})
    assert (sent.status_code, sent.content) == (206, CONTENT[5:10])
    assert sent.headers["Content-Type"] == "audio/wav"
    assert sent.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''My%20riff")
    # Anyone who may not have it gets no address either.
    assert (await async_client.get(url)).status_code == 401
    stranger = await database_sync_to_async(make_user)("charlie")
    token = await database_sync_to_async(access_token_create)(user=stranger, lifetime_s=600)
    answer = await async_client.get(url, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 404


async def test_browsers_may_know_the_bucket_by_another_address(
    track: tuple[str, dict[str, str]],
    async_client: AsyncClient,
    bucket: Bucket,
    settings: Settings,
) -> None:
    settings.GTS_MEDIA_REDIRECT = True
    default = bucket.storage(public_endpoint_url="https://media.gts.example")
    settings.STORAGES = {**settings.STORAGES, "default": default}
    url, headers = track
    answer = await async_client.get(url, headers=headers)
    assert answer["Location"].startswith(f"https://media.gts.example/{bucket.name}/media/di/a.wav?")

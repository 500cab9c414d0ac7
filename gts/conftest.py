from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from pytest_django import Settings

from gts.storage.tests.buckets import Bucket, client_of, running_moto
from gts.tests.tone3000 import Visitor
from jobs.live import events
from tools.tone3000_server import FakeServer, running_fake_tone3000


@pytest.fixture(scope="session")
def fake_server() -> Iterator[FakeServer]:
    with running_fake_tone3000() as fake:
        yield fake


@pytest.fixture
def fake(fake_server: FakeServer, settings: Settings) -> Iterator[FakeServer]:
    """As new, known to the settings, and asked of nothing that it does not like to be asked."""
    fake_server.reset()
    api = f"{fake_server.base}/api/v1"
    settings.GTS_TONE3000_KEY = settings.SOCIAL_AUTH_TONE3000_KEY = fake_server.client_id
    settings.GTS_TONE3000_API = api
    settings.SOCIAL_AUTH_TONE3000_AUTHORIZATION_URL = f"{api}/oauth/authorize"
    settings.SOCIAL_AUTH_TONE3000_ACCESS_TOKEN_URL = f"{api}/oauth/token"
    yield fake_server
    fake_server.assert_clean()


@pytest.fixture
def visitor(fake: FakeServer) -> Visitor:
    return Visitor(fake)


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    with running_moto() as endpoint:
        yield endpoint


@pytest.fixture
def new_bucket(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Empty, and not yet where GTS keeps its files."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    bucket = Bucket(moto_server, f"gts-{secrets.token_hex(6)}", client_of(moto_server))
    bucket.client.create_bucket(Bucket=bucket.name)
    return bucket


@pytest.fixture
def bucket(new_bucket: Bucket, media_root: object, settings: Settings) -> Bucket:
    """Empty, and where GTS keeps its files."""
    settings.STORAGES = {**settings.STORAGES, "default": new_bucket.storage()}
    return new_bucket


@pytest_asyncio.fixture
async def news_come_to_this_loop() -> AsyncIterator[None]:
    """What is published goes to the sockets of this test."""
    events.bind_loop(asyncio.get_running_loop())
    yield
    events.bind_loop(None)

"""One fake server for all these tests, as new for each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from pytest_django import Settings

from accounts.models import User
from gear.tone3000 import client as client_module
from gear.tone3000.client import Tone3000Client
from gear.tone3000.rate_limit import own_pool
from gear.tone3000.tests.connected import connect
from gear.tone3000.tests.tokens import PairTokens
from tools.tone3000_server import FakeServer, running_fake_tone3000


@pytest.fixture(scope="session")
def fake_server() -> Iterator[FakeServer]:
    with running_fake_tone3000() as fake:
        yield fake


@pytest.fixture
def fake(fake_server: FakeServer, settings: Settings) -> Iterator[FakeServer]:
    """New, with settings that lead to it, and asked of nothing that it does not like."""
    fake_server.reset()
    settings.GTS_TONE3000_API = f"{fake_server.base}/api/v1"
    settings.GTS_TONE3000_AUTHORIZE_URL = f"{fake_server.base}/api/v1/oauth/authorize"
    settings.GTS_TONE3000_KEY = settings.SOCIAL_AUTH_TONE3000_KEY = fake_server.client_id
    settings.GTS_TONE3000_DOWNLOAD_HOSTS = ["127.0.0.1"]
    yield fake_server
    fake_server.assert_clean()


@pytest.fixture
async def pool() -> AsyncIterator[httpx.AsyncClient]:
    async with own_pool() as pool:
        yield pool


@pytest.fixture
def tokens(fake: FakeServer) -> PairTokens:
    return PairTokens(fake)


@pytest.fixture
def tone3000(pool: httpx.AsyncClient, tokens: PairTokens) -> Tone3000Client:
    return Tone3000Client(pool, tokens)


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_RETRY_PAUSES_S", (0.001, 0.001))


@pytest.fixture
def connected(alice: User, fake: FakeServer) -> User:
    return connect(alice, fake)

"""One stand-in for all these tests, as new for each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from pytest_django import Settings

from accounts.models import User
from gear.tests.tone3000.connected import connect
from gear.tests.tone3000.tokens import PairTokens
from gear.tone3000 import client as client_module
from gear.tone3000.client import Tone3000Client
from gear.tone3000.standin import StandIn, running_standin
from gear.tone3000.transport import own_pool


@pytest.fixture(scope="session")
def standin_server() -> Iterator[StandIn]:
    with running_standin() as standin:
        yield standin


@pytest.fixture
def teased(standin_server: StandIn) -> StandIn:
    """The stand-in as new, for tests that ask it what no client of ours would."""
    standin_server.reset()
    return standin_server


@pytest.fixture
def standin(standin_server: StandIn, settings: Settings) -> Iterator[StandIn]:
    """New, with settings that lead to it, and asked of nothing that it does not like."""
    standin_server.reset()
    settings.GTS_TONE3000_API = f"{standin_server.base}/api/v1"
    settings.GTS_TONE3000_AUTHORIZE_URL = f"{standin_server.base}/api/v1/oauth/authorize"
    settings.GTS_TONE3000_KEY = settings.SOCIAL_AUTH_TONE3000_KEY = standin_server.client_id
    settings.GTS_TONE3000_DOWNLOAD_HOSTS = ["127.0.0.1"]
    yield standin_server
    standin_server.assert_clean()


@pytest.fixture
async def pool() -> AsyncIterator[httpx.AsyncClient]:
    async with own_pool() as pool:
        yield pool


@pytest.fixture
def tokens(standin: StandIn) -> PairTokens:
    return PairTokens(standin)


@pytest.fixture
def tone3000(pool: httpx.AsyncClient, tokens: PairTokens) -> Tone3000Client:
    return Tone3000Client(pool, tokens)


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_RETRY_PAUSES_S", (0.001, 0.001))


@pytest.fixture
def connected(alice: User, standin: StandIn) -> User:
    return connect(alice, standin)

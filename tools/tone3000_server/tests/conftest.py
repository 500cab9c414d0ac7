from __future__ import annotations

from collections.abc import Iterator

import pytest

from tools.tone3000_server import FakeServer, running_fake_tone3000


@pytest.fixture(scope="session")
def fake_server() -> Iterator[FakeServer]:
    with running_fake_tone3000() as fake:
        yield fake


@pytest.fixture
def teased(fake_server: FakeServer) -> FakeServer:
    """The fake server as new, for tests that ask it what no client of ours would."""
    fake_server.reset()
    return fake_server

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.tone3000.tests.token_endpoint import Endpoint, running_endpoint


@pytest.fixture
def endpoint(settings: Settings) -> Iterator[Endpoint]:
    """A token endpoint, and settings that lead to it."""
    with running_endpoint() as endpoint:
        settings.GTS_TONE3000_KEY = settings.SOCIAL_AUTH_TONE3000_KEY = "t3k_pub_test"
        settings.GTS_TONE3000_API = endpoint.address
        settings.SOCIAL_AUTH_TONE3000_AUTHORIZATION_URL = f"{endpoint.address}/oauth/authorize"
        settings.SOCIAL_AUTH_TONE3000_ACCESS_TOKEN_URL = f"{endpoint.address}/oauth/token"
        yield endpoint

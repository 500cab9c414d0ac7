"""People whose account here is connected with the fake server, as after a login."""

from __future__ import annotations

from accounts.models import User
from accounts.tests.factories import connect_tone3000
from accounts.tone3000.calls import TokenAnswer
from tools.tone3000_server import FakeServer
from tools.tone3000_server.seed import catalog

_UUIDS = {name: user.uuid for name, user in catalog().users.items()}


def connect(user: User, fake: FakeServer, *, as_user: str = "alice") -> User:
    pair = fake.tokens(as_user)
    answer = TokenAnswer(pair["access_token"], pair["refresh_token"], pair["expires_in"])
    connect_tone3000(user, answer, tone3000_id=_UUIDS[as_user])
    return user

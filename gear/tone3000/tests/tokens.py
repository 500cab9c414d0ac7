"""A token source without a database, for tests of the client alone."""

from __future__ import annotations

from gts.web.errors import ReconnectNeededError
from tools.tone3000_server import FakeServer
from tools.tone3000_server.tests.oauth import refresh


class PairTokens:
    """A pair of the fake server's in memory. Refreshes as the stored ones are."""

    def __init__(self, fake: FakeServer, user: str = "alice") -> None:
        self.fake = fake
        self.account = user
        self.pair = fake.tokens(user)
        self.asked: list[str | None] = []
        self.dropped: list[str] = []

    @property
    def access(self) -> str:
        return str(self.pair["access_token"])

    async def token(self, *, rejected: str | None = None) -> str:
        self.asked.append(rejected)
        if rejected == self.access:
            answer = refresh(self.fake, self.pair["refresh_token"])
            if answer.status_code != 200:
                raise ReconnectNeededError("Connect again.")
            self.pair = answer.json()
        return self.access

    async def drop(self, token: str) -> None:
        self.dropped.append(token)

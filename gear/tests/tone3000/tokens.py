"""A token source without a database, for tests of the client alone."""

from __future__ import annotations

from accounts.errors import ReconnectNeededError
from gear.tests.tone3000.oauth import refresh
from gear.tone3000.standin import StandIn


class PairTokens:
    """A pair of the stand-in's in memory. Refreshes like the vault does."""

    def __init__(self, standin: StandIn, user: str = "alice") -> None:
        self.standin = standin
        self.account = user
        self.pair = standin.tokens(user)
        self.asked: list[str | None] = []
        self.dropped: list[str] = []

    @property
    def access(self) -> str:
        return str(self.pair["access_token"])

    async def token(self, *, rejected: str | None = None) -> str:
        self.asked.append(rejected)
        if rejected == self.access:
            answer = refresh(self.standin, self.pair["refresh_token"])
            if answer.status_code != 200:
                raise ReconnectNeededError("Connect again.")
            self.pair = answer.json()
        return self.access

    async def drop(self, token: str) -> None:
        self.dropped.append(token)

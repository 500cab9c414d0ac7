"""Whose tokens the client uses. How they are kept is for ``accounts`` to know."""

from __future__ import annotations

from typing import Protocol

from accounts.models import User
from accounts.tone3000.tokens import access_token, tokens_drop
from gts.web.database import in_database


class TokenSource(Protocol):
    @property
    def account(self) -> str:
        """Whose requests are counted together."""
        ...

    async def token(self, *, rejected: str | None = None) -> str:
        """A token that should be good, and is not ``rejected``.

        Raises ``ReconnectNeededError`` or ``TokenServiceUnavailableError``.
        """
        ...

    async def drop(self, token: str) -> None:
        """Even a fresh ``token`` was refused: the connection is over."""
        ...


class UserTokens:
    """The tokens that ``accounts`` keeps."""

    def __init__(self, user: User) -> None:
        self._user = user

    @property
    def account(self) -> str:
        return str(self._user.uuid)

    async def token(self, *, rejected: str | None = None) -> str:
        return await in_database(access_token, self._user, rejected=rejected)

    async def drop(self, token: str) -> None:
        await in_database(tokens_drop, user=self._user, refused=token)

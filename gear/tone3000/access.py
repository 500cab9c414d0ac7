"""In whose name Tone 3000 is asked, and what can go wrong, each with what people are told about it.

How tokens are kept is for ``accounts`` to know. Two errors more come from there, by way of
``gts.web.errors``: ``ReconnectNeededError``, which only the user can repair, and
``TokenServiceUnavailableError``, an ``UnavailableError`` like most here. ``detail`` is for
operators and never shown.
"""

from __future__ import annotations

from typing import Protocol

from accounts.models import User
from accounts.tone3000.tokens import access_token, tokens_drop
from gts.web.database import in_database
from gts.web.errors import NotFoundError, UnavailableError

UNAVAILABLE = "Tone 3000 does not answer just now. Please try again in a moment."
BACKING_OFF = "Tone 3000 has had many requests from here. GTS waits a moment before it asks again."
UNREADABLE = "Tone 3000 answered with something that GTS cannot read."
REFUSED = "Tone 3000 did not accept the question. This is a mistake of GTS."
RECONNECT = "Tone 3000 needs to be connected again."
NOT_AVAILABLE = "This tone is not available: it was deleted, or its creator made it private."


class Tone3000Error(UnavailableError):
    """No answer, or one of the kind 5xx: worth another try later, after ``wait`` seconds."""

    code = "TONE3000_UNAVAILABLE"

    def __init__(self, message: str, *, detail: str = "", wait: float | None = None) -> None:
        super().__init__(message, wait=wait)
        self.detail = detail


class BackingOffError(Tone3000Error):
    """Too many requests, by their limit or by ours: GTS is quiet for ``wait`` seconds."""

    code = "TONE3000_BACKING_OFF"


class UnreadableAnswerError(Tone3000Error):
    """An answer came, but not one that GTS can make sense of."""

    code = "TONE3000_ANSWER_UNREADABLE"


class RefusedRequestError(Tone3000Error):
    """They call our request wrong (400): a mistake of GTS, or their API has changed."""

    code = "TONE3000_REQUEST_REFUSED"


class NotAvailableError(NotFoundError):
    """Deleted, or private to someone else: from outside the two look the same."""

    code = "TONE3000_NOT_AVAILABLE"


class DownloadError(Exception):
    """What came is not the file that was asked for. Each case has a code of its own."""

    def __init__(
        self, code: str, message: str, *, detail: str = "", is_permanent: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail
        self.is_permanent = is_permanent


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

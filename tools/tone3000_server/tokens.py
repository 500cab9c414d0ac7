"""Codes and tokens of the fake server: single use, rotation, expiry."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

ACCESS_TOKEN_CHARS: Final = 985  # as long as the real ones, so that columns too short are found


@dataclass(slots=True)
class Code:
    client_id: str
    redirect_uri: str
    challenge: str
    user: str
    expires_at: float
    is_used: bool = False
    session: Session | None = None


@dataclass(slots=True)
class Session:
    """One login: a chain of refresh tokens of which only the last is good."""

    user: str
    client_id: str
    refresh_token: str = ""
    used_at: dict[str, float] = field(default_factory=dict)
    is_revoked: bool = False


@dataclass(slots=True)
class _Access:
    session: Session
    expires_at: float


@dataclass(frozen=True, slots=True)
class Pair:
    access_token: str
    refresh_token: str


class TokenOffice:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._codes: dict[str, Code] = {}
        self._access: dict[str, _Access] = {}
        self._sessions: dict[str, Session] = {}  # by every refresh token it ever had

    # Codes

    def new_code(
        self, *, client_id: str, redirect_uri: str, challenge: str, user: str, ttl_s: int
    ) -> str:
        code = secrets.token_urlsafe(24)
        self._codes[code] = Code(client_id, redirect_uri, challenge, user, self._clock() + ttl_s)
        return code

    def take_code(self, value: str) -> Code | None:
        """The code, used up from now on. One that was used before also takes its tokens along."""
        code = self._codes.get(value)
        if code is None or self._clock() >= code.expires_at:
            return None
        if code.is_used:
            if code.session is not None:
                self.revoke(code.session)
            return None
        code.is_used = True
        return code

    # Tokens

    def new_session(self, *, user: str, client_id: str, ttl_s: int) -> tuple[Session, Pair]:
        session = Session(user, client_id)
        return session, self._pair(session, ttl_s)

    def session_of_refresh(self, token: str) -> Session | None:
        return self._sessions.get(token)

    def rotate(self, session: Session, *, ttl_s: int) -> Pair:
        """The old refresh token is dead at once; the old access token lives on."""
        session.used_at[session.refresh_token] = self._clock()
        return self._pair(session, ttl_s)

    def access_again(self, session: Session, *, ttl_s: int) -> Pair:
        """Another access token beside the refresh token that is good now: grace for a reuse."""
        return Pair(self._new_access(session, ttl_s), session.refresh_token)

    def user_of_access(self, token: str) -> tuple[str, str] | None:
        """User and client of a token that is good now."""
        access = self._access.get(token)
        if access is None or access.session.is_revoked or self._clock() >= access.expires_at:
            return None
        return access.session.user, access.session.client_id

    def expire_access(self) -> int:
        """Every access token is over; refresh tokens stay good."""
        num_expired = len(self._access)
        self._access.clear()
        return num_expired

    def revoke_user(self, user: str) -> int:
        sessions = {id(session): session for session in self._sessions.values()}
        hit = [session for session in sessions.values() if session.user == user]
        for session in hit:
            self.revoke(session)
        return len(hit)

    def revoke(self, session: Session) -> None:
        session.is_revoked = True

    def _pair(self, session: Session, ttl_s: int) -> Pair:
        session.refresh_token = secrets.token_urlsafe(16)
        self._sessions[session.refresh_token] = session
        return Pair(self._new_access(session, ttl_s), session.refresh_token)

    def _new_access(self, session: Session, ttl_s: int) -> str:
        token = _jwt_lookalike()
        self._access[token] = _Access(session, self._clock() + ttl_s)
        return token


def _jwt_lookalike() -> str:
    """Three parts with dots between, nothing in them."""
    head, tail = secrets.token_urlsafe(27), secrets.token_urlsafe(64)
    num_left = ACCESS_TOKEN_CHARS - len(head) - len(tail) - 2
    return f"{head}.{secrets.token_urlsafe(num_left)[:num_left]}.{tail}"

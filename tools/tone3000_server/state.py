"""What the fake server remembers while it runs: options, time, tokens, requests, what is to fail.

Options are set at its start and while it runs. Codes and tokens are like the real ones: for a
single use, rotated, expiring.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from tools.tone3000_server.catalog import Catalog
from tools.tone3000_server.seed import catalog

CLIENT_ID: Final = "t3k_pub_fake"
ACCESS_TOKEN_CHARS: Final = 985  # as long as the real ones, so that columns too short are found
_WINDOW_S: Final = 60.0  # in which requests are counted for the rate limit

# What a well-behaved client never does. All of them are always shown, so that zero is a finding.
LINT: Final = (
    "unknown_params",
    "deprecated_params",
    "empty_scope",
    "empty_client_secret",
    "missing_user_agent",
    "double_slash",
    "leaked_authorization",
)

_CHOICES: Final[Mapping[str, tuple[Any, ...]]] = {
    "error_style": ("oauth", "gotrue"),
    "id_style": ("uuid", "int"),
    "shape": ("2026-10", "2026-06"),
    "private_status": (404, 403),
    "download_mode": ("direct", "redirect", "truncate", "short", "slow", "html"),
}


@dataclass(frozen=True, slots=True)
class Options:
    """``clients``: publishable key → registered redirect URIs; none registered: any is taken.

    ``auto_approve``: the user who says yes without being asked; empty: the page is shown.
    ``download_mode`` "truncate" cuts the connection, "short" sends half a file as if it were whole.
    """

    public_base: str = "http://localhost:9300"
    clients: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {CLIENT_ID: ()})
    partners: tuple[str, ...] = ()
    access_ttl_s: int = 3600
    code_ttl_s: int = 600
    refresh_reuse_grace_s: int = 0
    reuse_kills_session: bool = False
    error_style: str = "oauth"
    id_style: str = "uuid"
    shape: str = "2026-10"
    private_status: int = 404
    rate_limit: int = 100
    search_limit: int = 20
    has_retry_after: bool = True
    is_behind_waf: bool = False
    auto_approve: str = ""
    download_mode: str = "direct"
    slow_s: float = 2.0

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {choices}")

    def changed(self, changes: Mapping[str, Any]) -> Options:
        """Raises ``ValueError`` for an option there is not, or a value it cannot have."""
        unknown = set(changes) - {option.name for option in fields(self)}
        if unknown:
            raise ValueError(f"there is no option {', '.join(sorted(unknown))}")
        return replace(self, **changes)


class FakeState:
    """All of one fake server; ``now``: a clock, in seconds since 1970."""

    def __init__(
        self,
        options: Options,
        *,
        demo_dir: Path | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._first_options = options
        self._demo_dir = demo_dir
        self._now = now
        self.reset()

    def reset(self) -> None:
        """As at the start: no one has a token, nothing was asked."""
        self.options = self._first_options
        self.clock = Clock(self._now)
        self.tokens = TokenStore(self.clock)
        self.requests: list[dict[str, Any]] = []
        self.failures: list[Failure] = []
        self.outcomes: deque[Outcome] = deque()
        self.clear_lint()
        self._windows: dict[str, deque[float]] = {}
        self.seed()

    def seed(self) -> None:
        self.catalog: Catalog = catalog(self._demo_dir)

    def clear_lint(self) -> None:
        self.lint = Counter(dict.fromkeys(LINT, 0))
        self.lint_notes: list[str] = []

    def note(self, kind: str, what: str) -> None:
        self.lint[kind] += 1
        self.lint_notes.append(f"{kind}: {what}")

    def take_failure(self, path: str) -> Failure | None:
        """The failure that is due for this path; a path ending in * stands for all below it."""
        for failure in self.failures:
            prefix = failure.path.removesuffix("*")
            is_hit = path.startswith(prefix) if prefix != failure.path else path == prefix
            if is_hit:
                failure.times -= 1
                if failure.times <= 0:
                    self.failures.remove(failure)
                return failure
        return None

    def wait_s(self, who: str, limit: int) -> float:
        """Counts one request of ``who``. 0: fine; else the seconds until there is room again."""
        now = self.clock()
        window = self._windows.setdefault(who, deque())
        while window and window[0] <= now - _WINDOW_S:
            window.popleft()
        if len(window) >= limit:
            return window[0] + _WINDOW_S - now
        window.append(now)
        return 0.0


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


class TokenStore:
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


@dataclass(slots=True)
class Failure:
    """What happens to the next ``times`` calls of a path. Without a status they are only late."""

    path: str
    times: int
    status: int | None = None
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the next authorization goes, without a page: see ``oauth``."""

    kind: str
    user: str = "alice"
    tone_id: int | None = None


class Clock:
    """Real time, and whatever was skipped. ``now`` can be another clock."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._skipped_s = 0.0

    def __call__(self) -> float:
        return self._now() + self._skipped_s

    def advance(self, seconds: float) -> None:
        self._skipped_s += seconds

"""Where an account is logged in: browsers by a session, programs by a family of refresh tokens.

Ending one takes effect with its next request. What it has open as a WebSocket is closed within
seconds: ``jobs.live.open_sockets`` asks here which credentials have ended.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY
from django.db import models, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts import audit
from accounts.models import AuditAction, PersonalAccessToken, TokenFamily, User, UserSession
from accounts.selectors import FAMILY_CLAIM, access_token_read, token_user_get
from accounts.sessions.store import session_digest
from accounts.tokens.families import families_alive, families_revoke
from accounts.tokens.personal import is_personal_token, personal_token_read
from gts.web.errors import NotFoundError

# Of each kind: more are ended by ending all others.
MAX_LISTED: Final = 100


class LoginKind(models.TextChoices):
    BROWSER = "browser", "Browser"
    PROGRAM = "program", "Program"


@dataclass(frozen=True, slots=True)
class Login:
    """``started_at`` is null for those from before it was noted."""

    id: UUID
    kind: LoginKind
    name: str
    address: str | None
    started_at: datetime | None
    last_used_at: datetime | None
    expires_at: datetime
    is_current: bool


@dataclass(frozen=True, slots=True)
class CurrentLogin:
    """By what the asking itself is logged in; both empty for a personal access token.

    ``session_key``: as the cookie has it.
    """

    session_key: str = ""
    family: str = ""


def current_login(request: HttpRequest) -> CurrentLogin:
    """Of a page, which always has a session."""
    return CurrentLogin(session_key=request.session.session_key or "")


def logins_list(user: User, current: CurrentLogin) -> list[Login]:
    """The current one first, then the newest. At most ``MAX_LISTED`` of each kind."""
    found = [*_browsers(user, current), *_programs(user, current)]
    return sorted(found, key=lambda login: not login.is_current)


@transaction.atomic
def login_end(*, user: User, login_id: UUID, address: str | None = None) -> None:
    """Raises ``NotFoundError``."""
    num_ended, _ = UserSession.objects.filter(user=user, uuid=login_id).delete()
    if num_ended:
        audit.record(AuditAction.SESSION_ENDED, user=user, address=address)
        return
    if not families_revoke(families_alive(user).filter(family=login_id.hex), address=address):
        raise NotFoundError("Session not found.")


@transaction.atomic
def logins_end_others(*, user: User, current: CurrentLogin, address: str | None = None) -> int:
    """End all but the current one. Returns how many. Personal access tokens stay."""
    digest = session_digest(current.session_key)
    others = UserSession.objects.filter(user=user).exclude(session_key=digest)
    num_ended, _ = others.delete()
    if num_ended:
        detail = f"{num_ended} others"
        audit.record(AuditAction.SESSION_ENDED, user=user, address=address, detail=detail)
    families = families_alive(user).exclude(family=current.family)
    return num_ended + families_revoke(families, address=address)


def _browsers(user: User, current: CurrentLogin) -> Iterator[Login]:
    alive = UserSession.objects.filter(user=user, expire_date__gt=timezone.now())
    digest = session_digest(current.session_key)
    for row in alive.order_by("-started_at", "session_key")[:MAX_LISTED]:
        if _is_good(row, user):
            yield Login(
                id=row.uuid,
                kind=LoginKind.BROWSER,
                name=row.browser,
                address=row.address,
                started_at=row.started_at,
                last_used_at=None,
                expires_at=row.expire_date,
                is_current=row.session_key == digest,
            )


def _is_good(row: UserSession, user: User) -> bool:
    """After a change of the password by an operator the others are still there, for nothing."""
    of_then = str(row.get_decoded().get(HASH_SESSION_KEY, ""))
    return constant_time_compare(of_then, user.get_session_auth_hash())


def _programs(user: User, current: CurrentLogin) -> Iterator[Login]:
    for row in families_alive(user)[:MAX_LISTED]:
        yield Login(
            id=_uuid_of(row),
            kind=LoginKind.PROGRAM,
            name=row.program,
            address=row.address,
            started_at=row.started_at,
            last_used_at=row.used_at,
            expires_at=row.expires_at,
            is_current=row.family == current.family,
        )


def _uuid_of(row: TokenFamily) -> UUID:
    """The id of its first token, which says nothing to who has no token."""
    return UUID(hex=row.family)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a connection that lasts was let in with.

    ``password``: as it is kept of the user, hashed, when the connection was let in.

    ``expires_at_s``: Unix time; ``None`` where only the database knows. ``session_key``: as the
    cookie has it.
    """

    user_id: int
    password: str
    expires_at_s: float | None = None
    session_key: str = ""
    token_family: str = ""
    personal_token_id: int | None = None


def credential_of_session(user: User, session_key: str) -> Credential:
    return Credential(user.pk, user.password, session_key=session_key)


def credential_of_token(encoded: str) -> tuple[User, Credential]:
    """Of a personal access token or an access token. Raises ``UnauthorizedError``."""
    if is_personal_token(encoded):
        row = personal_token_read(encoded)
        expires_at_s = row.expires_at.timestamp()
        return row.user, Credential(
            row.user_id, row.user.password, expires_at_s, personal_token_id=row.pk
        )
    token = access_token_read(encoded)
    user = token_user_get(token)
    family = str(token.get(FAMILY_CLAIM) or "")
    return user, Credential(user.pk, user.password, float(token["exp"]), token_family=family)


def credentials_ended(credentials: Collection[Credential]) -> set[Credential]:
    """Those that would not be let in any more. At most four queries, however many there are."""
    now_s = time.time()
    users = User.objects.filter(pk__in={one.user_id for one in credentials}, is_active=True)
    passwords = dict(users.values_list("pk", "password"))
    sessions = _sessions_alive({one.session_key for one in credentials} - {""})
    revoked = _families_revoked({one.token_family for one in credentials} - {""})
    tokens = _tokens_alive({one.personal_token_id or 0 for one in credentials} - {0})
    return {
        one
        for one in credentials
        if passwords.get(one.user_id) != one.password
        or (one.expires_at_s is not None and one.expires_at_s <= now_s)
        or (one.session_key and one.session_key not in sessions)
        or one.token_family in revoked
        or (one.personal_token_id is not None and one.personal_token_id not in tokens)
    }


def _sessions_alive(keys: set[str]) -> set[str]:
    if not keys:
        return set()
    digests = {session_digest(key): key for key in keys}
    alive = UserSession.objects.filter(session_key__in=digests, expire_date__gt=timezone.now())
    return {digests[digest] for digest in alive.values_list("session_key", flat=True)}


def _families_revoked(families: set[str]) -> set[str]:
    if not families:
        return set()
    revoked = TokenFamily.objects.filter(family__in=families, revoked_at__isnull=False)
    return set(revoked.values_list("family", flat=True))


def _tokens_alive(keys: set[int]) -> set[int]:
    if not keys:
        return set()
    alive = PersonalAccessToken.objects.filter(pk__in=keys, revoked_at=None)
    return set(alive.values_list("pk", flat=True))

"""Where an account is logged in: browsers by a session, programs by a family of refresh tokens.

Ending one takes effect with its next request; what it has open as a WebSocket is closed within
seconds (``jobs.live.socket_guard``).
"""

from __future__ import annotations

from collections.abc import Iterator
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
from accounts.models import AuditAction, TokenFamily, User, UserSession
from accounts.sessions.store import session_digest
from accounts.tokens.families import families_alive, families_revoke
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
        raise NotFoundError("There is no such session.")


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

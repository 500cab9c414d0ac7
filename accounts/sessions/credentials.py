"""What a connection that lasts was let in with, and whether that still holds."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from django.utils import timezone

from accounts.models import PersonalAccessToken, TokenFamily, User, UserSession
from accounts.selectors import FAMILY_CLAIM, access_token_read, token_user_get
from accounts.sessions.store import session_digest
from accounts.tokens.personal import is_personal_token, personal_token_read


@dataclass(frozen=True, slots=True)
class Credential:
    """``password``: as it is kept of the user, hashed, when the connection was let in.

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

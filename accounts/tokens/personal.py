"""Personal access tokens: what a person gives to a program that speaks for them.

A token is 256 random bits behind ``gts_pat_``, shown once. Only its SHA-256 is kept: what cannot be
guessed needs no slow digest, and one that is looked up needs no comparison.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import AuditAction, PersonalAccessToken, TokenScope, User
from gts.web.errors import ConflictError, NotFoundError, UnauthorizedError

PREFIX: Final = "gts_pat_"
MAX_LIFETIME_DAYS: Final = 366
MAX_TOKENS_PER_USER: Final = 50
_NUM_BYTES: Final = 32
_NUM_SHOWN_CHARS: Final = len(PREFIX) + 6
_USE_NOTED_EVERY: Final = timedelta(minutes=1)
_KEPT_FOR: Final = timedelta(days=30)

TOKEN_REFUSED: Final = "The token is not valid, has expired, or was revoked."


def is_personal_token(encoded: str) -> bool:
    """Whether it looks like one, by its beginning."""
    return encoded.startswith(PREFIX)


@transaction.atomic
def personal_token_create(
    *,
    user: User,
    name: str,
    scope: TokenScope,
    lifetime: timedelta,
    address: str | None = None,
) -> tuple[PersonalAccessToken, str]:
    """The row, and the token itself, which is never seen again.

    Raises ``ConflictError`` TOO_MANY_TOKENS, and Django's ``ValidationError`` for a bad name.
    """
    User.objects.select_for_update().get(pk=user.pk)  # of two at once one waits to be counted
    if personal_tokens_alive(user).count() >= MAX_TOKENS_PER_USER:
        raise ConflictError(
            f"There are {MAX_TOKENS_PER_USER} tokens already: revoke one first.",
            code="TOO_MANY_TOKENS",
        )
    token = PREFIX + secrets.token_urlsafe(_NUM_BYTES)
    row = PersonalAccessToken(
        user=user,
        name=name.strip(),
        scope=scope,
        digest=_digest(token),
        prefix=token[:_NUM_SHOWN_CHARS],
        expires_at=timezone.now() + lifetime,
    )
    row.full_clean()
    row.save()
    audit.record(
        AuditAction.PERSONAL_TOKEN_MADE, user=user, address=address, detail=f"{row.prefix} {scope}"
    )
    return row, token


@transaction.atomic
def personal_token_revoke(*, user: User, token_id: UUID, address: str | None = None) -> None:
    """From now on it is refused. Raises ``NotFoundError``, also for one that is revoked."""
    tokens = PersonalAccessToken.objects.filter(user=user, uuid=token_id, revoked_at=None)
    row = tokens.first()
    if row is None or not tokens.update(revoked_at=timezone.now()):
        raise NotFoundError("Token not found.")
    audit.record(AuditAction.PERSONAL_TOKEN_REVOKED, user=user, address=address, detail=row.prefix)


@transaction.atomic
def personal_tokens_revoke_all(*, user: User, address: str | None = None) -> None:
    for row in personal_tokens_alive(user):
        personal_token_revoke(user=user, token_id=row.uuid, address=address)


def personal_tokens_list(user: User) -> QuerySet[PersonalAccessToken]:
    """Those that were not revoked, expired ones too, the newest first."""
    return PersonalAccessToken.objects.filter(user=user, revoked_at=None)


def personal_tokens_alive(user: User) -> QuerySet[PersonalAccessToken]:
    return personal_tokens_list(user).filter(expires_at__gt=timezone.now())


def personal_token_get(user: User, token_id: UUID) -> PersonalAccessToken:
    """Raises ``NotFoundError``."""
    row = personal_tokens_list(user).filter(uuid=token_id).first()
    if row is None:
        raise NotFoundError("Token not found.")
    return row


def personal_token_read(encoded: str) -> PersonalAccessToken:
    """The row, with its user, of a token that is good now; its use is noted.

    Raises ``UnauthorizedError``. One query, and once a minute one more.
    """
    now = timezone.now()
    row = (
        PersonalAccessToken.objects.select_related("user")
        .filter(digest=_digest(encoded), revoked_at=None, expires_at__gt=now, user__is_active=True)
        .first()
    )
    if row is None:
        raise UnauthorizedError(TOKEN_REFUSED, code="INVALID_TOKEN")
    if row.last_used_at is None or row.last_used_at <= now - _USE_NOTED_EVERY:
        _note_use(row, now)
    return row


def personal_tokens_prune() -> int:
    """Forget those that have been of no use for a month. Returns how many."""
    before = timezone.now() - _KEPT_FOR
    old = Q(revoked_at__lt=before) | Q(expires_at__lt=before)
    num_pruned, _ = PersonalAccessToken.objects.filter(old).delete()
    return num_pruned


def _note_use(row: PersonalAccessToken, now: datetime) -> None:
    """Of many requests at once one writes."""
    unused = Q(last_used_at=None) | Q(last_used_at__lte=now - _USE_NOTED_EVERY)
    PersonalAccessToken.objects.filter(unused, pk=row.pk).update(last_used_at=now)
    row.last_used_at = now


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()

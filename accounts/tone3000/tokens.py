"""A user's Tone 3000 tokens: the one place that reads, refreshes, stores or forgets them.

An access token lives for about an hour. A refresh token works once: who uses it must store what
comes back, or the session at Tone 3000 is lost. So refreshing happens under a lock that holds
across threads, processes and hosts, and a pair is written only over the pair it was bought with.

A process that dies between answer and write loses that session and nothing else: the next refresh
is refused, the pair is cleared, and the user is asked to connect again. They stay logged in.
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from social_django.models import UserSocialAuth

from accounts import audit
from accounts.models import AuditAction, Tone3000Tokens, User
from accounts.selectors import TONE3000
from accounts.services import LOCAL_USERNAME
from accounts.token_encryption import DecryptionError, TokenPair, decrypt, encrypt, reencrypt
from accounts.tone3000.calls import UNAVAILABLE, GrantRefusedError, TokenAnswer, tokens_refresh
from gts.web.database import database_now
from gts.web.errors import ConflictError, ReconnectNeededError, TokenServiceUnavailableError

logger = logging.getLogger(__name__)

RECONNECT: Final = "Tone 3000 needs to be connected again."
NOT_CONNECTED: Final = "Tone 3000 is not connected."
OTHER_ACCOUNT: Final = "That is another Tone 3000 account than the one connected here."

# A token that is good for less is refreshed.
REFRESH_LEAD_S: Final = 60.0
# What one must still be good for to be of use to a caller.
_USABLE_S: Final = 5.0

# At most for the lock, and between two tries of a locked file.
WAIT_S: Final = 30.0
_POLL_S: Final = 0.02


def access_token(user: User, *, rejected: str | None = None) -> str:
    """A token for calls in the name of ``user``, refreshed when it has less than a minute left.

    ``rejected`` is the token that Tone 3000 has just answered with a 401: it is not given again.
    Not inside a transaction. Raises ``ReconnectNeededError``, which only the user can repair, and
    ``TokenServiceUnavailableError``, worth another try later.
    """
    row = Tone3000Tokens.objects.filter(user=user).annotate(asked_at=Now()).first()
    pair = _pair(row, user)
    assert row is not None  # or there would be no pair
    left_s = (row.expires_at - row.asked_at).total_seconds()
    if pair.access != rejected and left_s >= REFRESH_LEAD_S:
        return pair.access
    return _refreshed(user, seen=row, asked_at=row.asked_at, rejected=rejected)


@transaction.atomic
def tokens_store(*, user: User, answer: TokenAnswer, tone3000_id: str) -> None:
    """Keep a pair that was issued to ``tone3000_id``, for the account connected with that id.

    Raises ``ConflictError`` for the pair of anybody else: nothing is attached silently.
    """
    if user.tone3000_id != tone3000_id:
        raise ConflictError(OTHER_ACCOUNT, code="TONE3000_OTHER_ACCOUNT")
    Tone3000Tokens.objects.update_or_create(user=user, defaults=_columns(user, answer))


def tokens_drop(*, user: User, refused: str) -> None:
    """The API refused even a token fresh from a refresh: forget the pair, ask for a reconnect.

    Does nothing when another pair has been stored since.
    """
    with locked_tokens(user.pk) as row:
        if row is not None and row.encrypted and _pair(row, user).access == refused:
            _clear(row, user, "unauthorized")


@transaction.atomic
def tokens_forget(*, user: User) -> None:
    """Delete the pair. Tone 3000 has no way to revoke it, but no one can use it from here."""
    Tone3000Tokens.objects.filter(user=user).delete()


def tokens_reencrypt(*, user_id: int) -> bool:
    """Encrypt a pair with the newest key. ``False`` when no key opens it."""
    with locked_tokens(user_id) as row:
        if row is None or not row.encrypted:
            return True
        try:
            encrypted = reencrypt(row.encrypted)
        except DecryptionError:
            return False
        # Only over the pair that was opened: a login may have stored another, with the newest key.
        Tone3000Tokens.objects.filter(pk=row.pk, encrypted=row.encrypted).update(
            encrypted=encrypted
        )
        return True


@transaction.atomic
def tone3000_disconnect(*, user: User, address: str | None = None) -> None:
    """Forget the tokens; and who they are at Tone 3000 too, unless it is their only way in."""
    tokens_forget(user=user)
    if has_other_login(user):
        UserSocialAuth.objects.filter(user=user, provider=TONE3000).delete()
        user.tone3000_id = None
        user.save(update_fields=["tone3000_id"])
    audit.record(AuditAction.DISCONNECTED, user=user, address=address)


def has_other_login(user: User) -> bool:
    """Whether ``user`` can come in without Tone 3000."""
    return user.has_usable_password() or user.username == LOCAL_USERNAME


def _refreshed(
    user: User, *, seen: Tone3000Tokens | None, asked_at: datetime, rejected: str | None
) -> str:
    with locked_tokens(user.pk) as row:
        pair = _pair(row, user)
        assert row is not None  # or there would be no pair
        is_other = seen is None or row.encrypted != seen.encrypted
        left_s, is_rejected = _left_s(row), pair.access == rejected
        if not is_rejected and left_s >= (_USABLE_S if is_other else REFRESH_LEAD_S):
            return pair.access  # someone else refreshed while this one waited
        if row.refresh_failed_at is not None and row.refresh_failed_at >= asked_at:
            raise TokenServiceUnavailableError(UNAVAILABLE)  # or tried: once is enough
        # What happens next is written, so nothing may be raised before the lock is released.
        outcome: ReconnectNeededError | TokenServiceUnavailableError
        try:
            answer = _refresh(pair)
        except GrantRefusedError as error:
            if not _clear(row, user, error.code):
                return _stored_access(user)
            outcome = ReconnectNeededError(RECONNECT)
        except TokenServiceUnavailableError as error:
            Tone3000Tokens.objects.filter(pk=row.pk).update(refresh_failed_at=database_now())
            if not is_rejected and left_s >= _USABLE_S:
                return pair.access
            outcome = error
        else:
            return answer.access if _save(row, user, answer) else _stored_access(user)
    raise outcome


def _refresh(pair: TokenPair) -> TokenAnswer:
    if not pair.refresh:
        raise GrantRefusedError("no_refresh_token")
    answer = tokens_refresh(pair.refresh)
    # One that brings no new refresh token leaves the old one in force.
    return replace(answer, refresh=answer.refresh or pair.refresh)


def _save(row: Tone3000Tokens, user: User, answer: TokenAnswer) -> bool:
    """Whether the pair is stored: not over one that a login has brought in the meantime."""
    unchanged = Tone3000Tokens.objects.filter(pk=row.pk, encrypted=row.encrypted)
    return unchanged.update(**_columns(user, answer)) == 1


def _clear(row: Tone3000Tokens, user: User, why: str) -> bool:
    """Whether the refused pair is gone: not when it is another one by now."""
    unchanged = Tone3000Tokens.objects.filter(pk=row.pk, encrypted=row.encrypted)
    if unchanged.update(encrypted="", refused_at=timezone.now()) == 0:
        return False
    logger.info("Tone 3000 refused the tokens of user %s: %s", user.uuid, why)
    audit.record(AuditAction.TOKENS_REFUSED, user=user, detail=why)
    return True


def _columns(user: User, answer: TokenAnswer) -> dict[str, Any]:
    """Access, refresh and expiry always change together."""
    now = database_now()
    return {
        "encrypted": encrypt(TokenPair(answer.access, answer.refresh), owner=user.uuid),
        "expires_at": now + timedelta(seconds=answer.lifetime_s),
        "refreshed_at": now,
        "refresh_failed_at": None,
        "refused_at": None,
    }


def _stored_access(user: User) -> str:
    return _pair(Tone3000Tokens.objects.filter(user=user).first(), user).access


def _pair(row: Tone3000Tokens | None, user: User) -> TokenPair:
    if row is None:
        raise ReconnectNeededError(NOT_CONNECTED)
    if not row.encrypted:
        raise ReconnectNeededError(RECONNECT)
    try:
        return decrypt(row.encrypted, owner=user.uuid)
    except DecryptionError as error:
        # Left as it is: an operator may bring the key back.
        logger.error("no key in GTS_TOKEN_KEYS opens the tokens of user %s", user.uuid)
        raise ReconnectNeededError(RECONNECT) from error


def _left_s(row: Tone3000Tokens) -> float:
    return (row.expires_at - database_now()).total_seconds()


@contextmanager
def locked_tokens(user_id: int) -> Iterator[Tone3000Tokens | None]:
    """The row as it is once no one else is refreshing it, and no one will until the end.

    PostgreSQL: the row is locked for as long as the call to Tone 3000 takes, and by the connection,
    so it is free again when the process dies. SQLite has one write lock for the whole database,
    which must not be held for seconds; there all processes share a machine, so a locked file does
    the same.

    What is written inside is committed when this ends, so never inside another transaction: one
    that is rolled back would take a pair with it that Tone 3000 has issued and will not again.
    Raises ``TokenServiceUnavailableError`` after ``WAIT_S``.
    """
    rows = Tone3000Tokens.objects.filter(user=user_id)
    if connection.vendor == "sqlite":
        with transaction.atomic(durable=True):
            pass  # refuses to be inside another, and holds nothing
        with _locked_file(Path(settings.DATA_DIR) / "locks" / f"tone3000-{user_id}"):
            yield rows.first()
        return
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{WAIT_S:.0f}s'")
        try:
            row = rows.select_for_update().first()
        except OperationalError as error:
            raise TokenServiceUnavailableError(UNAVAILABLE) from error
        yield row


@contextmanager
def _locked_file(path: Path) -> Iterator[None]:
    """The system frees it when the process ends, however it ends."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    deadline_s = time.monotonic() + WAIT_S
    with open(path, "a") as file:
        while not _try_lock(file.fileno()):
            if time.monotonic() > deadline_s:
                raise TokenServiceUnavailableError(UNAVAILABLE)
            time.sleep(_POLL_S)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

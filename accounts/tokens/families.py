"""Tokens of API clients: pairs that are issued, rotated and revoked.

A refresh token buys the next pair once. All that descend from one login are a family: when a spent
one comes again, another may have it, and there is no telling which of the two is the thief. So
the whole family is revoked, and its owner logs in again. So it is when any one of them is revoked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.contrib.auth.models import update_last_login
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import BlacklistMixin, RefreshToken

from accounts import audit
from accounts.models import AuditAction, TokenFamily, User
from accounts.selectors import FAMILY_CLAIM, token_user_get
from gts.web.errors import UnauthorizedError

TOKEN_REFUSED: Final = "The refresh token is not valid, has expired, or was used before."
# Two windows of one client that refresh at once, or an answer that got lost, are no theft.
REUSE_LEEWAY: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A short-lived access token, and the refresh token that buys the next pair once."""

    access: str
    refresh: str


class _AnyRefreshToken(RefreshToken):
    """Signed by us and not expired; whether it is spent is asked later, with the lock."""

    def check_blacklist(self) -> None:
        pass


class _NewRefreshToken(RefreshToken):
    """simplejwt's own keeps each token whole, and who reads that table could use them."""

    @classmethod
    def for_user(cls, user: Any) -> _NewRefreshToken:
        token: _NewRefreshToken = super(BlacklistMixin, cls).for_user(user)
        _outstanding(token, user)
        return token


@transaction.atomic
def token_pair_create(*, user: User, address: str | None = None, program: str = "") -> TokenPair:
    """The first pair of a family. ``program``: the short name of who asks for it."""
    refresh = _NewRefreshToken.for_user(user)
    update_last_login(None, user)  # type: ignore[arg-type]  # the sender is not used
    TokenFamily.objects.create(
        family=refresh["jti"],
        user=user,
        started_at=timezone.now(),
        expires_at=_expiry(),
        address=address,
        program=program,
    )
    audit.record(AuditAction.API_TOKENS, user=user, address=address)
    return _pair(refresh, family=refresh["jti"])


def token_pair_rotate(*, refresh: str, address: str | None = None, program: str = "") -> TokenPair:
    """Trade a refresh token for a new pair. The old one is spent: a second try is refused, and
    unless it comes at once it ends the whole family. Raises ``UnauthorizedError``."""
    token = _refresh_token(refresh)
    user = token_user_get(token)
    family = _family_of(token)
    with transaction.atomic():
        if _spend(token, user) and _family_used(family, user, address, program):
            return _pair(_NewRefreshToken.for_user(user), family=family)
    if not _was_just_spent(token):
        _family_revoke(family, user, address, AuditAction.API_TOKEN_REUSED)
    raise UnauthorizedError(TOKEN_REFUSED, code="INVALID_TOKEN")


@transaction.atomic
def token_revoke(*, refresh: str, address: str | None = None) -> None:
    """After this nothing of its family is good any more, whichever member it is. One that is
    worthless already is fine (RFC 7009)."""
    try:
        token = _refresh_token(refresh)
    except UnauthorizedError:
        return
    user = User.objects.filter(uuid=token.get(api_settings.USER_ID_CLAIM)).first()
    if user is not None:
        _spend(token, user)
        _family_revoke(_family_of(token), user, address, AuditAction.API_TOKEN_REVOKED)


def families_alive(user: User) -> QuerySet[TokenFamily]:
    """Programs that are logged in, the newest first."""
    alive = TokenFamily.objects.filter(user=user, revoked_at=None, expires_at__gt=timezone.now())
    return alive.order_by("-id")


@transaction.atomic
def families_revoke(families: QuerySet[TokenFamily], *, address: str | None = None) -> int:
    """End all of these. Returns how many."""
    num_revoked = 0
    for row in families.select_related("user"):
        num_revoked += _family_revoke(row.family, row.user, address, AuditAction.API_TOKEN_REVOKED)
    return num_revoked


def tokens_prune() -> int:
    """Forget tokens that have expired by themselves. Returns how many."""
    now = timezone.now()
    TokenFamily.objects.filter(expires_at__lt=now).delete()
    num_pruned, _ = OutstandingToken.objects.filter(expires_at__lt=now).delete()
    return num_pruned


def _pair(refresh: RefreshToken, *, family: str) -> TokenPair:
    refresh[FAMILY_CLAIM] = family
    return TokenPair(access=str(refresh.access_token), refresh=str(refresh))


def _expiry() -> datetime:
    return timezone.now() + cast(timedelta, api_settings.REFRESH_TOKEN_LIFETIME)


def _family_of(token: RefreshToken) -> str:
    # Tokens issued before there were families are each the first of their own.
    return str(token.get(FAMILY_CLAIM) or token["jti"])


def _refresh_token(encoded: str) -> RefreshToken:
    try:
        return _AnyRefreshToken(encoded)  # type: ignore[arg-type]  # takes the encoded text too
    except TokenError as error:
        raise UnauthorizedError(TOKEN_REFUSED, code="INVALID_TOKEN") from error


def _spend(token: RefreshToken, user: User | None) -> bool:
    """Whether it was this call that spent the token: of two at once only one wins."""
    outstanding = _outstanding(token, user)
    _, is_new = BlacklistedToken.objects.get_or_create(token=outstanding)
    return is_new


def _outstanding(token: RefreshToken, user: User | None) -> OutstandingToken:
    """What is known of a token: its id, never itself."""
    row, _ = OutstandingToken.objects.get_or_create(
        jti=token["jti"],
        defaults={
            "user": user,
            "token": "",
            "created_at": token.current_time,
            "expires_at": token.current_time + cast(timedelta, token.lifetime),
        },
    )
    return row


def _was_just_spent(token: RefreshToken) -> bool:
    since = timezone.now() - REUSE_LEEWAY
    spent = BlacklistedToken.objects.filter(token__jti=token["jti"], blacklisted_at__gt=since)
    return spent.exists()


def _family_used(family: str, user: User, address: str | None, program: str) -> bool:
    """Whether it is still good; then it lives on as long as its newest token."""
    used: dict[str, Any] = {"used_at": timezone.now(), "expires_at": _expiry(), "address": address}
    if program:
        used["program"] = program
    if TokenFamily.objects.filter(family=family, revoked_at=None).update(**used):
        return True
    # Of one from before families were listed there is no row yet; of a revoked one there is.
    _, is_new = TokenFamily.objects.get_or_create(family=family, defaults={"user": user, **used})
    return is_new


@transaction.atomic
def _family_revoke(family: str, user: User, address: str | None, why: AuditAction) -> bool:
    """Whether it was this call that ended it."""
    now = timezone.now()
    is_ended = bool(
        TokenFamily.objects.filter(family=family, revoked_at=None).update(revoked_at=now)
    )
    if not is_ended:
        _, is_ended = TokenFamily.objects.get_or_create(
            family=family, defaults={"user": user, "expires_at": _expiry(), "revoked_at": now}
        )
    if is_ended:
        audit.record(why, user=user, address=address)
    return is_ended

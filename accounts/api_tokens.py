"""Tokens of API clients: pairs that are issued, rotated and revoked.

A refresh token buys the next pair once. All that descend from one login are a family: when a spent
one comes again, somebody else may have it, and nobody can tell which of the two is the thief. So
the whole family is revoked, and its owner logs in again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast

from django.contrib.auth.models import update_last_login
from django.db import transaction
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from accounts import audit
from accounts.errors import UnauthorizedError
from accounts.models import AuditAction, RevokedTokenFamily, User
from accounts.selectors import token_user_get

TOKEN_REFUSED: Final = "The refresh token is not valid, has expired, or was used before."
# Two windows of one client that refresh at once, or an answer that got lost, are no theft.
REUSE_LEEWAY: Final = timedelta(seconds=10)
_FAMILY: Final = "family"


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A short-lived access token, and the refresh token that buys the next pair once."""

    access: str
    refresh: str


class _AnyRefreshToken(RefreshToken):
    """Signed by us and not expired; whether it is spent is asked later, with the lock."""

    def check_blacklist(self) -> None:
        pass


@transaction.atomic
def token_pair_create(*, user: User, address: str | None = None) -> TokenPair:
    """The first pair of a family."""
    refresh = RefreshToken.for_user(user)
    update_last_login(None, user)  # type: ignore[arg-type]  # the sender is not used
    audit.record(AuditAction.API_TOKENS, user=user, address=address)
    return _pair(refresh, family=refresh["jti"])


def token_pair_rotate(*, refresh: str, address: str | None = None) -> TokenPair:
    """Trade a refresh token for a new pair. The old one is spent: a second try is refused, and
    unless it comes at once it ends the whole family. Raises ``UnauthorizedError``."""
    token = _refresh_token(refresh)
    user = token_user_get(token)
    family = _family_of(token)
    with transaction.atomic():
        is_revoked = RevokedTokenFamily.objects.filter(family=family).exists()
        if not is_revoked and _spend(token, user):
            return _pair(RefreshToken.for_user(user), family=family)
    if not is_revoked and not _was_just_spent(token):
        _family_revoke(family, user, address)
    raise UnauthorizedError(TOKEN_REFUSED, code="INVALID_TOKEN")


@transaction.atomic
def token_revoke(*, refresh: str, address: str | None = None) -> None:
    """After this the refresh token buys nothing. One that is spent already is fine (RFC 7009)."""
    try:
        token = _refresh_token(refresh)
    except UnauthorizedError:
        return
    user = User.objects.filter(uuid=token.get(api_settings.USER_ID_CLAIM)).first()
    if _spend(token, user) and user is not None:
        audit.record(AuditAction.API_TOKEN_REVOKED, user=user, address=address)


def tokens_prune() -> int:
    """Forget tokens that have expired by themselves. Returns how many."""
    now = timezone.now()
    RevokedTokenFamily.objects.filter(expires_at__lt=now).delete()
    num_pruned, _ = OutstandingToken.objects.filter(expires_at__lt=now).delete()
    return num_pruned


def _pair(refresh: RefreshToken, *, family: str) -> TokenPair:
    refresh[_FAMILY] = family
    return TokenPair(access=str(refresh.access_token), refresh=str(refresh))


def _family_of(token: RefreshToken) -> str:
    # Tokens issued before there were families are each the first of their own.
    return str(token.get(_FAMILY) or token["jti"])


def _refresh_token(encoded: str) -> RefreshToken:
    try:
        return _AnyRefreshToken(encoded)  # type: ignore[arg-type]  # takes the encoded text too
    except TokenError as error:
        raise UnauthorizedError(TOKEN_REFUSED, code="INVALID_TOKEN") from error


def _spend(token: RefreshToken, user: User | None) -> bool:
    """Whether it was this call that spent the token: of two at once only one wins."""
    outstanding, _ = OutstandingToken.objects.get_or_create(
        jti=token["jti"],
        defaults={
            "user": user,
            "token": str(token),
            "created_at": token.current_time,
            "expires_at": token.current_time + cast(timedelta, token.lifetime),
        },
    )
    _, is_new = BlacklistedToken.objects.get_or_create(token=outstanding)
    return is_new


def _was_just_spent(token: RefreshToken) -> bool:
    since = timezone.now() - REUSE_LEEWAY
    spent = BlacklistedToken.objects.filter(token__jti=token["jti"], blacklisted_at__gt=since)
    return spent.exists()


@transaction.atomic
def _family_revoke(family: str, user: User, address: str | None) -> None:
    lifetime = cast(timedelta, api_settings.REFRESH_TOKEN_LIFETIME)
    _, is_new = RevokedTokenFamily.objects.get_or_create(
        family=family, defaults={"user": user, "expires_at": timezone.now() + lifetime}
    )
    if is_new:
        audit.record(AuditAction.API_TOKEN_REUSED, user=user, address=address)

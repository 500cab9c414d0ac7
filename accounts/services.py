"""Everything that writes users and their API tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from django.contrib.auth.models import update_last_login
from django.db import transaction
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts.errors import ConflictError, UnauthorizedError
from accounts.models import User
from accounts.selectors import token_user_get

# People of the embedded mode and of the demo pack. Nobody can take these names.
LOCAL_USERNAME = "local"
DEMO_USERNAME = "demo"
RESERVED_USERNAMES = frozenset({LOCAL_USERNAME, DEMO_USERNAME})

USERNAME_RESERVED = "This name is reserved."
USERNAME_TAKEN = "A user with that name already exists."
TOKEN_REFUSED = "The refresh token is not valid, has expired, or was used before."


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A short-lived access token, and the refresh token that buys the next pair once."""

    access: str
    refresh: str


@transaction.atomic
def user_create(*, username: str, display_name: str = "", password: str | None = None) -> User:
    """A new account; without a password it can only be entered from elsewhere (OAuth, tokens).

    Raises ``ConflictError`` for a name that is taken or reserved, and Django's
    ``ValidationError`` for one that is not a name.
    """
    if username.casefold() in RESERVED_USERNAMES:
        raise ConflictError(USERNAME_RESERVED, code="USERNAME_RESERVED")
    if User.objects.filter(username__iexact=username).exists():
        raise ConflictError(USERNAME_TAKEN, code="USERNAME_TAKEN")
    return _create(username, display_name, password)


def _create(username: str, display_name: str, password: str | None) -> User:
    user = User(username=User.normalize_username(username), display_name=display_name)
    user.set_password(password)  # None makes it unusable
    user.full_clean()
    user.save()
    return user


@transaction.atomic
def user_get_or_create_local() -> User:
    """The person at this machine, in embedded mode; also its operator, so it may use the admin.

    Whether somebody may become this user is ``accounts.local_login``'s to say.
    """
    user = User.objects.filter(username=LOCAL_USERNAME).first()
    if user is None:
        user = _create(LOCAL_USERNAME, "This machine", None)
        user.is_staff = user.is_superuser = True
        user.save(update_fields=["is_staff", "is_superuser"])
    return user


@transaction.atomic
def user_get_or_create_demo() -> User:
    """The owner of the demo pack. It has no password and nobody logs in as it."""
    user = User.objects.filter(username=DEMO_USERNAME).first()
    return user or _create(DEMO_USERNAME, "GTS demo", None)


@transaction.atomic
def user_update(*, user: User, display_name: str) -> User:
    user.display_name = display_name.strip()
    user.full_clean(exclude=["password"])
    user.save(update_fields=["display_name"])
    return user


@transaction.atomic
def token_pair_create(*, user: User) -> TokenPair:
    refresh = RefreshToken.for_user(user)
    update_last_login(None, user)  # type: ignore[arg-type]  # the sender is not used
    return _pair(refresh)


@transaction.atomic
def token_pair_rotate(*, refresh: str) -> TokenPair:
    """Trade a refresh token for a new pair. The old one is spent: a second try is refused."""
    token = _refresh_token(refresh)
    user = token_user_get(token)
    if not _blacklist(token, user):
        raise UnauthorizedError(TOKEN_REFUSED, code="INVALID_TOKEN")
    return _pair(RefreshToken.for_user(user))


@transaction.atomic
def token_revoke(*, refresh: str) -> None:
    """After this the refresh token buys nothing. One that is spent already is fine (RFC 7009)."""
    try:
        token = _refresh_token(refresh)
    except UnauthorizedError:
        return
    _blacklist(token, User.objects.filter(uuid=token.get("user")).first())


def access_token_create(*, user: User, lifetime_s: int) -> str:
    """An access token for scripts, made by an operator at the shell. It cannot be refreshed."""
    token = AccessToken.for_user(user)
    token.set_exp(lifetime=timedelta(seconds=lifetime_s))
    return str(token)


def _pair(refresh: RefreshToken) -> TokenPair:
    return TokenPair(access=str(refresh.access_token), refresh=str(refresh))


def _refresh_token(encoded: str) -> RefreshToken:
    try:
        return RefreshToken(encoded)  # type: ignore[arg-type]  # takes the encoded text too
    except TokenError as error:
        raise UnauthorizedError(TOKEN_REFUSED, code="INVALID_TOKEN") from error


def _blacklist(token: RefreshToken, user: User | None) -> bool:
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

"""Everything that writes users, their API tokens and their connection to Tone 3000."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from rest_framework_simplejwt.tokens import AccessToken
from social_django.models import UserSocialAuth

from accounts import audit
from accounts.api_tokens import families_alive, families_revoke
from accounts.errors import ConflictError
from accounts.models import AuditAction, User, UserSession
from accounts.personal_tokens import personal_tokens_revoke_all
from accounts.selectors import TONE3000
from accounts.tokens import tokens_forget

# People of the embedded mode and of the demo pack. Nobody can take these names.
LOCAL_USERNAME = "local"
DEMO_USERNAME = "demo"
RESERVED_USERNAMES = frozenset({LOCAL_USERNAME, DEMO_USERNAME})

# What the validator of names does not take, and room for what makes one unique.
_NOT_IN_NAMES: Final = re.compile(r"[^\w.@+-]+")
_MAX_STEM_CHARS: Final = 80
_NAME_TRIES: Final = 8

USERNAME_RESERVED = "This name is reserved."
USERNAME_TAKEN = "A user with that name already exists."


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


def user_create_named_like(*, username: str, display_name: str) -> User:
    """A new account for somebody from elsewhere, by their name there as far as it is free here."""
    stem = _NOT_IN_NAMES.sub("", User.normalize_username(username))[:_MAX_STEM_CHARS] or "guitarist"
    name = stem
    for _ in range(_NAME_TRIES):
        try:
            return user_create(username=name, display_name=display_name)
        except (ConflictError, IntegrityError, ValidationError):
            name = f"{stem}-{secrets.token_hex(3)}"
    return user_create(username=name, display_name=display_name)


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
def password_change(
    *, user: User, password: str, ends_tokens: bool, address: str | None = None
) -> None:
    """Ends all sessions, access and refresh tokens; personal access tokens if ``ends_tokens``.

    Whether ``password`` is good enough is the form's to say.
    """
    user.set_password(password)
    user.save(update_fields=["password"])
    UserSession.objects.filter(user=user).delete()
    families_revoke(families_alive(user), address=address)
    if ends_tokens:
        personal_tokens_revoke_all(user=user, address=address)
    audit.record(AuditAction.PASSWORD_CHANGED, user=user, address=address)


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


def access_token_create(*, user: User, lifetime_s: int) -> str:
    """An access token for scripts, made by an operator at the shell. It cannot be refreshed."""
    token = AccessToken.for_user(user)
    token.set_exp(lifetime=timedelta(seconds=lifetime_s))
    return str(token)

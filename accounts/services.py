"""Everything that writes users, access tokens of scripts, and the rule that one operator stays."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import User
from gts.web.errors import ConflictError

# People of the embedded mode and of the demo pack. No one can take these names.
LOCAL_USERNAME = "local"
DEMO_USERNAME = "gts-demo"
RESERVED_USERNAMES = frozenset({LOCAL_USERNAME, DEMO_USERNAME})

# What the validator of names does not take, and room for what makes one unique.
_NOT_IN_NAMES: Final = re.compile(r"[^\w.@+-]+")
_MAX_STEM_CHARS: Final = 80
_NAME_TRIES: Final = 8

USERNAME_RESERVED = "This name is reserved."
USERNAME_TAKEN = "A user with that name already exists."
LAST_OPERATOR = (
    "This would leave no active superuser who may enter the admin. Make another one first: give an "
    "account “Active”, “Staff status” and “Superuser status”, or run manage.py createsuperuser."
)


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
    """A new account for someone from elsewhere, by their name there as far as it is free here."""
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

    ``accounts.login.local`` says who may become this user.
    """
    user = User.objects.filter(username=LOCAL_USERNAME).first()
    if user is None:
        user = _create(LOCAL_USERNAME, "This machine", None)
        user.is_staff = user.is_superuser = True
        user.save(update_fields=["is_staff", "is_superuser"])
    return user


@transaction.atomic
def user_get_or_create_demo() -> User:
    """The owner of the demo pack. It is made without a password and cannot log in."""
    user = User.objects.filter(username=DEMO_USERNAME).first()
    return user or _create(DEMO_USERNAME, "GTS", None)


@transaction.atomic
def user_update(
    *, user: User, display_name: str | None = None, audio_interface: str | None = None
) -> User:
    """``None``: as it is. ``audio_interface``: the key of the one chosen last, or empty."""
    if display_name is not None:
        user.display_name = display_name.strip()
    if audio_interface is not None:
        user.audio_interface = audio_interface
    user.full_clean(exclude=["password"])
    user.save(update_fields=["display_name", "audio_interface"])
    return user


def access_token_create(*, user: User, lifetime_s: int) -> str:
    """An access token for scripts, made by an operator at the shell. It cannot be refreshed."""
    token = AccessToken.for_user(user)
    token.set_exp(lifetime=timedelta(seconds=lifetime_s))
    return str(token)


def operators() -> QuerySet[User]:
    """Who may enter the admin and do everything there."""
    return User.objects.filter(is_active=True, is_staff=True, is_superuser=True)


def operator_check_left(losing: Any, *, locks: bool = False) -> None:
    """Raises ``ConflictError`` LAST_OPERATOR when no operator is left without ``losing``.

    ``losing``: keys of users, or a query of these. ``locks``, in a transaction: of two who each
    take the rights of the other, the second waits, and sees what the first has done.
    """
    if locks:  # always in the same order: two that lock each other would wait for ever
        list(operators().select_for_update().order_by("pk").values_list("pk"))
    going = operators().filter(pk__in=losing)
    if going.exists() and not operators().exclude(pk__in=losing).exists():
        raise ConflictError(LAST_OPERATOR, code="LAST_OPERATOR")

"""Reads about users: who a token stands for, and who they are at Tone 3000."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.core.exceptions import ValidationError
from django.db.models import Exists
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, Token
from rest_framework_simplejwt.utils import get_md5_hash_password
from social_django.models import UserSocialAuth

from accounts.models import TokenFamily, Tone3000Tokens, User
from accounts.token_encryption import DecryptionError, decrypt
from gts.web.errors import UnauthorizedError

# The name of the login in social-auth's table.
TONE3000: Final = "tone3000"

# In refresh tokens, and in the access tokens that they buy.
FAMILY_CLAIM: Final = "family"

_INVALID_TOKEN = "The token is not valid, or has expired."


def access_token_read(encoded: str) -> AccessToken:
    """The token when it is one of ours and still good, else ``UnauthorizedError``."""
    try:
        return AccessToken(encoded)  # type: ignore[arg-type]  # takes the encoded text too
    except TokenError as error:
        raise UnauthorizedError(_INVALID_TOKEN, code="INVALID_TOKEN") from error


def token_user_get(token: Token) -> User:
    """The active user a token names, whose password is still the one of then and who has not
    revoked it, else ``UnauthorizedError``. One query."""
    revoked = TokenFamily.objects.filter(
        family=str(token.get(FAMILY_CLAIM) or ""), revoked_at__isnull=False
    )
    try:
        users = User.objects.filter(~Exists(revoked))
        user = users.get(uuid=token.get(api_settings.USER_ID_CLAIM))
    except (User.DoesNotExist, ValidationError) as error:
        raise UnauthorizedError(_INVALID_TOKEN, code="INVALID_TOKEN") from error
    issued_for = token.get(api_settings.REVOKE_TOKEN_CLAIM)
    if not user.is_active or issued_for != get_md5_hash_password(user.password):
        raise UnauthorizedError(_INVALID_TOKEN, code="INVALID_TOKEN")
    return user


class ConnectionState(StrEnum):
    NONE = "none"
    CONNECTED = "connected"
    RECONNECT = "reconnect"  # Tone 3000 refused the tokens, or they cannot be read any more


@dataclass(frozen=True, slots=True)
class Tone3000Connection:
    """``name`` is for display: it is theirs to change, and says nothing of who they are."""

    state: ConnectionState
    name: str = ""

    @property
    def is_usable(self) -> bool:
        return self.state is ConnectionState.CONNECTED


def tone3000_connection_get(user: User) -> Tone3000Connection:
    """Who ``user`` is at Tone 3000 and whether their library can be asked. Two queries."""
    social = UserSocialAuth.objects.filter(user=user, provider=TONE3000).first()
    if social is None:
        return Tone3000Connection(ConnectionState.NONE)
    name = str(social.extra_data.get("username") or "")
    return Tone3000Connection(_state_of_tokens(user), name)


def _state_of_tokens(user: User) -> ConnectionState:
    row = Tone3000Tokens.objects.filter(user=user).first()
    if row is None:
        return ConnectionState.NONE
    try:
        decrypt(row.encrypted, owner=user.uuid)
    except DecryptionError:
        return ConnectionState.RECONNECT
    return ConnectionState.CONNECTED

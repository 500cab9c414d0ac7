"""Reads about users: who a token stands for."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, Token

from accounts.errors import UnauthorizedError
from accounts.models import User

_INVALID_TOKEN = "The token is not valid, or has expired."


def access_token_read(encoded: str) -> AccessToken:
    """The token when it is one of ours and still good, else ``UnauthorizedError``."""
    try:
        return AccessToken(encoded)  # type: ignore[arg-type]  # takes the encoded text too
    except TokenError as error:
        raise UnauthorizedError(_INVALID_TOKEN, code="INVALID_TOKEN") from error


def token_user_get(token: Token) -> User:
    """The active user a token names, else ``UnauthorizedError``. One query."""
    try:
        user = User.objects.get(uuid=token.get(api_settings.USER_ID_CLAIM))
    except (User.DoesNotExist, ValidationError) as error:
        raise UnauthorizedError(_INVALID_TOKEN, code="INVALID_TOKEN") from error
    if not user.is_active:
        raise UnauthorizedError(_INVALID_TOKEN, code="INVALID_TOKEN")
    return user


def access_token_user_get(encoded: str) -> User:
    """Whom an access token stands for: for sockets and other places outside of the API views."""
    return token_user_get(access_token_read(encoded))

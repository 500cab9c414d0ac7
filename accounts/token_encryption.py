"""Tokens at rest are encrypted: Fernet (AES-128-CBC with HMAC-SHA256), keys from the environment.

The first key of ``GTS_TOKEN_KEYS`` encrypts; all of them open, so keys can be changed without
locking anybody out (``manage.py rotate_token_keys``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class DecryptionError(Exception):
    """None of the keys opens this, or it was encrypted for someone else."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What Tone 3000 issued. Never shown, not even by ``repr``."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


def encrypt(pair: TokenPair, *, owner: UUID) -> str:
    """``owner`` is encrypted with it: a text moved to another row of the table opens nothing."""
    text = json.dumps({"owner": str(owner), "access": pair.access, "refresh": pair.refresh})
    return _keys().encrypt(text.encode()).decode()


def decrypt(encrypted: str, *, owner: UUID) -> TokenPair:
    """Raises ``DecryptionError``."""
    content = _opened(encrypted, owner)
    return TokenPair(access=content["access"], refresh=content["refresh"])


def encrypt_secret(secret: str, *, owner: UUID) -> str:
    """A secret that GTS has made itself. ``owner`` as in ``encrypt``."""
    return _keys().encrypt(json.dumps({"owner": str(owner), "secret": secret}).encode()).decode()


def decrypt_secret(encrypted: str, *, owner: UUID) -> str:
    """Raises ``DecryptionError``."""
    return _opened(encrypted, owner)["secret"]


def reencrypt(encrypted: str) -> str:
    """The same content under the first key. Raises ``DecryptionError``."""
    try:
        return _keys().rotate(encrypted.encode()).decode()
    except InvalidToken as error:
        raise DecryptionError from error


def _opened(encrypted: str, owner: UUID) -> dict[str, str]:
    try:
        content: dict[str, str] = json.loads(_keys().decrypt(encrypted.encode()))
    except InvalidToken as error:
        raise DecryptionError from error
    if content["owner"] != str(owner):
        raise DecryptionError
    return content


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.GTS_TOKEN_KEYS])

"""How tokens are sealed at rest: Fernet (AES-128-CBC with HMAC-SHA256), keys from the environment.

The first key of ``GTS_TOKEN_KEYS`` seals; all of them open, so keys can be changed without
locking anybody out (``manage.py rotate_token_keys``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SealBrokenError(Exception):
    """None of the keys opens this, or it was sealed for somebody else."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What Tone 3000 issued. Never shown, not even by ``repr``."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


def seal(pair: TokenPair, *, owner: UUID) -> str:
    """``owner`` is sealed in too: a text moved to another row of the table opens nothing."""
    text = json.dumps({"owner": str(owner), "access": pair.access, "refresh": pair.refresh})
    return _keys().encrypt(text.encode()).decode()


def unseal(sealed: str, *, owner: UUID) -> TokenPair:
    """Raises ``SealBrokenError``."""
    content = _opened(sealed, owner)
    return TokenPair(access=content["access"], refresh=content["refresh"])


def seal_secret(secret: str, *, owner: UUID) -> str:
    """A secret that GTS has made itself. ``owner`` as in ``seal``."""
    return _keys().encrypt(json.dumps({"owner": str(owner), "secret": secret}).encode()).decode()


def unseal_secret(sealed: str, *, owner: UUID) -> str:
    """Raises ``SealBrokenError``."""
    return _opened(sealed, owner)["secret"]


def reseal(sealed: str) -> str:
    """The same content under the first key. Raises ``SealBrokenError``."""
    try:
        return _keys().rotate(sealed.encode()).decode()
    except InvalidToken as error:
        raise SealBrokenError from error


def _opened(sealed: str, owner: UUID) -> dict[str, str]:
    try:
        content: dict[str, str] = json.loads(_keys().decrypt(sealed.encode()))
    except InvalidToken as error:
        raise SealBrokenError from error
    if content["owner"] != str(owner):
        raise SealBrokenError
    return content


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.GTS_TOKEN_KEYS])

from __future__ import annotations

from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from accounts.token_encryption import DecryptionError, TokenPair, decrypt, encrypt, reencrypt

PAIR = TokenPair(access="access-secret", refresh="refresh-secret")
OWNER = uuid4()


def new_key() -> str:
    return Fernet.generate_key().decode()


def test_what_is_encrypted_opens_and_shows_nothing() -> None:
    encrypted = encrypt(PAIR, owner=OWNER)
    assert decrypt(encrypted, owner=OWNER) == PAIR
    assert "secret" not in encrypted
    assert "secret" not in repr(PAIR)
    assert encrypt(PAIR, owner=OWNER) != encrypted  # the same pair never looks the same


def test_it_opens_for_its_owner_only() -> None:
    with pytest.raises(DecryptionError):
        decrypt(encrypt(PAIR, owner=uuid4()), owner=OWNER)


@pytest.mark.parametrize("encrypted", ["", "x", "gAAAA", "é"])
def test_what_was_never_encrypted_does_not_open(encrypted: str) -> None:
    with pytest.raises(DecryptionError):
        decrypt(encrypted, owner=OWNER)
    with pytest.raises(DecryptionError):
        reencrypt(encrypted)


def test_keys_are_rotated_without_locking_anybody_out(settings: Settings) -> None:
    old, new = new_key(), new_key()
    settings.GTS_TOKEN_KEYS = [old]
    encrypted = encrypt(PAIR, owner=OWNER)
    settings.GTS_TOKEN_KEYS = [new, old]
    assert decrypt(encrypted, owner=OWNER) == PAIR
    reencrypted = reencrypt(encrypted)
    settings.GTS_TOKEN_KEYS = [new]
    assert decrypt(reencrypted, owner=OWNER) == PAIR
    with pytest.raises(DecryptionError):
        decrypt(encrypted, owner=OWNER)

from __future__ import annotations

from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from accounts.vault import SealBrokenError, TokenPair, reseal, seal, unseal

PAIR = TokenPair(access="access-secret", refresh="refresh-secret")
OWNER = uuid4()


def new_key() -> str:
    return Fernet.generate_key().decode()


def test_what_is_sealed_opens_and_shows_nothing() -> None:
    sealed = seal(PAIR, owner=OWNER)
    assert unseal(sealed, owner=OWNER) == PAIR
    assert "secret" not in sealed
    assert "secret" not in repr(PAIR)
    assert seal(PAIR, owner=OWNER) != sealed  # the same pair never looks the same


def test_it_opens_for_its_owner_only() -> None:
    with pytest.raises(SealBrokenError):
        unseal(seal(PAIR, owner=uuid4()), owner=OWNER)


@pytest.mark.parametrize("sealed", ["", "x", "gAAAA", "é"])
def test_what_was_never_sealed_does_not_open(sealed: str) -> None:
    with pytest.raises(SealBrokenError):
        unseal(sealed, owner=OWNER)
    with pytest.raises(SealBrokenError):
        reseal(sealed)


def test_keys_are_rotated_without_locking_anybody_out(settings: Settings) -> None:
    old, new = new_key(), new_key()
    settings.GTS_TOKEN_KEYS = [old]
    sealed = seal(PAIR, owner=OWNER)
    settings.GTS_TOKEN_KEYS = [new, old]
    assert unseal(sealed, owner=OWNER) == PAIR
    resealed = reseal(sealed)
    settings.GTS_TOKEN_KEYS = [new]
    assert unseal(resealed, owner=OWNER) == PAIR
    with pytest.raises(SealBrokenError):
        unseal(sealed, owner=OWNER)

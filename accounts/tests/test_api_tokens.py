"""Refresh tokens: a spent one that comes again ends the family."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts.api_tokens import (
    REUSE_LEEWAY,
    TokenPair,
    token_pair_create,
    token_pair_rotate,
    token_revoke,
    tokens_prune,
)
from accounts.errors import UnauthorizedError
from accounts.models import AuditAction, AuditEntry, RevokedTokenFamily, User
from accounts.tests.factories import api_client


def time_passes() -> None:
    before = timezone.now() - REUSE_LEEWAY - timedelta(seconds=1)
    BlacklistedToken.objects.update(blacklisted_at=before)


def is_good(pair: TokenPair) -> bool:
    try:
        token_pair_rotate(refresh=pair.refresh)
    except UnauthorizedError:
        return False
    return True


def test_a_spent_token_ends_all_that_descend_from_its_login(alice: User) -> None:
    stolen = token_pair_create(user=alice)
    other_device = token_pair_create(user=alice)
    mine = token_pair_rotate(refresh=token_pair_rotate(refresh=stolen.refresh).refresh)
    time_passes()
    with pytest.raises(UnauthorizedError):
        token_pair_rotate(refresh=stolen.refresh, address="192.0.2.1")
    assert not is_good(mine)
    assert is_good(other_device)
    entry = AuditEntry.objects.get(action=AuditAction.API_TOKEN_REUSED)
    assert (entry.user, entry.address) == (alice, "192.0.2.1")


def test_two_windows_that_refresh_at_once_are_no_theft(alice: User) -> None:
    first = token_pair_create(user=alice)
    second = token_pair_rotate(refresh=first.refresh)
    assert not is_good(first)
    assert is_good(second)
    assert not RevokedTokenFamily.objects.exists()


def test_the_family_is_ended_though_the_answer_is_an_error(alice: User) -> None:
    client = api_client()
    address = "/api/v1/auth/token/refresh/"
    first = token_pair_create(user=alice)
    second = client.post(address, {"refresh": first.refresh}).json()
    time_passes()
    for refresh in (first.refresh, second["refresh"]):
        answer = client.post(address, {"refresh": refresh})
        assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_TOKEN")


def test_tokens_leave_a_trail(alice: User) -> None:
    pair = token_pair_create(user=alice, address="192.0.2.1")
    token_revoke(refresh=pair.refresh)
    token_revoke(refresh=pair.refresh)
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == [AuditAction.API_TOKENS, AuditAction.API_TOKEN_REVOKED]


def test_expired_tokens_are_forgotten(alice: User) -> None:
    token_revoke(refresh=token_pair_create(user=alice).refresh)
    kept = token_pair_create(user=alice)
    OutstandingToken.objects.filter(blacklistedtoken__isnull=False).update(
        expires_at=timezone.now() - timedelta(days=1)
    )
    tokens_prune()
    assert OutstandingToken.objects.count() == 1
    assert not BlacklistedToken.objects.exists()
    assert is_good(kept)

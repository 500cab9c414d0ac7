"""Refresh tokens: a spent one that comes again ends the family."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts.models import AuditAction, AuditEntry, TokenFamily, User
from accounts.selectors import access_token_read, token_user_get
from accounts.tests.factories import api_client
from accounts.tokens.families import (
    REUSE_LEEWAY,
    TokenPair,
    token_pair_create,
    token_pair_rotate,
    token_revoke,
    tokens_prune,
)
from gts.web.errors import UnauthorizedError


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
    assert not TokenFamily.objects.filter(revoked_at__isnull=False).exists()


def test_the_family_is_ended_though_the_answer_is_an_error(alice: User) -> None:
    client = api_client()
    address = "/api/v1/auth/token/refresh/"
    first = token_pair_create(user=alice)
    second = client.post(address, {"refresh": first.refresh}).json()
    time_passes()
    for refresh in (first.refresh, second["refresh"]):
        answer = client.post(address, {"refresh": refresh})
        assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_TOKEN")


def test_revoking_any_member_ends_the_family(alice: User) -> None:
    first = token_pair_create(user=alice)
    second = token_pair_rotate(refresh=first.refresh)
    third = token_pair_rotate(refresh=second.refresh)
    other_device = token_pair_create(user=alice)
    token_revoke(refresh=first.refresh, address="192.0.2.1")  # a spent one
    assert not is_good(third)
    assert is_good(other_device)
    entry = AuditEntry.objects.get(action=AuditAction.API_TOKEN_REVOKED)
    assert (entry.user, entry.address) == (alice, "192.0.2.1")


def test_access_tokens_end_with_their_family(alice: User) -> None:
    first = token_pair_create(user=alice)
    second = token_pair_rotate(refresh=first.refresh)
    other_device = token_pair_create(user=alice)

    def statuses() -> list[int]:
        return [
            APIClient(HTTP_AUTHORIZATION=f"Bearer {pair.access}").get("/api/v1/me/").status_code
            for pair in (first, second, other_device)
        ]

    assert statuses() == [200, 200, 200]
    token_revoke(refresh=second.refresh)
    assert statuses() == [401, 401, 200]


def test_whom_a_token_speaks_for_takes_one_query(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    encoded = token_pair_create(user=alice).access
    with django_assert_num_queries(1):
        assert token_user_get(access_token_read(encoded)) == alice


def test_a_family_from_before_they_were_listed_lives_on(alice: User) -> None:
    pair = token_pair_create(user=alice)
    TokenFamily.objects.all().delete()
    assert is_good(pair)
    assert TokenFamily.objects.get().user == alice


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

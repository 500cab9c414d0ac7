from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts.models import User
from accounts.services import (
    LOCAL_USERNAME,
    access_token_create,
    user_create,
    user_get_or_create_demo,
    user_get_or_create_local,
    user_update,
)
from accounts.sessions.logins import credential_of_token
from accounts.tests.factories import make_user
from accounts.tokens.families import token_pair_create, token_pair_rotate, token_revoke
from gts.web.errors import ConflictError, UnauthorizedError


def test_a_user_without_a_password_cannot_log_in_with_one(db: None) -> None:
    user = user_create(username="dora")
    assert not user.has_usable_password()
    assert (user.is_staff, user.is_superuser) == (False, False)


@pytest.mark.parametrize("username", ["alice", "ALICE"])
def test_a_taken_name_is_refused(alice: User, username: str) -> None:
    with pytest.raises(ConflictError) as caught:
        user_create(username=username)
    assert caught.value.code == "USERNAME_TAKEN"


@pytest.mark.parametrize("username", ["local", "GTS-Demo"])
def test_a_reserved_name_is_refused(db: None, username: str) -> None:
    with pytest.raises(ConflictError) as caught:
        user_create(username=username)
    assert caught.value.code == "USERNAME_RESERVED"


@pytest.mark.parametrize("username", ["", "two words", "x" * 101])
def test_what_is_no_name_is_refused(db: None, username: str) -> None:
    with pytest.raises(ValidationError):
        user_create(username=username)


def test_the_local_user_is_made_once_and_may_use_the_admin(db: None) -> None:
    user = user_get_or_create_local()
    assert user_get_or_create_local() == user
    assert user.username == LOCAL_USERNAME
    assert user.is_staff
    assert not user.has_usable_password()


def test_the_demo_user_is_made_once_and_has_no_rights(db: None) -> None:
    user = user_get_or_create_demo()
    assert user_get_or_create_demo() == user
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert not user.has_usable_password()


def test_the_display_name_is_trimmed(alice: User) -> None:
    user_update(user=alice, display_name="  Alice B.  ")
    alice.refresh_from_db()
    assert str(alice) == "Alice B."


def test_an_access_token_names_its_user_by_uuid(alice: User) -> None:
    token = access_token_create(user=alice, lifetime_s=60)
    assert AccessToken(token)["user"] == str(alice.uuid)  # type: ignore[arg-type]
    assert credential_of_token(token)[0] == alice


def _refused(encoded: str) -> bool:
    with pytest.raises(UnauthorizedError) as caught:
        credential_of_token(encoded)
    return caught.value.code == "INVALID_TOKEN"


def test_bad_access_tokens_are_refused(alice: User) -> None:
    good = access_token_create(user=alice, lifetime_s=60)
    assert _refused(access_token_create(user=alice, lifetime_s=-1))
    assert _refused(good[:-4] + "AAAA")
    assert _refused("")
    assert _refused(str(RefreshToken.for_user(alice)))
    anonymous = AccessToken()
    anonymous["user"] = "not-a-uuid"
    assert _refused(str(anonymous))
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert _refused(good)
    alice.delete()
    assert _refused(good)


def test_a_refresh_token_buys_one_pair(alice: User) -> None:
    first = token_pair_create(user=alice)
    second = token_pair_rotate(refresh=first.refresh)
    assert credential_of_token(second.access)[0] == alice
    with pytest.raises(UnauthorizedError):
        token_pair_rotate(refresh=first.refresh)
    token_pair_rotate(refresh=second.refresh)


@pytest.mark.django_db(transaction=True)
def test_a_refresh_token_that_is_used_twice_at_once_buys_one_pair() -> None:
    refresh = token_pair_create(user=make_user()).refresh
    barrier = Barrier(2)

    def rotate(_: int) -> bool:
        barrier.wait(timeout=30)
        try:
            token_pair_rotate(refresh=refresh)
        except UnauthorizedError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(rotate, range(2))) == [False, True]


def test_a_revoked_refresh_token_buys_nothing(alice: User) -> None:
    pair = token_pair_create(user=alice)
    token_revoke(refresh=pair.refresh)
    token_revoke(refresh=pair.refresh)  # twice is fine
    token_revoke(refresh="rubbish")
    with pytest.raises(UnauthorizedError):
        token_pair_rotate(refresh=pair.refresh)


def test_the_refresh_token_of_a_deleted_user_buys_nothing(alice: User) -> None:
    pair = token_pair_create(user=make_user("bob"))
    User.objects.get(username="bob").delete()
    with pytest.raises(UnauthorizedError):
        token_pair_rotate(refresh=pair.refresh)
    token_revoke(refresh=pair.refresh)

"""Personal access tokens in the admin: operators look and revoke, and see no token."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import AuditAction, AuditEntry, PersonalAccessToken, TokenScope, User
from accounts.tests.factories import make_user
from accounts.tokens.personal import personal_token_create, personal_token_read
from gts.web.errors import UnauthorizedError

LIST = "/admin/accounts/personalaccesstoken/"


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(make_user("olga", is_staff=True, is_superuser=True))
    return client


def new_token(user: User, name: str = "Script") -> tuple[PersonalAccessToken, str]:
    return personal_token_create(
        user=user, name=name, scope=TokenScope.WRITE, lifetime=timedelta(days=1)
    )


def is_good(token: str) -> bool:
    try:
        personal_token_read(token)
    except UnauthorizedError:
        return False
    return True


def revoke(client: Client, *rows: PersonalAccessToken) -> str:
    data = {"action": "revoke", "_selected_action": [row.pk for row in rows], "post": "yes"}
    return client.post(LIST, data, follow=True).text


def test_they_are_listed_and_found_by_their_owner(
    operator: Client, alice: User, charlie: User
) -> None:
    new_token(alice, "Sync"), new_token(charlie, "Backup")
    page = operator.get(LIST).text
    assert "Sync" in page
    assert "Backup" in page
    found = operator.get(f"{LIST}?q=charlie").text
    assert "Backup" in found
    assert "Sync" not in found


def test_neither_a_token_nor_its_digest_is_shown(operator: Client, alice: User) -> None:
    row, token = new_token(alice)
    for page in (operator.get(LIST).text, operator.get(f"{LIST}{row.pk}/change/").text):
        assert row.prefix in page
        assert row.digest not in page
        assert token not in page


def test_operators_change_and_delete_nothing(operator: Client, alice: User) -> None:
    row, _ = new_token(alice)
    assert operator.get(f"{LIST}add/").status_code == 403
    assert operator.post(f"{LIST}{row.pk}/change/", {"name": "Mine"}).status_code == 403
    assert operator.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    row.refresh_from_db()
    assert row.name == "Script"


def test_they_are_revoked_and_that_is_noted(operator: Client, alice: User, charlie: User) -> None:
    (first, of_alice), (second, of_charlie) = new_token(alice), new_token(charlie)
    _, kept = new_token(alice)
    assert "2 tokens revoked" in revoke(operator, first, second)
    assert [is_good(token) for token in (of_alice, of_charlie, kept)] == [False, False, True]
    noted = AuditEntry.objects.filter(action=AuditAction.PERSONAL_TOKEN_REVOKED)
    assert {entry.user for entry in noted} == {alice, charlie}
    assert "0 tokens revoked" in revoke(operator, first)


def test_who_may_only_look_revokes_nothing(alice: User) -> None:
    row, token = new_token(alice)
    viewer = make_user("vera", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_personalaccesstoken"))
    client = Client()
    client.force_login(viewer)
    assert client.get(LIST).status_code == 200
    revoke(client, row)
    assert is_good(token)

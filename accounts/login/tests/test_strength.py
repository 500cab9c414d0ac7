"""What a proof after the login changes, how well backup codes are guessed, what operators end."""

from __future__ import annotations

import math
from datetime import timedelta

from django.contrib.auth.models import Permission
from django.test import Client
from pytest_django import Settings

from accounts.login import two_factor
from accounts.login.tests.test_two_factor import CODE, PASSWORD, no_tries_yet, set_up  # noqa: F401
from accounts.models import TokenScope, User, UserSession
from accounts.sessions.logins import CurrentLogin, logins_list
from accounts.sessions.store import session_digest
from accounts.tests.factories import make_user
from accounts.tokens.families import token_pair_create
from accounts.tokens.personal import personal_token_create, personal_token_read

USERS = "/admin/accounts/user/"


def test_the_code_that_the_admin_asks_for_changes_the_session(
    client: Client, db: None, settings: Settings
) -> None:
    settings.GTS_ADMIN_TWO_FACTOR = True
    tony = make_user("tony", is_staff=True, is_superuser=True)
    client.force_login(tony)
    phone, _ = set_up(client)
    other = Client()
    other.force_login(tony)
    before = other.session.session_key or ""
    other.post(CODE, {"code": phone.code()})
    assert other.get("/admin/").status_code == 200
    assert other.session.session_key != before
    assert not UserSession.objects.filter(session_key=session_digest(before)).exists()


def test_a_backup_code_needs_no_slow_digest(client: Client, db: None) -> None:
    """From 112 bits on a fast one will do (ASVS 5.0.0, 6.5.2)."""
    client.force_login(make_user("tony", password=PASSWORD))
    _, codes = set_up(client)
    bits = math.log2(len(two_factor._LETTERS)) * len(codes[0].replace("-", ""))
    assert bits >= 112


def test_operators_end_all_sessions_of_a_user(alice: User, charlie: User) -> None:
    operator = _logged_in(make_user("olga", is_staff=True, is_superuser=True))
    of_alice, of_charlie = _logged_in(alice), _logged_in(charlie)
    token_pair_create(user=alice)
    _, token = personal_token_create(
        user=alice, name="Sync", scope=TokenScope.READ, lifetime=timedelta(days=1)
    )
    assert "2 sessions ended" in _end_sessions(operator, alice)
    assert not _is_logged_in(of_alice)
    assert logins_list(alice, CurrentLogin()) == []
    assert _is_logged_in(of_charlie)
    assert personal_token_read(token).user == alice


def test_an_operator_who_ends_their_own_stays_where_they_are(db: None) -> None:
    olga = make_user("olga", is_staff=True, is_superuser=True)
    here, elsewhere = _logged_in(olga), _logged_in(olga)
    assert "1 sessions ended" in _end_sessions(here, olga)
    assert _is_logged_in(here)
    assert not _is_logged_in(elsewhere)


def test_who_may_only_look_ends_none(alice: User) -> None:
    viewer = make_user("vera", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_user"))
    of_alice = _logged_in(alice)
    _end_sessions(_logged_in(viewer), alice)
    assert _is_logged_in(of_alice)


def _logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _is_logged_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def _end_sessions(client: Client, *users: User) -> str:
    data = {"action": "end_sessions", "_selected_action": [u.pk for u in users], "post": "yes"}
    return client.post(USERS, data, follow=True).text

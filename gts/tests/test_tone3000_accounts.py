"""Whose account a login at Tone 3000 opens, and where its tokens are not: tests 15 and 16."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import aget_user
from django.db import connections
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings
from social_django.models import UserSocialAuth

from accounts.models import AuditEntry, Tone3000Tokens, User
from accounts.services import user_get_or_create_local
from accounts.tests.factories import connect_tone3000, make_user
from accounts.tone3000.calls import TokenAnswer, call
from accounts.tone3000.tokens import access_token
from gts.tests.tone3000 import Visitor, audit_actions, num_login_rows
from tools.tone3000_server import FakeServer

pytestmark = pytest.mark.django_db

# Whose account -----------------------------------------------------------------------------------


@pytest.fixture
def at_home(fake: FakeServer) -> Visitor:
    """The person at this machine, logged in without Tone 3000."""
    visitor = Visitor(fake)
    visitor.client.force_login(user_get_or_create_local())
    return visitor


def test_an_account_is_connected_reconnected_and_disconnected(at_home: Visitor) -> None:
    answer = at_home.go(next_url=reverse("account"))
    assert answer["Location"] == reverse("account")
    user = at_home.user
    assert user is not None
    assert user.username == "local"
    assert User.objects.count() == 1
    assert "alice" in at_home.page(reverse("account"))
    token = access_token(user)
    at_home.go()
    assert access_token(user) != token  # the newest pair
    at_home.client.post(reverse("tone3000-disconnect"))
    assert num_login_rows() == (1, 0, 0)
    assert User.objects.get().tone3000_id is None
    assert "Connect Tone 3000" in at_home.page(reverse("account"))
    assert audit_actions() == ["login", "connected", "disconnected"]
    at_home.go(user="bob")  # and now as someone else
    assert audit_actions()[3:] == ["connected"]
    assert num_login_rows() == (1, 1, 1)


def test_a_tone_3000_account_belongs_to_one_account_here(at_home: Visitor) -> None:
    Visitor(at_home.fake).go()
    answer = at_home.go()
    assert answer["Location"] == reverse("account")
    assert "belongs to another account here" in at_home.page(reverse("account"))
    assert at_home.user is not None
    assert at_home.user.username == "local"
    assert num_login_rows() == (2, 1, 1)


def test_a_second_tone_3000_account_is_not_attached_silently(at_home: Visitor) -> None:
    at_home.go(user="alice")
    before = Tone3000Tokens.objects.get().encrypted
    at_home.go(user="bob")
    assert "as someone else" in at_home.page(reverse("account"))
    assert num_login_rows() == (1, 1, 1)
    assert Tone3000Tokens.objects.get().encrypted == before


def test_who_logs_in_meanwhile_gets_nothing_of_another(visitor: Visitor) -> None:
    url = visitor.begin()
    visitor.fake.next_authorize("approve")
    callback = visitor.ask(url)
    visitor.client.force_login(make_user("charlie"))
    visitor.come_back(callback)
    assert "Someone else has logged in" in visitor.page(reverse("account"))
    assert num_login_rows() == (1, 0, 0)


def test_disconnecting_leaves_the_only_way_in(visitor: Visitor) -> None:
    visitor.go()
    visitor.client.post(reverse("tone3000-disconnect"))
    assert num_login_rows() == (1, 1, 0)
    page = visitor.page(reverse("account"))
    assert "This is how you log in" in page
    visitor.client.post(reverse("logout"))
    visitor.go()
    assert num_login_rows() == (1, 1, 1)


def test_an_account_that_is_switched_off_stays_out(visitor: Visitor) -> None:
    visitor.go()
    visitor.client.post(reverse("logout"))
    before = Tone3000Tokens.objects.get().encrypted
    User.objects.update(is_active=False)
    answer = visitor.go()
    assert "switched off" in visitor.page(answer["Location"])
    assert visitor.user is None
    assert Tone3000Tokens.objects.get().encrypted == before


def test_names_that_are_taken_or_reserved_get_a_suffix(visitor: Visitor) -> None:
    make_user("ALICE")
    visitor.go(user="alice")
    assert visitor.user is not None
    assert visitor.user.username.startswith("alice-")
    assert str(visitor.user) == "alice"
    # No one becomes the owner of an account by having its name.
    assert User.objects.get(username="ALICE").tone3000_id is None


@pytest.mark.parametrize("shape", ["2026-06", "2026-10"])
@pytest.mark.parametrize("id_style", ["int", "uuid"])
def test_every_shape_of_their_answers_logs_in(visitor: Visitor, shape: str, id_style: str) -> None:
    visitor.fake.set(shape=shape, id_style=id_style)
    visitor.go(user="bob")
    again = Visitor(visitor.fake)
    again.go(user="bob")
    assert again.user == visitor.user is not None


# 5.5 of the specification: user ids that change their shape.


@pytest.mark.parametrize(("before", "after"), [("uuid", "int"), ("int", "uuid")])
def test_ids_of_another_kind_make_no_new_accounts(
    visitor: Visitor, before: str, after: str, caplog: pytest.LogCaptureFixture
) -> None:
    visitor.fake.set(id_style=before)
    visitor.go(user="bob")
    visitor.fake.set(id_style=after)
    stranger = Visitor(visitor.fake)
    with caplog.at_level(logging.CRITICAL):
        answer = stranger.go(user="bob")
    assert "New accounts cannot be made" in stranger.page(answer["Location"])
    assert stranger.user is None
    assert num_login_rows() == (1, 1, 1)
    assert "user_id_alarm" in audit_actions()
    alarms = [record for record in caplog.records if record.levelno >= logging.CRITICAL]
    assert len(alarms) == 1
    # Anyone who is known goes on as before.
    visitor.fake.set(id_style=before)
    visitor.client.post(reverse("logout"))
    visitor.go(user="bob")
    assert visitor.user is not None


# 16. Where tokens are not ------------------------------------------------------------------------


def test_tokens_are_nowhere_to_be_seen(
    visitor: Visitor, caplog: pytest.LogCaptureFixture, admin_client: Client
) -> None:
    caplog.set_level(logging.DEBUG)
    visitor.go()
    user = visitor.user
    assert user is not None
    first = access_token(user)
    second = access_token(user, rejected=first)
    visitor.fake.revoke("alice")
    secrets = [first, second]
    assert all(len(secret) > 900 for secret in secrets)

    seen = [
        visitor.page(reverse("account")),
        visitor.page(reverse("gear-list")),
        visitor.page("/api/v1/me/"),
        str(UserSocialAuth.objects.get().extra_data),
        str(dict(visitor.client.session)),
        str(visitor.client.cookies),
        Tone3000Tokens.objects.get().encrypted,
        str(list(AuditEntry.objects.values())),
        caplog.text,
    ]
    for path in (
        "accounts/user/",
        f"accounts/user/{user.pk}/change/",
        "accounts/auditentry/",
        f"accounts/auditentry/{AuditEntry.objects.latest('at').pk}/change/",
    ):
        answer = admin_client.get(f"/admin/{path}")
        assert answer.status_code == 200, path
        seen.append(answer.content.decode())
    for text in seen:
        for secret in secrets:
            assert secret not in text
            assert secret[:60] not in text
    assert "encrypted" not in "".join(seen)
    assert Tone3000Tokens.objects.get().encrypted not in "".join(seen[:6])


def test_operators_see_the_connection_and_cannot_forge_it(
    visitor: Visitor, admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    visitor.go()
    assert "connected" in admin_client.get("/admin/accounts/user/").content.decode()
    for model in ("usersocialauth", "nonce", "association"):
        assert admin_client.get(f"/admin/social_django/{model}/").status_code == 404
    for what in ("add/", f"{AuditEntry.objects.latest('at').pk}/delete/"):
        assert admin_client.get(f"/admin/accounts/auditentry/{what}").status_code == 403
    for number in range(3):
        other = make_user(f"user-{number}")
        connect_tone3000(other, TokenAnswer("a", "r", 60), tone3000_id=f"id-{number}")
    with django_assert_max_num_queries(8):
        admin_client.get("/admin/accounts/user/")


def test_deleting_someone_takes_the_tokens_and_leaves_the_trail(visitor: Visitor) -> None:
    visitor.go()
    user = visitor.user
    assert user is not None
    user.delete()
    assert num_login_rows() == (0, 0, 0)
    last = AuditEntry.objects.latest("id")
    assert (last.action, last.user, last.user_uuid) == ("deleted", None, user.uuid)


def test_a_token_of_the_login_opens_their_api(visitor: Visitor, settings: Settings) -> None:
    visitor.go(user="bob")
    assert visitor.user is not None
    url = f"{settings.GTS_TONE3000_API}/tones/created"
    assert call("GET", url, bearer=access_token(visitor.user)).status == 200


@pytest.mark.django_db(transaction=True)
async def test_async_views_know_who_logged_in(fake: FakeServer) -> None:
    visitor = Visitor(fake)
    await sync_to_async(visitor.go)()
    request = RequestFactory().get("/")
    request.session = await sync_to_async(lambda: visitor.client.session)()
    user = await aget_user(request)
    assert user.is_authenticated
    await sync_to_async(connections.close_all)()

"""What the database, and so every backup, holds lets no one in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.core.management import call_command
from django.test import AsyncClient, Client
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from accounts.login.tests.test_two_factor import codes_on, no_tries_yet, secret_on  # noqa: F401
from accounts.login.tests.test_two_factor import set_up as set_up_two_factor
from accounts.models import User, UserSession
from accounts.sessions.store import SessionStore, session_digest
from accounts.tests.factories import make_user
from accounts.tests.migrating import migrate_back
from accounts.tokens.families import token_pair_create, token_pair_rotate, token_revoke

PASSWORD = "one long password 1"
TOKENS = "/api/v1/me/tokens/"


def everything_kept() -> str:
    """Every value of every table, and the data of sessions as it is before it is packed."""
    values: list[Any] = []
    for model in apps.get_models():
        if model._meta.managed:
            values += model._base_manager.values_list()
    values += [row.get_decoded() for row in UserSession.objects.all()]
    return json.dumps(values, default=str)


def logged_in(name: str = "anna") -> Client:
    user = User.objects.filter(username=name).first() or make_user(name, password=PASSWORD)
    client = Client()
    client.post("/login/", {"username": user.username, "password": PASSWORD})
    return client


def post_json(client: Client, address: str, body: dict[str, str]) -> Any:
    headers = {"Idempotency-Key": "k1"}  # an answer that is kept to be given again would hold it
    return client.post(address, body, content_type="application/json", headers=headers).json()


def is_logged_in(client: Client) -> bool:
    return bool(client.get("/account/").status_code == 200)


def test_nothing_that_lets_anyone_in_is_kept_readable(db: None) -> None:
    client = logged_in()
    secret = secret_on(client.get("/account/two-factor/").text)
    _, codes = set_up_two_factor(client)
    pair = client.post("/api/v1/auth/token/").json()
    newer = post_json(client, "/api/v1/auth/token/refresh/", {"refresh": pair["refresh"]})
    made = post_json(client, TOKENS, {"name": "Sync", "scope": "read"})
    client.post("/account/tokens/", {"name": "Page", "scope": "read", "lifetime_days": 30})
    meanwhile = everything_kept()  # the token waits in the session to be shown once
    shown = client.get("/account/").text
    kept = meanwhile + everything_kept()
    user = User.objects.get()
    assert user.password in kept  # it is the whole of it that is looked at
    [on_page] = set(re.findall(r"gts_pat_[\w-]{43}", shown))
    cookie = client.cookies["sessionid"].value
    tokens = [pair["access"], pair["refresh"], newer["access"], newer["refresh"]]
    for good in (cookie, secret, *codes, *tokens, made["token"], on_page):
        assert len(good) > 20
        assert good not in kept


def test_no_refresh_token_can_be_taken_from_the_database(db: None) -> None:
    """Neither those that are good nor those that were spent, known before or not."""
    anna = make_user("anna")
    pair = token_pair_create(user=anna)
    token_pair_rotate(refresh=pair.refresh)
    unknown = RefreshToken.for_user(anna)
    OutstandingToken.objects.filter(jti=unknown["jti"]).delete()
    token_revoke(refresh=str(unknown))
    assert list(OutstandingToken.objects.values_list("token", flat=True)) == [""] * 3


def test_what_a_row_says_opens_no_session(db: None) -> None:
    client = logged_in()
    row = UserSession.objects.get()
    thief = Client()
    thief.cookies["sessionid"] = row.session_key
    assert not is_logged_in(thief)
    assert is_logged_in(client)


def test_a_key_in_clear_from_before_opens_nothing(db: None) -> None:
    client = logged_in()
    row = UserSession.objects.get()
    UserSession.objects.filter(pk=row.pk).update(session_key="a" * 32)
    client.cookies["sessionid"] = "a" * 32
    assert not is_logged_in(client)


def test_a_session_is_made_kept_and_ended_by_its_key(db: None) -> None:
    store = SessionStore()
    store["theme"] = "dark"
    store.save()
    first = store.session_key
    assert first is not None
    assert (store.exists(first), store.exists(session_digest(first))) == (True, False)
    store["theme"] = "light"
    store.save()
    assert SessionStore(first)["theme"] == "light"
    assert UserSession.objects.count() == 1
    store.cycle_key()
    second = store.session_key
    assert second not in (None, first)
    assert SessionStore(first).get("theme") is None
    assert SessionStore(second)["theme"] == "light"
    SessionStore(second).delete("not the key of one")
    assert UserSession.objects.count() == 1
    SessionStore().delete(second)
    assert not UserSession.objects.exists()
    SessionStore(second).flush()


@pytest.mark.parametrize("key", ["\x00" * 32, "\udc80" * 32, "é" * 32, "x" * 5000])
def test_what_is_no_key_is_no_session(db: None, key: str) -> None:
    store = SessionStore(key)
    assert store.get("theme") is None
    assert store.session_key is None


@pytest.mark.django_db(transaction=True)
async def test_async_sessions_too(async_client: AsyncClient) -> None:
    anna = await sync_to_async(make_user)("anna")
    await async_client.aforce_login(anna)
    key = async_client.cookies["sessionid"].value
    row = await UserSession.objects.aget()
    assert row.session_key == session_digest(key)
    store = SessionStore(key)
    assert await store.aexists(key)
    assert await store.aget("_auth_user_id") == str(anna.pk)
    await store.acycle_key()
    assert not await store.aexists(key)
    assert await SessionStore(key).aget("_auth_user_id") is None
    await SessionStore(store.session_key).adelete()
    assert not await UserSession.objects.aexists()


@pytest.fixture
def newest_again() -> Iterator[None]:
    yield
    call_command("migrate", verbosity=0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("newest_again")
def test_what_was_kept_in_clear_goes_with_the_update() -> None:
    client = logged_in()
    now = timezone.now()
    anna = User.objects.get()
    migrate_back("accounts", "0009_two_factor")
    UserSession.objects.create(session_key="a" * 32, session_data="", expire_date=now)
    OutstandingToken.objects.create(
        user=anna, jti="b" * 32, token="good", expires_at=now + timedelta(days=1)
    )
    call_command("migrate", verbosity=0)
    assert not UserSession.objects.filter(session_key="a" * 32).exists()
    assert OutstandingToken.objects.get().token == ""
    assert is_logged_in(client)  # what is a digest already stays

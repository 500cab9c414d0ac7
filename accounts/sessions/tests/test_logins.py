"""Where an account is logged in: listed, and ended, on the page and over the API."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.base import UpdateError
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditAction, AuditEntry, User, UserSession
from accounts.sessions.logins import MAX_LISTED, CurrentLogin, Login, login_end, logins_list
from accounts.sessions.store import browser_name
from accounts.tasks import clean_up
from accounts.tests.factories import api_client, make_user
from accounts.tokens.families import token_pair_create, token_pair_rotate
from gts.web.errors import NotFoundError, UnauthorizedError

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36"
)
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
EDGE = f"{CHROME} Edg/141.0.0.0"
PASSWORD = "one long password 1"
SESSIONS = "/api/v1/me/sessions/"


@pytest.fixture
def anna(db: None) -> User:
    return make_user("anna", password=PASSWORD)


def browser(user_agent: str, address: str = "192.0.2.7") -> Client:
    client = Client(headers={"user-agent": user_agent}, REMOTE_ADDR=address)
    answer = client.post("/login/", {"username": "anna", "password": PASSWORD})
    assert answer.status_code == 302
    return client


def is_logged_in(client: Client) -> bool:
    return bool(client.get("/account/").status_code == 200)


def listed(user: User) -> list[Login]:
    return logins_list(user, CurrentLogin())


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (CHROME, "Chrome on Windows"),
        (SAFARI, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("python-httpx/0.28 (something)", "python-httpx/0.28"),
        ("", ""),
        ("x" * 500, "x" * 60),
        ("a\x1b[31mb", "a[31mb"),
    ],
)
def test_a_browser_has_a_short_name(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name


def test_sessions_say_when_where_from_and_which_browser(anna: User) -> None:
    before = timezone.now()
    browser(FIREFOX)
    phone = browser(SAFARI, "2001:db8::1")
    found = phone.get(SESSIONS).json()
    assert [(one["name"], one["address"], one["is_current"]) for one in found] == [
        ("Safari on iPhone", "2001:db8::1", True),
        ("Firefox on Linux", "192.0.2.7", False),
    ]
    assert all(one["kind"] == "browser" for one in found)
    for login in listed(anna):
        assert login.started_at is not None
        assert before <= login.started_at <= timezone.now()


def test_ending_one_logs_that_browser_out_and_no_other(anna: User) -> None:
    desk, phone = browser(FIREFOX), browser(SAFARI)
    desk_id = next(one["id"] for one in desk.get(SESSIONS).json() if one["is_current"])
    answer = phone.post(f"/account/sessions/{desk_id}/end/")
    assert (answer.status_code, answer["Location"]) == (302, "/account/")
    assert not is_logged_in(desk)
    assert is_logged_in(phone)
    entry = AuditEntry.objects.get(action=AuditAction.SESSION_ENDED)
    assert (entry.user, entry.address) == (anna, "192.0.2.7")
    assert phone.delete(f"{SESSIONS}{desk_id}/").status_code == 404


def test_a_session_that_has_ended_does_not_come_back(anna: User) -> None:
    """Not by what its browser still has under way either."""
    desk = browser(FIREFOX)
    session = desk.session
    session["theme"] = "dark"
    UserSession.objects.all().delete()
    with pytest.raises(UpdateError):
        session.save()
    assert not UserSession.objects.exists()


def test_all_others_end_and_the_current_one_stays(anna: User) -> None:
    desk, phone, tablet = browser(FIREFOX), browser(SAFARI), browser(EDGE)
    program = token_pair_create(user=anna)
    answer = phone.post("/account/sessions/end-others/", follow=True)
    assert "All other sessions have ended." in answer.text
    assert [is_logged_in(client) for client in (desk, phone, tablet)] == [False, True, False]
    with pytest.raises(UnauthorizedError):
        token_pair_rotate(refresh=program.refresh)
    assert phone.get(SESSIONS).json()[0]["is_current"]
    assert len(listed(anna)) == 1


def test_a_program_is_listed_and_ended(anna: User) -> None:
    pair = token_pair_create(user=anna, program="Firefox on Linux", address="192.0.2.1")
    token_pair_rotate(refresh=pair.refresh, program="gts-sync/1.0", address="192.0.2.9")
    (login,) = listed(anna)
    assert (login.kind, login.name, login.address) == ("program", "gts-sync/1.0", "192.0.2.9")
    assert login.last_used_at is not None
    login_end(user=anna, login_id=login.id)
    assert listed(anna) == []
    assert api_status(pair.access) == 401


def test_a_program_knows_itself_and_ends_the_others(anna: User) -> None:
    desk = browser(FIREFOX)
    mine, other = token_pair_create(user=anna), token_pair_create(user=anna)
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {mine.access}")
    current = [one["kind"] for one in client.get(SESSIONS).json() if one["is_current"]]
    assert current == ["program"]
    assert client.delete(SESSIONS).status_code == 204
    assert not is_logged_in(desk)
    assert (api_status(mine.access), api_status(other.access)) == (200, 401)


def api_status(access: str) -> int:
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {access}")
    return int(client.get("/api/v1/me/").status_code)


def test_strangers_cannot_end_them(anna: User, charlie: User) -> None:
    desk = browser(FIREFOX)
    program = token_pair_create(user=anna)
    for login in listed(anna):
        assert api_client(charlie).delete(f"{SESSIONS}{login.id}/").status_code == 404
        with pytest.raises(NotFoundError):
            login_end(user=charlie, login_id=login.id)
    assert api_client(charlie).delete(f"{SESSIONS}{uuid.uuid4()}/").status_code == 404
    assert api_client(charlie).delete(SESSIONS).status_code == 204
    assert is_logged_in(desk)
    assert api_status(program.access) == 200


def test_sessions_that_are_worth_nothing_are_not_listed(anna: User) -> None:
    browser(FIREFOX)
    old = browser(SAFARI)
    UserSession.objects.filter(browser="Safari on iPhone").update(
        expire_date=timezone.now() - timedelta(seconds=1)
    )
    assert [login.name for login in listed(anna)] == ["Firefox on Linux"]
    clean_up()
    assert UserSession.objects.count() == 1
    assert not is_logged_in(old)
    anna.set_password("changed by an operator")
    anna.save()
    assert listed(anna) == []


def test_a_change_of_the_password_leaves_only_this_browser(anna: User) -> None:
    browser(FIREFOX)
    phone = browser(SAFARI)
    token_pair_create(user=anna)
    fields = {"old_password": PASSWORD, "new_password1": "another long one", "ends_tokens": ""}
    answer = phone.post("/account/password/", {**fields, "new_password2": "another long one"})
    assert answer.status_code == 302
    anna.refresh_from_db()
    assert [login.name for login in listed(anna)] == ["Safari on iPhone"]


def test_the_id_of_a_session_stays_while_its_key_changes(anna: User) -> None:
    client = browser(FIREFOX)
    (before,) = listed(anna)
    session = client.session
    session.cycle_key()
    session.save()
    (after,) = listed(anna)
    assert after.id == before.id


def test_long_lists_end(anna: User) -> None:
    client = browser(FIREFOX)
    for _ in range(MAX_LISTED + 5):
        token_pair_create(user=anna)
    with CaptureQueriesContext(connection) as captured:
        found = client.get(SESSIONS).json()
    assert len(found) == MAX_LISTED + 1
    assert len(captured) <= 4


def test_the_page_lists_them_and_ends_them(anna: User) -> None:
    browser(FIREFOX)
    page = browser(SAFARI).get("/account/").text
    assert "Safari on iPhone</strong> (this browser)" in page
    assert 'aria-label="End Firefox on Linux from 192.0.2.7"' in page
    assert page.count("/end/") == 1
    assert "End all others" in page


def test_names_of_browsers_are_text(anna: User) -> None:
    browser("<script>alert(1)</script>")
    assert "<script>alert" not in browser(SAFARI).get("/account/").text


@pytest.mark.django_db(transaction=True)
async def test_async_sessions_say_whose_they_are(async_client: AsyncClient) -> None:
    anna = await sync_to_async(make_user)("anna")
    await async_client.aforce_login(anna)
    row = await UserSession.objects.aget()
    assert row.user_id == anna.pk
    assert row.started_at is not None


def test_visitors_have_sessions_without_a_user(db: None, client: Client) -> None:
    session: Any = client.session
    session["next"] = "/"
    session.save()
    row = UserSession.objects.get()
    assert (row.user, row.started_at, row.browser) == (None, None, "")

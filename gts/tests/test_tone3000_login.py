"""Logging in with Tone 3000: acceptance tests 1–3 of its specification, and what is ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from social_django.models import Nonce, UserSocialAuth

from accounts.models import Tone3000Tokens
from accounts.tone3000.tokens import access_token
from gts.tests.tone3000 import Visitor, audit_actions, num_login_rows, query_of, with_query
from tools.tone3000_server import FakeServer

pytestmark = pytest.mark.django_db

CALLBACK = "http://testserver/complete/tone3000/"
TOKEN_PATH = "/api/v1/oauth/token"


# 1. Login ----------------------------------------------------------------------------------------


def test_a_login_makes_one_account_and_the_next_one_finds_it(visitor: Visitor) -> None:
    visitor.fake.set(clients={visitor.fake.client_id: [CALLBACK]})
    answer = visitor.go()
    assert (answer.status_code, answer["Location"]) == (302, reverse("shootout-mine"))
    user = visitor.user
    assert user is not None
    assert not user.has_usable_password()
    assert (user.is_staff, user.is_superuser, user.email) == (False, False, "")
    social = UserSocialAuth.objects.get(user=user)
    assert user.tone3000_id == social.uid
    assert num_login_rows() == (1, 1, 1)

    again = Visitor(visitor.fake)
    again.go()
    assert again.user == user
    assert num_login_rows() == (1, 1, 1)
    assert audit_actions() == ["connected", "login", "login"]


def test_a_look_at_the_callback_changes_nothing(visitor: Visitor) -> None:
    """A HEAD, as what follows links by itself sends it."""
    address = visitor.begin()
    visitor.fake.next_authorize("approve", user="alice")
    callback = visitor.ask(address)
    parts = urlsplit(callback)
    assert visitor.client.head(f"{parts.path}?{parts.query}").status_code == 405
    assert (visitor.user, audit_actions()) == (None, [])
    visitor.come_back(callback)
    assert visitor.user is not None


def test_what_is_sent_is_exactly_what_is_asked_for(visitor: Visitor) -> None:
    url = visitor.begin()
    sent = query_of(url)
    assert set(sent) == {
        "client_id",
        "redirect_uri",
        "response_type",
        "code_challenge",
        "code_challenge_method",
        "state",
        "menubar",
    }
    assert sent["redirect_uri"] == CALLBACK
    assert sent["code_challenge_method"] == "S256"
    assert len(sent["code_challenge"]) == 43
    visitor.fake.next_authorize("approve")
    visitor.come_back(visitor.ask(url))
    (exchange,) = visitor.fake.requests(TOKEN_PATH)
    assert set(exchange["body_keys"]) == {
        "grant_type",
        "code",
        "code_verifier",
        "redirect_uri",
        "client_id",
    }
    (asked,) = visitor.fake.requests("/api/v1/user")
    for entry in (exchange, asked):
        assert entry["user_agent"].startswith("GTS/")


def test_every_login_has_its_own_state_and_verifier(visitor: Visitor) -> None:
    first, second = query_of(visitor.begin()), query_of(visitor.begin())
    assert first["state"] != second["state"]
    assert first["code_challenge"] != second["code_challenge"]


def test_two_tabs_can_both_arrive(visitor: Visitor) -> None:
    urls = [visitor.begin(), visitor.begin()]
    for url in urls:
        visitor.fake.next_authorize("approve")
        assert visitor.come_back(visitor.ask(url))["Location"] == reverse("shootout-mine")
        assert visitor.user is not None
    assert num_login_rows() == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_first_logins_at_once_make_one_account(fake: FakeServer) -> None:
    callbacks = []
    for _ in range(4):
        visitor = Visitor(fake)
        url = visitor.begin()
        fake.next_authorize("approve")
        callbacks.append((visitor, visitor.ask(url)))
    barrier = Barrier(len(callbacks))

    def arrive(visitor: Visitor, callback: str) -> str:
        try:
            barrier.wait()
            return str(visitor.come_back(callback)["Location"])
        finally:
            connection.close()

    with ThreadPoolExecutor(len(callbacks)) as pool:
        arrived = list(pool.map(arrive, *zip(*callbacks, strict=True)))
    assert arrived == [reverse("shootout-mine")] * len(callbacks)
    assert num_login_rows() == (1, 1, 1)


# 2. Tampering ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tamper",
    [
        lambda url: with_query(url, state="0" * 32),
        lambda url: with_query(url, state=None),
        lambda url: with_query(url, state=""),
        lambda url: with_query(url, state="x" * 5000),
        lambda url: with_query(url, code="0" * 32),
        lambda url: with_query(url, code=""),
        lambda url: with_query(url, code=None),
        lambda url: with_query(url, code="\x00é"),
    ],
)
def test_a_tampered_callback_logs_no_one_in(visitor: Visitor, tamper: Callable[[str], str]) -> None:
    url = visitor.begin()
    visitor.fake.next_authorize("approve")
    answer = visitor.come_back(tamper(visitor.ask(url)))
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, reverse("login"))
    assert visitor.user is None
    assert num_login_rows() == (0, 0, 0)
    assert audit_actions() == ["login_failed"]


def test_a_callback_works_once(visitor: Visitor) -> None:
    url = visitor.begin()
    visitor.fake.next_authorize("approve")
    callback = visitor.ask(url)
    visitor.come_back(callback)
    before = Tone3000Tokens.objects.get().encrypted
    visitor.client.post(reverse("logout"))
    answer = visitor.come_back(callback)
    assert answer["Location"].startswith(reverse("login"))
    assert visitor.user is None
    assert Tone3000Tokens.objects.get().encrypted == before


def test_a_used_code_with_a_fresh_state_is_worth_nothing(visitor: Visitor) -> None:
    first = visitor.begin()
    visitor.fake.next_authorize("approve")
    code = query_of(visitor.ask(first))["code"]
    other = Visitor(visitor.fake)
    other.come_back(f"{CALLBACK}?code={code}&state={query_of(other.begin())['state']}")
    assert other.user is None
    assert num_login_rows() == (0, 0, 0)


def test_a_callback_of_someone_elses_browser_is_refused(visitor: Visitor) -> None:
    url = visitor.begin()
    visitor.fake.next_authorize("approve")
    victim = Visitor(visitor.fake)
    victim.begin()
    victim.come_back(visitor.ask(url))
    assert victim.user is None
    assert num_login_rows() == (0, 0, 0)


def test_a_tampered_verifier_is_refused(visitor: Visitor) -> None:
    url = visitor.begin()
    session = visitor.client.session
    key = f"tone3000_oauth2_state_{query_of(url)['state']}"
    session[key] = {**session[key], "code_verifier": "x" * 64}
    session.save()
    visitor.fake.next_authorize("approve")
    visitor.come_back(visitor.ask(url))
    assert visitor.user is None
    assert num_login_rows() == (0, 0, 0)


def test_a_callback_out_of_nowhere_leaves_nothing_behind(visitor: Visitor) -> None:
    answer = visitor.come_back(f"{CALLBACK}?code=abc&state=def")
    assert answer["Location"].startswith(reverse("login"))
    visitor.come_back(f"{CALLBACK}?error=access_denied")
    visitor.come_back(CALLBACK)
    # Or anybody could fill the audit trail.
    assert audit_actions() == []
    assert num_login_rows() == (0, 0, 0)
    assert visitor.fake.requests(TOKEN_PATH) == []


def test_the_way_begins_with_a_post_and_its_token(fake: FakeServer) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.get(reverse("login-tone3000")).status_code == 405
    assert client.post(reverse("login-tone3000")).status_code == 403
    assert Nonce.objects.count() == 0


def test_no_one_logs_in_by_a_token(visitor: Visitor) -> None:
    token = visitor.fake.tokens("alice")["access_token"]
    for data in ({"access_token": token}, {"access_token": token, "backend": "tone3000"}):
        visitor.client.post(reverse("social:complete", args=["tone3000"]), data)
        visitor.client.get(reverse("social:complete", args=["tone3000"]), data)
        visitor.client.post(reverse("login-tone3000"), data)
    assert visitor.user is None
    assert num_login_rows() == (0, 0, 0)


@pytest.mark.parametrize(
    "path",
    [
        "/login/other/",
        "/complete/other/",
        "/disconnect/tone3000/",
        "/idp-launch/tone3000/",
        "/app-launch/tone3000/",
    ],
)
def test_there_are_no_other_doors(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404


def test_without_a_key_there_is_no_button_and_no_way(client: Client, settings: Settings) -> None:
    settings.GTS_TONE3000_KEY = ""
    assert b"Log in with Tone 3000" not in client.get(reverse("login")).content
    assert client.post(reverse("login-tone3000")).status_code == 404


# 3. No, and almost -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("deny", "because you stopped there"),
        ("cancel", "because you stopped there"),
        ("error", "does not answer as it should"),
    ],
)
def test_a_no_is_a_friendly_page(visitor: Visitor, kind: str, text: str) -> None:
    answer = visitor.go(kind, next_url="/shootouts/new/")
    assert answer.status_code == 302
    page = visitor.page(answer["Location"])
    assert text in page
    assert "Log in with Tone 3000" in page
    assert 'value="/shootouts/new/"' in page  # where they wanted to go is not forgotten
    assert visitor.user is None
    assert num_login_rows() == (0, 0, 0)
    assert audit_actions() == ["login_failed"]
    assert visitor.fake.requests(TOKEN_PATH) == []
    visitor.go()
    assert visitor.user is not None


def test_a_no_needs_its_state_too(visitor: Visitor) -> None:
    url = visitor.begin()
    answer = visitor.come_back(f"{CALLBACK}?error=access_denied&state=forged")
    assert "not started here" in visitor.page(answer["Location"])
    # The forged one has used up nothing.
    visitor.fake.next_authorize("approve")
    visitor.come_back(visitor.ask(url))
    assert visitor.user is not None


def test_cancelled_but_signed_in_is_a_login(visitor: Visitor) -> None:
    visitor.go("cancel_with_code")
    assert visitor.user is not None
    assert access_token(visitor.user)


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        ({"status": 400, "body": {"error": "invalid_grant"}}, "did not accept this login"),
        (
            {"status": 400, "body": {"code": 400, "error_code": "flow_state_expired", "msg": "x"}},
            "did not accept this login",
        ),
        ({"status": 400, "body": {"error": "invalid_client"}}, "not set up correctly"),
        ({"status": 500, "body": {"error": "server_error"}}, "does not answer as it should"),
        ({"status": 429, "body": {}}, "does not answer as it should"),
        ({"status": 403, "body": {}}, "does not answer as it should"),
        ({"status": 302, "headers": {"Location": "/elsewhere"}}, "does not answer as it should"),
        ({"status": 200, "body": {}}, "does not answer as it should"),
        ({"status": 200, "body": []}, "does not answer as it should"),
    ],
)
def test_what_goes_wrong_at_the_exchange_is_a_friendly_page(
    visitor: Visitor, failure: dict[str, Any], text: str
) -> None:
    url = visitor.begin()
    visitor.fake.next_authorize("approve")
    callback = visitor.ask(url)
    body = json.dumps(failure.get("body", {}))
    visitor.fake.fail(TOKEN_PATH, **{**failure, "body": body})
    answer = visitor.come_back(callback)
    assert text in visitor.page(answer["Location"])
    assert visitor.user is None
    assert num_login_rows() == (0, 0, 0)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_what_goes_wrong_at_the_question_who_it_is_too(visitor: Visitor, status: int) -> None:
    visitor.fake.fail("/api/v1/user", status=status)
    answer = visitor.go()
    assert "does not answer as it should" in visitor.page(answer["Location"])
    assert num_login_rows() == (0, 0, 0)


# Where to ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "https:evil.example",
        "http:///evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://testserver@evil.example/",
        "https://testserver.evil.example/",
        "/\tevil",
        "\x00//evil.example",
        " //evil.example/",
    ],
)
def test_next_leads_nowhere_else(visitor: Visitor, wanted: str) -> None:
    answer = visitor.go(next_url=wanted)
    assert visitor.user is not None
    assert answer["Location"] == reverse("shootout-mine")


def test_next_of_the_callback_is_not_asked(visitor: Visitor) -> None:
    url = visitor.begin("/shootouts/new/")
    visitor.fake.next_authorize("approve")
    callback = with_query(visitor.ask(url), next="/accounts/elsewhere/")
    assert visitor.come_back(callback)["Location"] == "/shootouts/new/"


def test_next_within_the_site_is_kept_with_its_query(visitor: Visitor) -> None:
    assert visitor.go(next_url="/shootouts/new/?x=1&y=2")["Location"] == "/shootouts/new/?x=1&y=2"

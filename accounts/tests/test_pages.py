"""Logging in through the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.login.local import owner_token_renew, secrets_dir
from accounts.models import User
from accounts.tests.factories import make_user

pytestmark = pytest.mark.django_db

LOCAL: dict[str, Any] = {"HTTP_HOST": "localhost:8000", "REMOTE_ADDR": "127.0.0.1"}


@pytest.fixture(autouse=True)
def _embedded(settings: Settings, tmp_path: Path) -> None:
    settings.IS_EMBEDDED = True
    settings.DATA_DIR = tmp_path / "var"


@pytest.fixture
def token(_embedded: None) -> str:
    """Of the owner of this machine."""
    return owner_token_renew(secrets_dir())


def test_a_name_and_its_password_log_in(client: Client) -> None:
    make_user("alice", password="correct horse")
    answer = client.post(reverse("login"), {"username": "alice", "password": "correct horse"})
    assert (answer.status_code, answer["Location"]) == (302, reverse("shootout-mine"))
    assert "_auth_user_id" in client.session


def test_a_wrong_password_says_so_and_keeps_the_name(client: Client) -> None:
    make_user("alice", password="correct horse")
    answer = client.post(reverse("login"), {"username": "alice", "password": "wrong"})
    text = answer.content.decode()
    assert "do not belong together" in text
    assert 'value="alice"' in text
    assert "wrong" not in text
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("url", ["login", "login-local"])
@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/shootouts/new/?x=1", "/shootouts/new/?x=1"),
        ("https://evil.example/", "/shootouts/mine/"),
        ("//evil.example/", "/shootouts/mine/"),
        ("/\\evil.example/", "/shootouts/mine/"),
        ("javascript:alert(1)", "/shootouts/mine/"),
    ],
)
def test_next_leads_nowhere_else(
    client: Client, token: str, url: str, wanted: str, reached: str
) -> None:
    make_user("alice", password="correct horse")
    data = {"username": "alice", "password": "correct horse", "token": token, "next": wanted}
    answer = client.post(reverse(url), data, **LOCAL)
    assert (answer.status_code, answer["Location"]) == (302, reached)


def test_a_foreign_next_is_not_written_into_the_page(client: Client) -> None:
    answer = client.get(reverse("login"), {"next": "https://evil.example/"})
    assert b"evil.example" not in answer.content


def test_who_owns_the_machine_is_a_token_away(client: Client, token: str) -> None:
    page = client.get(reverse("login"), **LOCAL).content.decode()
    assert "Use this machine" in page
    assert "bin/gts owner_link" in page
    answer = client.post(reverse("login-local"), {"token": token}, **LOCAL)
    assert (answer.status_code, answer["Location"]) == (302, reverse("shootout-mine"))
    assert User.objects.get(pk=client.session["_auth_user_id"]).username == "local"
    assert client.session.get_expiry_age() > 300 * 24 * 3600


@pytest.mark.parametrize("given", [{}, {"token": ""}, {"token": "x"}])
def test_looking_local_is_not_enough(client: Client, token: str, given: dict[str, str]) -> None:
    wanted = "/shootouts/new/?x=1"
    for answer in (
        client.post(reverse("login-local"), {**given, "next": wanted}, **LOCAL),
        client.get(reverse("login-link"), {**given, "next": wanted}, **LOCAL),
    ):
        assert (answer.status_code, answer["Location"]) == (
            302,
            f"{reverse('login')}?next=/shootouts/new/%3Fx%3D1",
        )
        assert "_auth_user_id" not in client.session
    assert "was used before" in client.get(reverse("login"), **LOCAL).content.decode()
    assert not User.objects.exists()


def test_the_address_of_the_console_logs_in_once(client: Client, token: str) -> None:
    """From elsewhere too: who has it has read the console."""
    there: dict[str, Any] = {"HTTP_HOST": "localhost", "REMOTE_ADDR": "172.17.0.1"}
    answer = client.get(reverse("login-link"), {"token": token}, **there)
    assert (answer.status_code, answer["Location"]) == (302, reverse("home"))
    assert answer["Referrer-Policy"] == "no-referrer"
    assert client.session["_auth_user_id"]
    other = Client()
    other.get(reverse("login-link"), {"token": token}, **there)
    assert "_auth_user_id" not in other.session
    # A second look spends nothing, and a program that asks for headers alone does not either.
    following = (secrets_dir() / "owner_token").read_text()
    assert client.get(reverse("login-link"), {"token": following}).status_code == 302
    assert other.head(reverse("login-link"), {"token": following}).status_code == 405
    assert (secrets_dir() / "owner_token").read_text() == following


def test_production_has_no_such_address(client: Client, token: str, settings: Settings) -> None:
    settings.IS_EMBEDDED = False
    assert client.get(reverse("login-link"), {"token": token}).status_code == 404
    assert not User.objects.exists()


def test_an_open_server_needs_no_token_and_says_so(client: Client, settings: Settings) -> None:
    assert b"This server is open" not in client.get(reverse("home")).content
    settings.GTS_OPEN = True
    for page in ("home", "login", "admin:login", "api-docs"):
        assert b"This server is open" in client.get(reverse(page)).content, page
    assert b"Token of this machine" not in client.get(reverse("login"), **LOCAL).content
    assert client.post(reverse("login-local"), **LOCAL).status_code == 302
    assert client.session["_auth_user_id"]
    settings.IS_EMBEDDED = False
    assert b"This server is open" not in client.get(reverse("home")).content


@pytest.mark.parametrize(
    "request_meta",
    [
        {**LOCAL, "REMOTE_ADDR": "192.168.1.4"},
        {**LOCAL, "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {**LOCAL, "HTTP_HOST": "testserver"},
    ],
)
def test_no_one_else_finds_the_button_or_what_is_behind_it(
    client: Client, request_meta: dict[str, Any], settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "testserver"]
    assert b"Use this machine" not in client.get(reverse("login"), **request_meta).content
    # Asked again on the way in: an old page, or a script that knows the address.
    assert client.post(reverse("login-local"), **request_meta).status_code == 404
    assert not User.objects.exists()


def test_the_local_login_needs_its_token_and_a_post() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(reverse("login-local"), **LOCAL).status_code == 403
    assert client.get(reverse("login-local"), **LOCAL).status_code == 405


def test_logging_out_is_a_post(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout")).status_code == 302
    assert "_auth_user_id" not in client.session


def test_a_part_of_a_page_sends_the_browser_to_the_login_as_a_whole(client: Client) -> None:
    answer = client.get(reverse("chain-block"), HTTP_HX_REQUEST="true")
    assert (answer.status_code, answer["HX-Redirect"]) == (204, reverse("login"))


def test_pages_that_do_not_exist_are_in_the_house_style(client: Client) -> None:
    answer = client.get("/nothing/here/", HTTP_ACCEPT="text/html")
    assert answer.status_code == 404
    assert b"Not found." in answer.content


def test_no_page_has_anything_inline(client: Client, alice: User) -> None:
    """The policy would block it; this says so before a browser does."""
    client.force_login(alice)
    for name in ("home", "login", "shootout-new", "gear-list", "chain-new", "di-list"):
        text = client.get(reverse(name), follow=True).content.decode()
        assert " style=" not in text, name
        assert "<style" not in text, name
        assert " onclick=" not in text, name
        assert "<script>" not in text, name

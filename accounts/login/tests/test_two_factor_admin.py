"""The admin asks operators for a second factor, unless that is switched off by name."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from accounts.login.tests.test_two_factor import (
    CODE,
    PAGE,
    PASSWORD,
    is_logged_in,
    log_in,
    no_tries_yet,  # noqa: F401
    set_up,
)
from accounts.models import User
from accounts.tests.factories import make_user


@pytest.fixture
def operator(db: None) -> User:
    return make_user("olga", password=PASSWORD, is_staff=True, is_superuser=True)


@pytest.fixture
def is_needed(settings: Settings) -> None:
    settings.GTS_ADMIN_TWO_FACTOR = True


ADMIN_LOGIN = "/admin/login/?next=/admin/jobs/"


@pytest.mark.usefixtures("is_needed")
def test_the_admin_lets_in_no_operator_without_a_second_factor(
    operator: User, client: Client
) -> None:
    log_in(client, operator, path=ADMIN_LOGIN)
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith(PAGE)
    assert "The admin needs two-factor login" in answer.text
    set_up(client)
    assert client.get("/admin/").status_code == 200


@pytest.mark.usefixtures("is_needed")
def test_the_admins_login_asks_for_the_code_too(operator: User, client: Client) -> None:
    client.force_login(operator)
    phone, _ = set_up(client)
    other = Client()
    answer = log_in(other, operator, path=ADMIN_LOGIN)
    assert (answer.status_code, answer["Location"]) == (302, CODE)
    assert not is_logged_in(other)
    assert other.get("/admin/").status_code == 302
    assert other.post(CODE, {"code": phone.code()})["Location"] == "/admin/jobs/"
    assert other.get("/admin/").status_code == 200


@pytest.mark.usefixtures("is_needed")
def test_who_came_without_a_password_shows_the_code_at_the_admin(client: Client, db: None) -> None:
    """With Tone 3000, for instance."""
    tony = make_user("tony", is_staff=True, is_superuser=True)
    client.force_login(tony)
    phone, _ = set_up(client)
    other = Client()
    other.force_login(tony)
    assert is_logged_in(other)
    answer = other.get("/admin/jobs/", follow=True)
    assert answer.redirect_chain[-1][0].startswith(CODE)
    wanted = answer.redirect_chain[-1][0]
    assert other.post(wanted, {"code": phone.wrong_code()}).status_code == 422
    assert other.get("/admin/").status_code == 302
    assert other.post(wanted, {"code": phone.code()})["Location"] == "/admin/jobs/"
    assert other.get("/admin/").status_code == 200


@pytest.mark.usefixtures("is_needed")
def test_a_second_factor_that_is_gone_opens_nothing(operator: User, client: Client) -> None:
    client.force_login(operator)
    set_up(client)
    assert client.get("/admin/").status_code == 200
    call_command("remove_second_factor", operator.username, stdout=io.StringIO())
    assert client.get("/admin/").status_code == 302


@pytest.mark.usefixtures("is_needed")
def test_people_who_are_no_operators_see_the_admins_login(alice: User, client: Client) -> None:
    client.force_login(alice)
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 200
    assert 'name="password"' in answer.text


def test_where_it_is_switched_off_by_name_the_admin_asks_for_none(
    operator: User, client: Client, settings: Settings
) -> None:
    settings.GTS_ADMIN_TWO_FACTOR = False
    answer = log_in(client, operator, path=ADMIN_LOGIN)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/jobs/")
    assert client.get("/admin/").status_code == 200


def test_the_login_of_the_admin_leads_nowhere_else(operator: User, client: Client) -> None:
    answer = log_in(client, operator, path="/admin/login/?next=https://evil.example/")
    assert answer["Location"] == "/admin/"

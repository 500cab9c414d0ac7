"""Operators in the admin: none deletes or locks out themself, and the last one stays."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts import admin
from accounts.models import User
from accounts.personal_data import user_erase
from accounts.services import DEMO_USERNAME
from accounts.tests.factories import make_user
from gts.web.errors import ConflictError

pytestmark = pytest.mark.django_db
# What the databases compare at the end of a transaction only comes out where one ends.
that_ends_transactions = pytest.mark.django_db(transaction=True)

LIST = "/admin/accounts/user/"
RIGHTS = ("is_active", "is_staff", "is_superuser")


def make_operator(name: str) -> User:
    return make_user(name, password="a long one", is_staff=True, is_superuser=True)


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def anna() -> User:
    return make_operator("anna")


@pytest.fixture
def bruno() -> User:
    return make_operator("bruno")


@pytest.fixture
def helper() -> User:
    """May do everything with users, and is no superuser."""
    user = make_user("helper", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    return user


def delete_in_list(client: Client, *users: User, **more: str) -> Any:
    chosen = [str(user.pk) for user in users]
    return client.post(
        LIST, {"action": "delete_selected", "_selected_action": chosen, "index": "0", **more}
    )


def change(client: Client, user: User, **values: Any) -> Any:
    rights = {name: "on" for name in RIGHTS if getattr(user, name)} | values
    data = {"username": user.username, "display_name": user.username, **rights}
    return client.post(
        f"{LIST}{user.pk}/change/", {name: value for name, value in data.items() if value}
    )


def said(answer: Any) -> str:
    """The newest message."""
    return str(list(get_messages(answer.wsgi_request))[-1])


def is_there(user: User) -> bool:
    return User.objects.filter(pk=user.pk).exists()


@that_ends_transactions
@pytest.mark.parametrize("more", [{}, {"post": "yes"}])
def test_no_operator_deletes_themself_by_the_list(
    anna: User, bruno: User, more: dict[str, str]
) -> None:
    alice = make_user("alice")
    answer = delete_in_list(logged_in(anna), anna, alice, **more)
    assert answer.status_code == 302
    assert "Your own account cannot be deleted in the admin" in said(answer)
    assert "Nothing was changed." in said(answer)
    assert is_there(anna)
    assert is_there(alice)


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_operator_deletes_themself_on_the_page_of_one(
    anna: User, bruno: User, method: str
) -> None:
    client = logged_in(anna)
    answer = getattr(client, method)(f"{LIST}{anna.pk}/delete/", {"post": "yes"})
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    assert "Your own account cannot be deleted in the admin" in said(answer)
    assert is_there(anna)


def test_nor_does_one_who_has_no_list_to_go_back_to(helper: User) -> None:
    helper.user_permissions.set(Permission.objects.filter(codename="delete_user"))
    answer = logged_in(helper).post(f"{LIST}{helper.pk}/delete/", {"post": "yes"})
    assert (answer.status_code, answer["Location"]) == (302, reverse("admin:index"))
    assert is_there(helper)


def test_others_delete_an_operator_but_not_the_last(anna: User, bruno: User, helper: User) -> None:
    client = logged_in(helper)
    both = delete_in_list(client, anna, bruno, post="yes")
    assert "no active superuser" in said(both)
    assert is_there(anna)
    assert is_there(bruno)
    assert said(delete_in_list(client, anna, post="yes")) == "Deleted 1 user."
    for answer in (
        delete_in_list(client, bruno, post="yes"),
        client.post(f"{LIST}{bruno.pk}/delete/", {"post": "yes"}),
    ):
        assert answer.status_code == 302
        assert "no active superuser" in said(answer)
    assert is_there(bruno)


def test_an_operator_who_is_switched_off_is_none(anna: User, bruno: User, helper: User) -> None:
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert "no active superuser" in said(delete_in_list(logged_in(helper), bruno, post="yes"))
    assert said(delete_in_list(logged_in(helper), anna, post="yes")) == "Deleted 1 user."
    assert is_there(bruno)


@pytest.mark.parametrize("right", ["is_active", "is_staff"])
def test_no_operator_locks_themself_out(anna: User, bruno: User, right: str) -> None:
    answer = change(logged_in(anna), anna, **{right: ""})
    assert answer.status_code == 200
    assert "You cannot take this from your own account" in answer.content.decode()
    assert getattr(User.objects.get(pk=anna.pk), right)


@pytest.mark.parametrize("right", RIGHTS)
def test_the_last_operator_keeps_every_right(anna: User, helper: User, right: str) -> None:
    answer = change(logged_in(helper), anna, **{right: ""})
    assert answer.status_code == 200
    assert "This would leave no active superuser" in answer.content.decode()
    assert getattr(User.objects.get(pk=anna.pk), right)


@pytest.mark.parametrize("right", RIGHTS)
def test_one_of_two_operators_may_lose_it(anna: User, bruno: User, right: str) -> None:
    assert change(logged_in(anna), bruno, **{right: ""}).status_code == 302
    assert not getattr(User.objects.get(pk=bruno.pk), right)


def test_an_operator_keeps_the_password_that_is_their_only_way_in(anna: User, bruno: User) -> None:
    client = logged_in(anna)
    data = {"usable_password": "false", "unset-password": "yes"}
    answer = client.post(f"{LIST}{bruno.pk}/password/", data)
    assert "Without a password this operator could not log in" in answer.content.decode()
    assert User.objects.get(pk=bruno.pk).has_usable_password()
    alice = make_user("alice", password="a long one")
    assert client.post(f"{LIST}{alice.pk}/password/", data).status_code == 302
    assert not User.objects.get(pk=alice.pk).has_usable_password()


def test_what_the_erasure_refuses_is_said_on_a_page(anna: User) -> None:
    demo = make_user(DEMO_USERNAME)
    answer = logged_in(anna).post(f"{LIST}{demo.pk}/delete/", {"post": "yes"})
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    assert said(answer) == "The demo belongs to this server. Nothing was changed."
    assert is_there(demo)


@that_ends_transactions
def test_the_page_of_the_account_erases_an_operator(anna: User) -> None:
    answer = logged_in(anna).post("/account/delete/", {"confirm": "anna"}, follow=True)
    assert answer.status_code == 200
    assert not is_there(anna)


@that_ends_transactions
def test_an_operator_who_is_deleted_while_they_delete_gets_their_answer(
    anna: User, bruno: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def erase(*, user: User, **more: Any) -> None:
        user_erase(user=user, **more)
        user_erase(user=anna, confirm="anna")  # by bruno, meanwhile

    monkeypatch.setattr(admin, "user_erase", erase)
    alice = make_user("alice")
    assert delete_in_list(logged_in(anna), alice, post="yes").status_code == 302
    assert not is_there(alice)


def test_what_has_changed_since_it_was_asked_is_seen_by_the_erasure(anna: User) -> None:
    with pytest.raises(ConflictError, match="no active superuser"):
        user_erase(user=anna, confirm="anna", keeps_operator=True)
    assert is_there(anna)

"""The admin is asked for what cannot be: by forged keys, filters, pages and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_user

NONE_LEFT = "There are no such rows any more. Nothing was changed."
JUNK = [
    "abc",
    "",
    "-1",
    "1.5",
    "99999999999999999999",
    "9" * 5000,
    "\x00",
    "a\x00b",
    "ü",
    "²",
    "1'",
]


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(make_user("operator", is_staff=True, is_superuser=True))
    return client


def lists() -> Iterator[tuple[type[Model], admin.ModelAdmin[Any], str]]:
    admin.autodiscover()
    for model, model_admin in admin.site._registry.items():
        opts = model._meta
        yield model, model_admin, f"admin:{opts.app_label}_{opts.model_name}_"


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


@pytest.mark.parametrize("key", JUNK)
def test_a_forged_key_is_like_one_that_is_gone(operator: Client, alice: User, key: str) -> None:
    for model, model_admin, name in lists():
        url = reverse(f"{name}changelist")
        request = operator.get(url).wsgi_request
        for action in model_admin.get_actions(request):
            data = {"action": action, "_selected_action": key, "index": "0"}
            answer = operator.post(url, data)
            assert (answer.status_code, said(answer)[-1]) == (302, NONE_LEFT), (model, action)


def test_of_several_those_that_are_there_are_meant(operator: Client, alice: User) -> None:
    url = reverse("admin:accounts_user_changelist")
    chosen = ["abc", str(alice.pk), "9" * 30]
    data = {"action": "delete_selected", "_selected_action": chosen, "index": "0"}
    assert operator.post(url, data).context["num"] == 1
    assert said(operator.post(url, {**data, "post": "yes"})) == ["Deleted 1 user."]
    assert not User.objects.filter(pk=alice.pk).exists()


@pytest.mark.parametrize("field", ["newest", "num", "index", "select_across"])
@pytest.mark.parametrize("junk", JUNK)
def test_junk_elsewhere_in_the_form_acts_on_nothing_more(
    operator: Client, alice: User, field: str, junk: str
) -> None:
    data = {
        "action": "delete_selected",
        "_selected_action": str(alice.pk),
        "select_across": "1",
        "newest": str(alice.pk),
        "num": "0",
        "post": "yes",
        field: junk,
    }
    answer = operator.post(reverse("admin:accounts_user_changelist"), data)
    assert answer.status_code in (200, 302)
    # Alice was ticked, and no one else.
    assert User.objects.filter(username="operator").exists()


@pytest.mark.parametrize("junk", ["abc", "99999999999999999999", "a\x00b"])
def test_a_list_that_is_asked_for_junk_is_shown_without_it(operator: Client, junk: str) -> None:
    for _, model_admin, name in lists():
        filters = [one for one in model_admin.list_filter if isinstance(one, str)]
        for parameter in ("p", "o", "q", "id", *filters, *(f"{one}__exact" for one in filters)):
            answer = operator.get(reverse(f"{name}changelist"), {parameter: junk}, follow=True)
            assert answer.status_code == 200, (name, parameter)

"""A form of a page that comes twice, one after the other or at once, makes what it makes once."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import IdempotentRequest, PersonalAccessToken, User
from gear.models import SignalChain
from gear.tests.factories import make_capture
from shootouts.models import Comment
from shootouts.pages.tests.pages import HTMX
from shootouts.tests.factories import make_published

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = {"name": "Sync", "scope": "read", "lifetime_days": 30}
NEW_TOKEN, NEW_CHAIN = "/account/tokens/", "/chains/new/"


def key_of(client: Client, page: str, action: str = "") -> str:
    """Of the form on ``page`` that is sent to ``action``."""
    headers: dict[str, Any] = HTMX if page.endswith("/comments/") else {}
    form = re.search(
        rf'<form[^>]*action="{re.escape(action or page)}".*?</form>',
        client.get(page, **headers).text,
        re.S,
    )
    assert form is not None
    found = re.search(r'name="form_key" value="([^"]+)"', form[0])
    assert found is not None
    return found[1]


@pytest.fixture
def client(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def at_once(client: Client, address: str, form: dict[str, Any], num: int = 3) -> list[Any]:
    barrier, answers = threading.Barrier(num), []

    def send() -> None:
        mine = Client()
        mine.cookies = client.cookies
        barrier.wait()
        answers.append(mine.post(address, form))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(num)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_a_token_form_sent_three_times_at_once_one_token_is_made_and_shown(
    client: Client,
) -> None:
    form = {**TOKEN, "form_key": key_of(client, "/account/", NEW_TOKEN)}
    answers = at_once(client, NEW_TOKEN, form)
    assert [answer.status_code for answer in answers] == [302] * 3
    row = PersonalAccessToken.objects.get()
    [shown] = re.findall(r"gts_pat_[\w-]{43}", client.get("/account/").text)
    assert shown.startswith(row.prefix)
    assert shown not in IdempotentRequest.objects.get().body


def test_sent_again_later_it_says_so(client: Client) -> None:
    form = {**TOKEN, "form_key": key_of(client, "/account/", NEW_TOKEN)}
    client.post(NEW_TOKEN, form)
    client.get("/account/")
    assert "This form was sent twice" in client.post(NEW_TOKEN, form, follow=True).text
    assert PersonalAccessToken.objects.count() == 1


def test_filled_in_differently_or_loaded_again_it_is_another_form(client: Client) -> None:
    form = {**TOKEN, "form_key": key_of(client, "/account/", NEW_TOKEN)}
    for again in (form, {**form, "name": "Other"}, {**form, "form_key": ""}):
        client.post(NEW_TOKEN, again)
    client.post(NEW_TOKEN, {**TOKEN, "form_key": key_of(client, "/account/", NEW_TOKEN)})
    assert PersonalAccessToken.objects.count() == 4


def test_what_was_refused_may_come_again(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    form = {**TOKEN, "form_key": key_of(client, "/account/", NEW_TOKEN)}
    with monkeypatch.context() as patch:
        patch.setattr("accounts.tokens.personal.MAX_TOKENS_PER_USER", 0)
        assert client.post(NEW_TOKEN, form).status_code == 409
    assert client.post(NEW_TOKEN, form).status_code == 302
    assert PersonalAccessToken.objects.count() == 1


def test_the_same_form_of_another_is_theirs(client: Client, charlie: User) -> None:
    form = {**TOKEN, "form_key": key_of(client, "/account/", NEW_TOKEN)}
    client.post(NEW_TOKEN, form)
    client.force_login(charlie)
    client.post(NEW_TOKEN, form)
    assert PersonalAccessToken.objects.filter(user=charlie).count() == 1


def test_a_comment_sent_at_once_is_said_once(client: Client, alice: User) -> None:
    shootout = make_published(alice)
    address = reverse("comment-list", args=[shootout.uuid])
    form = {"text": "Loud.", "form_key": key_of(client, address)}
    answers = at_once(client, address, form)
    assert {answer.status_code for answer in answers} == {302}
    assert Comment.objects.count() == 1
    client.post(address, {"text": "Loud.", "form_key": key_of(client, address)})
    assert Comment.objects.count() == 2  # it may be said again


def test_a_chain_sent_at_once_is_built_once(client: Client, alice: User) -> None:
    amp, cab = make_capture(alice), make_capture(alice, "cab", name="V30")
    form = {
        "form_key": key_of(client, NEW_CHAIN),
        "name": "Loud",
        "block": ["a", "c"],
        "a-slot": "amp",
        "a-source": str(amp.uuid),
        "c-slot": "cab",
        "c-source": str(cab.uuid),
    }
    answers = at_once(client, NEW_CHAIN, form)
    assert {answer.status_code for answer in answers} == {302}
    assert SignalChain.objects.filter(owner=alice).count() == 1

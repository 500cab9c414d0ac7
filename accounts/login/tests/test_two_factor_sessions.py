"""Sessions that came in without a code, and what they can do once two-factor login is on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.login.tests.test_two_factor import (
    PAGE,
    PASSWORD,
    Phone,
    anna,  # noqa: F401
    codes_on,
    is_logged_in,
    log_in,
    no_tries_yet,  # noqa: F401
    secret_on,
    set_up,
)
from accounts.models import TokenScope, TwoFactor, User
from accounts.tokens.families import token_pair_create, token_pair_rotate
from accounts.tokens.personal import personal_token_create, personal_token_read
from gts.web.errors import UnauthorizedError


def browser(user: User) -> Client:
    client = Client()
    log_in(client, user)
    assert is_logged_in(client)
    return client


def test_switching_it_on_ends_all_other_sessions_and_programs(anna: User) -> None:  # noqa: F811
    mine, other = browser(anna), browser(anna)
    program = token_pair_create(user=anna)
    _, personal = personal_token_create(
        user=anna, name="Sync", scope=TokenScope.READ, lifetime=timedelta(days=1)
    )
    assert "All your other sessions end then" in mine.get(PAGE).text
    phone = Phone(secret_on(mine.get(PAGE).text))
    answer = mine.post(PAGE, {"code": phone.code()}, follow=True)
    assert "All other sessions have ended." in answer.text
    assert (is_logged_in(mine), is_logged_in(other)) == (True, False)
    with pytest.raises(UnauthorizedError):
        token_pair_rotate(refresh=program.refresh)
    assert personal_token_read(personal).user == anna


def test_a_wrong_first_code_ends_nothing(anna: User) -> None:  # noqa: F811
    mine, other = browser(anna), browser(anna)
    phone = Phone(secret_on(mine.get(PAGE).text))
    assert mine.post(PAGE, {"code": phone.wrong_code()}).status_code == 422
    assert is_logged_in(other)


@pytest.mark.parametrize("way", ["off", "backup-codes"])
def test_the_password_alone_changes_nothing(anna: User, way: str) -> None:  # noqa: F811
    mine = browser(anna)
    set_up(mine)
    before = TwoFactor.objects.get()
    # One that came in without a code, such as by Tone 3000, as far as there is any.
    other = Client()
    other.force_login(anna)
    for client in (mine, other):
        for given in ({}, {"code": ""}, {"code": "123456x"}):
            answer = client.post(f"{PAGE}{way}/", {"password": PASSWORD, **given})
            assert answer.status_code in (422, 429)
            assert codes_on(answer.text) == []
    assert TwoFactor.objects.get().backup_digests == before.backup_digests


def test_a_backup_code_is_a_code(anna: User) -> None:  # noqa: F811
    mine = browser(anna)
    _, codes = set_up(mine)
    given = {"password": PASSWORD, "code": codes[0]}
    assert mine.post(f"{PAGE}off/", given).status_code == 302
    assert not TwoFactor.objects.exists()


def test_the_page_says_what_it_asks_for(anna: User) -> None:  # noqa: F811
    mine = browser(anna)
    set_up(mine)
    page = mine.get(PAGE).text
    assert "Your password and a code make new ones, or switch it off." in page
    assert 'for="again-password"' in page
    assert 'for="again-code"' in page
    assert 'aria-describedby="again-code_helptext"' in page


def test_a_secret_that_another_session_has_seen_is_not_taken(anna: User) -> None:  # noqa: F811
    """It was the same for all until confirmed: who was in before knew the second factor."""
    mine, other = browser(anna), browser(anna)
    seen = secret_on(other.get(PAGE).text)
    shown = secret_on(mine.get(PAGE).text)
    assert shown != seen
    assert mine.post(PAGE, {"code": Phone(seen).code()}).status_code == 422
    answer = other.post(PAGE, {"code": Phone(shown).code()})
    assert (answer.status_code, TwoFactor.objects.get().confirmed_at) == (409, None)
    # What that one is shown now is not for this one.
    answer = mine.post(PAGE, {"code": Phone(secret_on(answer.text)).code()})
    assert (answer.status_code, TwoFactor.objects.get().confirmed_at) == (409, None)
    assert "Another of your sessions has begun this too" in answer.text
    assert mine.post(PAGE, {"code": Phone(secret_on(answer.text)).code()}).status_code == 302

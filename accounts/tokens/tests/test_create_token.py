from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.sessions.logins import credential_of_token


def create_token(*arguments: str) -> str:
    out = StringIO()
    call_command("create_token", *arguments, stdout=out)
    return out.getvalue().strip()


def test_it_prints_a_token_that_works(alice: User) -> None:
    assert credential_of_token(create_token("alice"))[0] == alice


def test_the_user_must_exist(db: None) -> None:
    with pytest.raises(CommandError, match="no user dora"):
        create_token("dora")
    assert not User.objects.exists()


def test_it_can_make_the_user(db: None) -> None:
    assert credential_of_token(create_token("dora", "--create"))[0].username == "dora"
    create_token("dora", "--create")
    assert User.objects.count() == 1


@pytest.mark.parametrize("arguments", [["two words"], ["local"], [""], ["dora", "--hours", "0"]])
def test_what_cannot_be_done_is_said(db: None, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        create_token(*arguments, "--create")
    assert not User.objects.exists()


def test_an_inactive_user_gets_none(alice: User) -> None:
    User.objects.update(is_active=False)
    with pytest.raises(CommandError, match="not active"):
        create_token("alice")

from __future__ import annotations

from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import Tone3000Tokens, User
from accounts.tests.factories import connect_tone3000, make_user
from accounts.tone3000.calls import TokenAnswer
from accounts.tone3000.tokens import access_token


def new_key() -> str:
    return Fernet.generate_key().decode()


def rotate() -> str:
    out = StringIO()
    call_command("rotate_token_keys", stdout=out)
    return out.getvalue().strip()


def test_after_it_the_old_key_may_go(alice: User, charlie: User, settings: Settings) -> None:
    old, new = new_key(), new_key()
    settings.GTS_TOKEN_KEYS = [old]
    connect_tone3000(alice, TokenAnswer("access-a", "refresh-a", 3600), tone3000_id="a")
    connect_tone3000(charlie, TokenAnswer("access-c", "refresh-c", 3600), tone3000_id="c")
    dead = make_user("dead")
    connect_tone3000(dead, TokenAnswer("x", "x", 3600), tone3000_id="d")
    Tone3000Tokens.objects.filter(user=dead).update(encrypted="")
    settings.GTS_TOKEN_KEYS = [new, old]
    assert rotate() == "2 of 2 encrypted again."
    assert rotate() == "2 of 2 encrypted again."
    settings.GTS_TOKEN_KEYS = [new]
    assert (access_token(alice), access_token(charlie)) == ("access-a", "access-c")


def test_what_no_key_opens_is_counted_and_kept(alice: User, settings: Settings) -> None:
    lost = new_key()
    settings.GTS_TOKEN_KEYS = [lost]
    connect_tone3000(alice, TokenAnswer("access-a", "refresh-a", 3600))
    settings.GTS_TOKEN_KEYS = [new_key()]
    with pytest.raises(CommandError, match="opens 1"):
        rotate()
    settings.GTS_TOKEN_KEYS = [new_key(), lost]
    assert rotate() == "1 of 1 encrypted again."
    assert access_token(alice) == "access-a"

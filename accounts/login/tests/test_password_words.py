"""Passwords that are guessed first, and operators made at the shell."""

from __future__ import annotations

import getpass
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command, get_commands
from pytest_django import Settings

from accounts.models import User

GOOD = "correct horse battery"


def person(**values: str) -> User:
    return User(**{"username": "bob", **values})


@pytest.mark.parametrize(
    ("password", "user"),
    [
        ("bobbobbobbob", person()),
        ("BobBobBobBob1!", person()),
        ("bob-bob-bob-bob-2026", person()),
        ("bobsguitartone1", person()),
        ("nasusnasusnasus", person(username="susan")),
        ("smithsmith-2026", person(username="bob.smith")),
        ("RobertRobert1234", person(display_name="Robert")),
        ("robertrobert1234", person(email="robert@example.org")),
        ("xyzxyzxyzxyzxyz", person()),
        ("aaaaaaaaaaaaaaaa", None),
        ("12ab12ab12ab12ab", None),
        ("aaaaaaaaaaaab", None),
        ("baaaaaaaaaaaa", None),
        ("aaaaaaAaaaaab1", None),
        ("strangerstranger", None),
        ("StrangerStranger1!", None),
        ("stranger stranger", None),
        ("1234abcd1234abcd", None),
        ("zebra-zebra-zebra-2026", None),
    ],
)
def test_what_is_guessed_first_is_refused(password: str, user: User | None) -> None:
    with pytest.raises(ValidationError) as caught:
        validate_password(password, user)
    assert any("own name" in text or "again" in text for text in caught.value.messages)


@pytest.mark.parametrize(
    "password",
    [
        "gts.localhost",
        "gtslocalhost!",
        "GTS-Localhost-2026",
        "riffs.example",
        "tones-riffs-example1",
    ],
)
def test_so_are_the_names_of_its_hosts(password: str, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["gts.localhost", ".riffs.example", "192.0.2.7", "[::1]", "*"]
    with pytest.raises(ValidationError) as caught:
        validate_password(password)
    assert any("words of this site alone" in text for text in caught.value.messages)


@pytest.mark.parametrize(
    "password",
    [GOOD, "stranger strangers", "rx7 k9 rx7 m2q4", "localhost is my horse", "abcdefabcdeg"],
)
def test_what_only_looks_like_it_is_taken(password: str, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["gts.localhost", "192.0.2.7"]
    validate_password(password)


def test_a_very_long_one_takes_no_time() -> None:
    """As it would by a pattern that tries every piece."""
    with pytest.raises(ValidationError, match="again and again"):
        validate_password("correct horse battery " * 20_000)
    validate_password("correct horse battery " * 20_000 + "staple")


@pytest.mark.parametrize("password", [GOOD, "bob likes no jazz", "rainy tuesday in bobbing"])
def test_a_name_may_be_a_part_of_one(password: str) -> None:
    validate_password(password, person())


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bad password is typed twice, and “y” answers the question whether to take it."""
    monkeypatch.setattr(getpass, "getpass", lambda *_: "short")
    monkeypatch.setattr("builtins.input", lambda *_: "y")


def make(**options: Any) -> str:
    out = StringIO()
    call_command("createsuperuser", username="anna", email="", stdout=out, **options)
    return out.getvalue()


def test_it_is_ours() -> None:
    assert get_commands()["createsuperuser"] == "accounts"


@pytest.mark.parametrize("password", ["short", "annaannaanna", "123456789012", "GuitarTone2026!"])
def test_an_operator_has_no_worse_password(
    db: None, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)
    with pytest.raises(CommandError, match="password"):
        make(interactive=False)
    assert not User.objects.exists()


def test_no_one_is_asked_to_take_a_bad_one(db: None, terminal: None) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    with pytest.raises(CommandError, match="at least 12 characters"):
        make(stdin=Terminal(), stderr=StringIO())
    assert not User.objects.exists()


@pytest.mark.parametrize("password", [GOOD, None])
def test_an_operator_is_made(
    db: None, monkeypatch: pytest.MonkeyPatch, password: str | None
) -> None:
    if password:
        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)
    assert "created successfully" in make(interactive=False)
    anna = User.objects.get(username="anna")
    assert (anna.is_superuser, anna.has_usable_password()) == (True, password is not None)
    assert password is None or anna.check_password(password)
    with pytest.raises(CommandError, match="already"):
        make(interactive=False)

"""Passwords: how often they may be tried, what they must be, and what a change of one ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import limits
import pytest
import redis
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.login import passwords
from accounts.models import AuditAction, AuditEntry, TokenScope, User
from accounts.tests.factories import api_client, make_user
from accounts.tokens.families import token_pair_create, token_pair_rotate
from accounts.tokens.personal import personal_token_create, personal_token_read
from gts.web import redis_away
from gts.web.errors import UnauthorizedError

pytestmark = pytest.mark.django_db

GOOD = "correct horse battery"
NEW = "staple battery horse"


@pytest.fixture
def person() -> User:
    return make_user("alice", password=GOOD, is_staff=True, is_superuser=True)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """Limits of this process, whose time a test moves."""
    clock, limiter = Clock(), passwords._limiter
    monkeypatch.setattr(time, "time", clock)
    limiter.cache_clear()
    monkeypatch.setattr(passwords, "_storage", lambda _: limits.storage.MemoryStorage())
    yield clock
    limiter.cache_clear()


class Clock:
    def __init__(self) -> None:
        self._time = time.time
        self.offset_s = 0.0

    def __call__(self) -> float:
        return self._time() + self.offset_s


def log_in(password: str, *, name: str = "alice", page: str = "login", address: str = "") -> Any:
    client = Client(REMOTE_ADDR=address or "192.0.2.1", HTTP_HOST="localhost")
    answer = client.post(reverse(page), {"username": name, "password": password})
    return answer, "_auth_user_id" in client.session


def tries(num: int, **where: str) -> list[str]:
    """What each of ``num`` wrong passwords was answered."""
    found = []
    for number in range(num):
        answer, is_in = log_in(f"wrong {number}", **where)
        assert not is_in
        found.append("slowed" if "Too many wrong passwords" in answer.content.decode() else "wrong")
    return found


@pytest.mark.parametrize("page", ["login", "admin:login"])
def test_a_flood_is_slowed_and_the_owner_comes_in_after_it(
    person: User, clock: Clock, page: str
) -> None:
    other = make_user("bob", password=GOOD, is_staff=True)
    assert tries(60, page=page) == ["wrong"] * 5 + ["slowed"] * 55
    answer, is_in = log_in(GOOD, page=page)
    assert not is_in  # the right one neither: its answer would tell
    assert "Try again in" in answer.content.decode()
    assert log_in(GOOD, name=other.username, page=page)[1]
    assert log_in(GOOD, page=page, address="198.51.100.7")[1]
    clock.offset_s += 61
    assert log_in(GOOD, page=page)[1]
    assert tries(6, page=page)[4:] == ["wrong", "slowed"]  # who was in has five again


def test_it_is_in_the_audit_trail_and_does_not_fill_it(person: User) -> None:
    tries(60)
    tries(1, name="hunter2-typed-as-a-name")
    entries = list(AuditEntry.objects.order_by("id").values_list("action", "user", "address"))
    failed = (AuditAction.PASSWORD_FAILED, person.pk, "192.0.2.1")
    slowed = (AuditAction.LOGIN_SLOWED, person.pk, "192.0.2.1")
    anonymous = (AuditAction.PASSWORD_FAILED, None, "192.0.2.1")
    assert entries == [*[failed] * 5, slowed, anonymous]
    assert "hunter2" not in str(list(AuditEntry.objects.values()))


def test_an_account_that_is_none_is_slowed_like_others(person: User) -> None:
    assert tries(7, name="no one") == tries(7) == ["wrong"] * 5 + ["slowed"] * 2
    assert tries(1, name="ALICE") == ["slowed"]  # the same, however it is written


def test_guesses_from_many_networks_come_to_an_end(person: User) -> None:
    found = [tries(1, address=f"198.51.100.{number}")[0] for number in range(103)]
    assert found == ["wrong"] * 100 + ["slowed"] * 3


def test_guesses_at_many_accounts_come_to_an_end(person: User) -> None:
    found = [tries(1, name=f"user{number}")[0] for number in range(53)]
    assert found == ["wrong"] * 50 + ["slowed"] * 3
    assert log_in(GOOD, address="198.51.100.7")[1]


def test_patience_buys_few_guesses(person: User, clock: Clock) -> None:
    found = []
    for _ in range(10):
        found += tries(5)
        clock.offset_s += 61
    assert found == ["wrong"] * 20 + ["slowed"] * 30


def test_whatever_asks_django_is_slowed(person: User) -> None:
    tries(5)
    request = RequestFactory().post("/", REMOTE_ADDR="192.0.2.1")
    assert authenticate(request, username="alice", password=GOOD) is None


def test_without_redis_people_log_in(
    person: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Away:
        def __getattr__(self, name: str) -> Any:
            raise redis.ConnectionError("away")

    monkeypatch.setattr(passwords, "_limiter", Away)
    redis_away.forget()
    assert log_in(GOOD)[1]
    assert tries(7) == ["wrong"] * 7
    assert "nothing is counted: ConnectionError" in caplog.text
    redis_away.forget()


@pytest.mark.parametrize(
    "password", ["shorter-1234", "1qaz2wsx3edc", "123456789012345", "alice-wonderland"]
)
def test_weak_ones_are_refused(password: str) -> None:
    person = User(username="alice-wonderland", email="shorter@example.com")
    with pytest.raises(ValidationError):
        validate_password(password[:11] if "shorter" in password else password, person)
    validate_password(GOOD, person)


# A change -----------------------------------------------------------------------------------------


def change(client: Client, old: str = GOOD, new: str = NEW, **more: str) -> Any:
    form = {"old_password": old, "new_password1": new, "new_password2": new, **more}
    return client.post(reverse("password-change"), form)


def logged_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def personal_token(person: User) -> str:
    return personal_token_create(
        user=person, name="x", scope=TokenScope.READ, lifetime=timedelta(days=1)
    )[1]


def test_a_change_ends_what_was_issued_before(person: User) -> None:
    mine, other = logged_in(person), logged_in(person)
    app = api_client(person)
    pair = token_pair_create(user=person)
    token = personal_token(person)
    assert change(mine, ends_tokens="on").status_code == 302
    assert mine.get(reverse("account")).status_code == 200
    assert other.get(reverse("account")).status_code == 302
    assert app.get("/api/v1/me/").status_code == 401
    with pytest.raises(UnauthorizedError):
        token_pair_rotate(refresh=pair.refresh)
    with pytest.raises(UnauthorizedError):
        personal_token_read(token)
    assert AuditEntry.objects.filter(action=AuditAction.PASSWORD_CHANGED, user=person).exists()
    assert not log_in(GOOD)[1]
    assert log_in(NEW)[1]
    person.refresh_from_db()
    assert api_client(person).get("/api/v1/me/").status_code == 200


def test_personal_tokens_stay_if_one_says_so(person: User) -> None:
    token = personal_token(person)
    assert change(logged_in(person)).status_code == 302
    assert personal_token_read(token).user == person


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("wrong", NEW, "entered incorrectly"),
        (GOOD, "short-one-1", "at least 12 characters"),
        (GOOD, "1qaz2wsx3edc", "too common"),
    ],
)
def test_what_is_wrong_is_said(person: User, old: str, new: str, said: str) -> None:
    answer = change(logged_in(person), old, new)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    person.refresh_from_db()
    assert person.check_password(GOOD)


def test_a_session_left_open_guesses_no_password(person: User) -> None:
    client = logged_in(person)
    for number in range(5):
        assert "incorrectly" in change(client, f"wrong {number}").content.decode()
    assert "Too many wrong passwords" in change(client).content.decode()


def test_the_page_says_what_a_password_must_be(person: User) -> None:
    page = logged_in(person).get(reverse("password-change")).content.decode()
    assert "at least 12 characters. Your password" in page
    assert "<ul><li>" not in page


def test_who_has_no_password_has_no_such_page(alice: User) -> None:
    alice.set_unusable_password()
    alice.save()
    client = logged_in(alice)
    assert client.get(reverse("password-change")).status_code == 404
    assert reverse("password-change") not in client.get(reverse("account")).content.decode()

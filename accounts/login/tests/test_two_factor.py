"""Two-factor login: set up, asked for, spent once, slowed down, and taken away."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from typing import Any

import limits
import pyotp
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from accounts.login import passwords, two_factor
from accounts.login.two_factor import NUM_BACKUP_CODES, qr_code, setup_url
from accounts.models import AuditAction, AuditEntry, TwoFactor, User
from accounts.services import user_get_or_create_local
from accounts.tests.factories import api_client, make_user
from accounts.token_encryption import decrypt_secret

PASSWORD = "one long password 1"
PAGE = "/account/two-factor/"
LOGIN = "/login/"
CODE = "/login/code/"


@pytest.fixture(autouse=True)
def no_tries_yet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Limits of this process, as new. And a step to spare: a code of ``Phone`` may be of the step
    before, and be a step older when it arrives."""
    passwords._limiter.cache_clear()
    monkeypatch.setattr(passwords, "_storage", lambda _: limits.storage.MemoryStorage())
    monkeypatch.setattr(two_factor, "_TOLERANCE_STEPS", two_factor._TOLERANCE_STEPS + 1)
    yield
    passwords._limiter.cache_clear()


@pytest.fixture
def anna(db: None) -> User:
    return make_user("anna", password=PASSWORD)


class Phone:
    """An authenticator app, whose codes are each used once: two of them within half a minute."""

    def __init__(self, secret: str) -> None:
        self._totp = pyotp.TOTP(secret)
        self._began_at_s = time.time()
        self._num_used = 0

    def code(self) -> str:
        """That of the time it was set up at, then the one after it."""
        self._num_used += 1
        return self._totp.at(self._began_at_s, counter_offset=self._num_used - 1)

    def wrong_code(self) -> str:
        good = {self._totp.at(time.time(), counter_offset=step) for step in range(-3, 4)}
        return next(code for code in (f"{n:06}" for n in range(10)) if code not in good)


def secret_on(page: str) -> str:
    found = re.search(r'secret-key">([A-Z2-7 ]+)<', page)
    assert found is not None
    return found[1].replace(" ", "")


def codes_on(page: str) -> list[str]:
    return re.findall(r"<li><code>([a-z0-9-]+)</code>", page)


def set_up(client: Client) -> tuple[Phone, list[str]]:
    phone = Phone(secret_on(client.get(PAGE).text))
    answer: Any = client.post(PAGE, {"code": phone.code()}, follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    return phone, codes_on(answer.text)


@pytest.fixture
def phone(anna: User) -> Phone:
    client = Client()
    client.force_login(anna)
    return set_up(client)[0]


def log_in(client: Client, user: User, password: str = PASSWORD, path: str = LOGIN) -> Any:
    return client.post(path, {"username": user.username, "password": password})


def is_logged_in(client: Client) -> bool:
    return bool(client.get("/account/").status_code == 200)


def actions() -> list[str]:
    found = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    return [action for action in found if action.startswith("2fa")]


# Setting up ---------------------------------------------------------------------------------------


def test_it_is_set_up_by_a_first_code_and_shows_backup_codes_once(
    anna: User, client: Client
) -> None:
    client.force_login(anna)
    page = client.get(PAGE)
    assert "<svg" in page.text
    assert secret_on(page.text) == secret_on(client.get(PAGE).text)  # the same until confirmed
    _, codes = set_up(client)
    assert len(set(codes)) == NUM_BACKUP_CODES
    again = client.get(PAGE).text
    assert not any(code in again for code in codes)
    assert f"{NUM_BACKUP_CODES} backup codes left" in again
    assert actions() == [AuditAction.TWO_FACTOR_ON]
    assert is_logged_in(client)


def test_it_is_not_on_before_a_code_was_right(anna: User, client: Client) -> None:
    client.force_login(anna)
    phone = Phone(secret_on(client.get(PAGE).text))
    answer = client.post(PAGE, {"code": phone.wrong_code()})
    assert answer.status_code == 422
    assert "This code is wrong" in answer.text
    other = Client()
    log_in(other, anna)
    assert is_logged_in(other)


def test_nothing_of_it_is_kept_readable(anna: User, client: Client) -> None:
    client.force_login(anna)
    secret = secret_on(client.get(PAGE).text)
    _, codes = set_up(client)
    row = TwoFactor.objects.get()
    kept = f"{row.encrypted} {row.backup_digests}"
    assert secret not in kept
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)
    assert decrypt_secret(row.encrypted, owner=anna.uuid) == secret


def test_the_qr_code_says_what_apps_read(anna: User) -> None:
    url = setup_url(anna, "A" * 32)
    assert url.startswith("otpauth://totp/Guitar%20Tone%20Shootout:anna?secret=AAAA")
    code = qr_code(url)
    corner = "".join(f"M{4 + x} 4h1v1h-1z" for x in range(7))  # a finder's upper edge
    assert code.path.startswith(corner)
    assert code.size >= 21 + 8


@pytest.mark.parametrize("is_needed", [True, False])
def test_only_who_is_asked_for_a_code_has_it(
    db: None, client: Client, settings: Settings, is_needed: bool
) -> None:
    settings.GTS_ADMIN_TWO_FACTOR = is_needed
    client.force_login(make_user("tony"))
    assert client.get(PAGE).status_code == 404
    account = client.get("/account/").text
    assert PAGE not in account
    assert "this account has none" in account
    client.force_login(make_user("olga", is_staff=True))
    assert client.get(PAGE).status_code == (200 if is_needed else 404)
    assert (PAGE in client.get("/account/").text) == is_needed


def test_no_account_without_a_password_is_promised_a_question(
    db: None, client: Client, settings: Settings
) -> None:
    """Such as “This machine”: its page said that a code is asked for after the password."""
    owner = user_get_or_create_local()
    assert owner.is_staff
    client.force_login(owner)
    assert client.get(PAGE).status_code == 404
    settings.GTS_ADMIN_TWO_FACTOR = True
    page = client.get(PAGE).text
    assert "admin asks for it before it opens" in page
    assert "after your password" not in page
    assert "beside your password" not in client.get("/account/").text
    phone, _ = set_up(client)
    assert "after your password" not in client.get(PAGE).text
    # What was set up is switched off wherever it is asked for.
    settings.GTS_ADMIN_TWO_FACTOR = False
    assert "nothing asks for a code" in client.get(PAGE).text
    assert client.post(f"{PAGE}off/", {"code": phone.code()}).status_code == 302
    assert client.get(PAGE).status_code == 404


# Logging in ---------------------------------------------------------------------------------------


def test_the_password_alone_is_no_login(anna: User, phone: Phone, client: Client) -> None:
    answer = log_in(client, anna)
    assert (answer.status_code, answer["Location"]) == (302, CODE)
    assert not is_logged_in(client)
    assert client.post("/api/v1/auth/token/").status_code == 401
    assert client.get("/api/v1/me/").status_code == 401
    answer = client.post(CODE, {"code": phone.code()})
    assert (answer.status_code, answer["Location"]) == (302, "/shootouts/mine/")
    assert is_logged_in(client)
    assert client.post("/api/v1/auth/token/").status_code == 200


def test_tokens_are_bought_by_a_session_and_by_no_password(anna: User, phone: Phone) -> None:
    """There is no way to a token around the code."""
    given = {"username": "anna", "password": PASSWORD}
    assert api_client().post("/api/v1/auth/token/", given).status_code == 401
    basic = Client(headers={"authorization": "Basic YW5uYTpvbmUgbG9uZyBwYXNzd29yZCAx"})
    assert basic.post("/api/v1/auth/token/", given).status_code == 401


def test_it_leads_where_one_wanted_to_go(anna: User, phone: Phone, client: Client) -> None:
    log_in(client, anna, path="/login/?next=/gear/")
    assert client.post(CODE, {"code": phone.code()})["Location"] == "/gear/"


def test_a_code_is_good_once(anna: User, phone: Phone) -> None:
    code = phone.code()
    outcomes = []
    for _ in range(2):
        client = Client()
        log_in(client, anna)
        outcomes.append(client.post(CODE, {"code": code}).status_code)
    assert outcomes == [302, 422]


def test_spaces_in_a_code_do_not_matter(anna: User, phone: Phone, client: Client) -> None:
    log_in(client, anna)
    code = phone.code()
    assert client.post(CODE, {"code": f" {code[:3]} {code[3:]} "}).status_code == 302


def test_a_backup_code_logs_in_once(anna: User, client: Client) -> None:
    client.force_login(anna)
    _, codes = set_up(client)
    outcomes = []
    for typed in (codes[0].upper(), codes[0], codes[1].replace("-", " ")):
        other = Client()
        log_in(other, anna)
        outcomes.append(other.post(CODE, {"code": typed}).status_code)
    assert outcomes == [302, 422, 302]
    used = AuditEntry.objects.filter(action=AuditAction.BACKUP_CODE_USED)
    assert [entry.detail for entry in used.order_by("id")] == ["9 left", "8 left"]


def test_the_question_is_over_after_five_minutes(
    anna: User, phone: Phone, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(client, anna)
    later_s = time.time() + 301
    monkeypatch.setattr("accounts.login.two_factor.time.time", lambda: later_s)
    answer = client.post(CODE, {"code": phone.code()})
    assert (answer.status_code, answer["Location"]) == (302, LOGIN)
    assert not is_logged_in(client)


@pytest.mark.parametrize("change", ["password", "is_active"])
def test_the_question_is_over_when_the_account_changes(
    anna: User, phone: Phone, client: Client, change: str
) -> None:
    log_in(client, anna)
    if change == "password":
        anna.set_password("another long one")
    else:
        anna.is_active = False
    anna.save()
    assert client.post(CODE, {"code": phone.code()})["Location"] == LOGIN
    assert not is_logged_in(client)


def test_without_a_password_there_is_no_question(db: None, client: Client) -> None:
    for answer in (client.get(CODE), client.post(CODE, {"code": "123456"})):
        assert (answer.status_code, answer["Location"]) == (302, LOGIN)


@pytest.mark.parametrize(
    "code", ["", "x" * 41, "\x00", "１２３４５６", "12345", "1234567", "é", "-"]
)
def test_what_is_no_code_is_refused(anna: User, phone: Phone, client: Client, code: str) -> None:
    log_in(client, anna)
    assert client.post(CODE, {"code": code}).status_code == 422


# Throttled ----------------------------------------------------------------------------------------


def test_wrong_codes_are_slowed_down_as_wrong_passwords_are(
    anna: User, phone: Phone, client: Client
) -> None:
    log_in(client, anna)
    statuses = [client.post(CODE, {"code": phone.wrong_code()}).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    assert client.post(CODE, {"code": phone.code()}).status_code == 429
    # And the password is not tried any more either: the next question would bring five more.
    assert "Too many wrong passwords" in log_in(Client(), anna).text
    assert actions()[1:] == [AuditAction.TWO_FACTOR_FAILED] * 5
    assert AuditEntry.objects.filter(action=AuditAction.LOGIN_SLOWED).exists()


def test_right_passwords_in_between_give_no_more_tries(anna: User, phone: Phone) -> None:
    statuses = []
    for _ in range(6):
        client = Client()
        if log_in(client, anna).status_code == 302:
            statuses.append(client.post(CODE, {"code": phone.wrong_code()}).status_code)
    assert statuses == [422] * 5


# Switching off ------------------------------------------------------------------------------------


def test_switching_it_off_asks_for_the_password_and_a_code(
    anna: User, phone: Phone, client: Client
) -> None:
    client.force_login(anna)
    code = phone.code()
    answer = client.post(f"{PAGE}off/", {"password": "wrong", "code": code})
    assert (answer.status_code, TwoFactor.objects.count()) == (422, 1)
    assert "This is not your password" in answer.text
    answer = client.post(f"{PAGE}off/", {"password": PASSWORD, "code": phone.wrong_code()})
    assert (answer.status_code, TwoFactor.objects.count()) == (422, 1)
    assert "This code is wrong" in answer.text
    # A wrong password has spent no code.
    assert client.post(f"{PAGE}off/", {"password": PASSWORD, "code": code}).status_code == 302
    assert not TwoFactor.objects.exists()
    other = Client()
    log_in(other, anna)
    assert is_logged_in(other)
    assert actions()[-1] == AuditAction.TWO_FACTOR_OFF


def test_new_backup_codes_take_the_place_of_the_old_ones(anna: User, client: Client) -> None:
    client.force_login(anna)
    phone, old = set_up(client)
    address, code = f"{PAGE}backup-codes/", phone.code()
    assert client.post(address, {"password": "wrong", "code": code}).status_code == 422
    answer: Any = client.post(address, {"password": PASSWORD, "code": code}, follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    new = codes_on(answer.text)
    assert codes_on(client.get(PAGE).text) == []  # loaded again it makes no others
    assert AuditEntry.objects.filter(action=AuditAction.BACKUP_CODES_MADE).count() == 1
    assert len(new) == NUM_BACKUP_CODES
    outcomes = []
    for code in (old[0], new[0]):
        other = Client()
        log_in(other, anna)
        outcomes.append(other.post(CODE, {"code": code}).status_code)
    assert outcomes == [422, 302]


def test_who_has_no_password_shows_a_code(db: None, client: Client, settings: Settings) -> None:
    settings.GTS_ADMIN_TWO_FACTOR = True
    client.force_login(make_user("olga", is_staff=True))
    phone, _ = set_up(client)
    assert client.post(f"{PAGE}off/", {"code": phone.wrong_code()}).status_code == 422
    assert client.post(f"{PAGE}off/", {"code": phone.code()}).status_code == 302
    assert not TwoFactor.objects.exists()


def test_an_operator_removes_it_at_the_shell(anna: User, phone: Phone) -> None:
    out = io.StringIO()
    call_command("remove_second_factor", "anna", stdout=out)
    assert "anna logs in by the password alone now" in out.getvalue()
    assert not TwoFactor.objects.exists()
    assert actions()[-1] == AuditAction.TWO_FACTOR_REMOVED
    for name in ("anna", "unknown"):
        with pytest.raises(CommandError):
            call_command("remove_second_factor", name)


def test_keys_can_be_changed(anna: User, phone: Phone, settings: Settings) -> None:
    old = list(settings.GTS_TOKEN_KEYS)
    settings.GTS_TOKEN_KEYS = ["b25seS1mb3ItdGhpcy1jaGVjay0wMTIzNDU2Nzg5YWI=", *old]
    out = io.StringIO()
    call_command("rotate_token_keys", stdout=out)
    assert "1 of 1" in out.getvalue()
    settings.GTS_TOKEN_KEYS = settings.GTS_TOKEN_KEYS[:1]
    client = Client()
    log_in(client, anna)
    assert client.post(CODE, {"code": phone.code()}).status_code == 302

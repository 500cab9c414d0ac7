"""Tokens against the fake server: acceptance tests 4–8 of the specification, dying processes."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEntry, Tone3000Tokens, User
from accounts.selectors import ConnectionState, tone3000_connection_get
from accounts.tone3000.calls import call
from accounts.tone3000.tokens import access_token, tokens_drop
from gts.tests.processes import environment, manage
from gts.tests.tone3000 import Visitor
from gts.web.errors import ReconnectNeededError, TokenServiceUnavailableError
from tools.tone3000_server import FakeServer

TOKEN_PATH = "/api/v1/oauth/token"


@pytest.fixture
def user(visitor: Visitor, transactional_db: None) -> User:
    """Someone who has just logged in."""
    visitor.go()
    assert visitor.user is not None
    visitor.fake.forget()
    return visitor.user


def expire(user: User) -> None:
    Tone3000Tokens.objects.filter(user=user).update(expires_at=timezone.now())


def ask(token: str) -> int:
    return call("GET", f"{django_settings.GTS_TONE3000_API}/user", bearer=token).status


def num_refreshes(fake: FakeServer) -> int:
    return len(fake.requests(TOKEN_PATH))


# 4 and 5. Expiry ---------------------------------------------------------------------------------


def test_after_an_hour_one_refresh_and_the_call_succeeds(user: User, fake: FakeServer) -> None:
    before = Tone3000Tokens.objects.get().encrypted
    fake.advance(3601)
    expire(user)
    assert ask(access_token(user)) == 200
    assert num_refreshes(fake) == 1
    assert Tone3000Tokens.objects.get().encrypted != before
    fake.advance(3601)
    expire(user)
    assert ask(access_token(user)) == 200  # with the refresh token of the first refresh


def test_ten_threads_at_expiry_refresh_once(user: User, fake: FakeServer) -> None:
    expire(user)
    fake.fail(TOKEN_PATH, delay_s=0.3)  # late, which is when the others come
    barrier = Barrier(10)

    def work(_: int) -> tuple[str, int]:
        try:
            barrier.wait()
            token = access_token(user)
            return token, ask(token)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(work, range(10)))
    assert len(set(answers)) == 1
    assert answers[0][1] == 200
    assert num_refreshes(fake) == 1


# 6. A dead session -------------------------------------------------------------------------------


@pytest.mark.parametrize("error_style", ["oauth", "gotrue"])
@pytest.mark.parametrize("reuse_kills", [False, True])
def test_a_dead_session_leaves_the_login_and_asks_for_a_reconnect(
    user: User, visitor: Visitor, error_style: str, reuse_kills: bool
) -> None:
    visitor.fake.set(error_style=error_style, reuse_kills_session=reuse_kills)
    visitor.fake.revoke("alice")
    expire(user)
    with pytest.raises(ReconnectNeededError):
        access_token(user)
    assert Tone3000Tokens.objects.get().encrypted == ""
    assert visitor.user == user  # logged in as before
    page = visitor.page(reverse("account"))
    assert "Reconnect Tone 3000" in page
    assert "reconnect needed" in page
    visitor.go(next_url=reverse("account"))
    assert ask(access_token(user)) == 200
    assert "Reconnect" not in visitor.page(reverse("account"))
    assert User.objects.count() == 1
    trail = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(trail) == ["connected", "login", "tokens_refused", "connected"]


def test_a_new_login_after_a_logout_repairs_it_too(user: User, visitor: Visitor) -> None:
    visitor.fake.revoke("alice")
    expire(user)
    with pytest.raises(ReconnectNeededError):
        access_token(user)
    visitor.client.post(reverse("logout"))
    visitor.go()
    assert ask(access_token(user)) == 200


# 7. A hiccup -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 503, 429, 403])
def test_a_hiccup_keeps_the_tokens(user: User, fake: FakeServer, status: int) -> None:
    expire(user)
    fake.fail(TOKEN_PATH, status=status, headers={"Retry-After": "3"})
    with pytest.raises(TokenServiceUnavailableError) as caught:
        access_token(user)
    assert caught.value.wait == 3
    assert tone3000_connection_get(user).state is ConnectionState.CONNECTED
    assert ask(access_token(user)) == 200


def test_a_timeout_keeps_the_tokens(
    user: User, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.tone3000.calls.TIMEOUT_S", 0.2)
    expire(user)
    fake.fail(TOKEN_PATH, status=503, delay_s=1.0)
    with pytest.raises(TokenServiceUnavailableError):
        access_token(user)
    monkeypatch.undo()
    assert ask(access_token(user)) == 200


# 8. A token that the API refuses -----------------------------------------------------------------


def test_a_refused_token_is_replaced_once(user: User, fake: FakeServer) -> None:
    fake.expire_access_tokens()
    refused = access_token(user)
    assert ask(refused) == 401
    assert ask(access_token(user, rejected=refused)) == 200
    assert num_refreshes(fake) == 1


def test_one_that_stays_refused_is_dropped(user: User, fake: FakeServer) -> None:
    refused = access_token(user)
    again = access_token(user, rejected=refused)
    tokens_drop(user=user, refused=again)
    with pytest.raises(ReconnectNeededError):
        access_token(user)
    assert num_refreshes(fake) == 1


# Processes ---------------------------------------------------------------------------------------


@pytest.fixture
def world(
    tmp_path: Path, fake: FakeServer, transactional_db: None, settings: Settings
) -> dict[str, str]:
    """The environment of processes: on SQLite with a copy of the tests' database, on PostgreSQL
    with that itself."""
    changes = {
        "GTS_TONE3000_API": settings.GTS_TONE3000_API,
        "GTS_TONE3000_KEY": fake.client_id,
        "GTS_TOKEN_KEYS": " ".join(settings.GTS_TOKEN_KEYS),
        "GTS_LOG_LEVEL": "ERROR",
    }
    if connection.vendor == "postgresql":
        database = connection.settings_dict
        host = f"{database['HOST']}:{database['PORT'] or 5432}"
        changes |= {
            "DATABASE_URL": f"postgresql://{database['USER']}@{host}/{database['NAME']}",
            "REDIS_URL": settings.REDIS_URL,
            "GTS_SECRET_KEY": settings.SECRET_KEY,
            "GTS_ALLOWED_HOSTS": "localhost",
        }
    else:
        (tmp_path / "var").mkdir()
        connection.ensure_connection()
        with sqlite3.connect(tmp_path / "var" / "gts.sqlite3") as copy:
            connection.connection.backup(copy)
    return environment(tmp_path / "var", **changes)


# What the processes run. Starting Python takes seconds, so they are forks of one.
COMMON = """
import os, signal, sys
from django.db import connection
from django.utils import timezone
from accounts.tone3000 import tokens
from gts.web.errors import AppError
from accounts.models import Tone3000Tokens
from accounts.selectors import tone3000_connection_get
from accounts.tests.factories import connect_tone3000, make_user
from accounts.tone3000.calls import parse_tokens

def ask():
    try:
        return tokens.access_token(user)
    except AppError as error:
        return error.code

def fork(work):
    connection.close()
    pid = os.fork()
    if pid == 0:
        os.write(1, f"{{work()}}\\n".encode())  # in one piece: they share the pipe
        os._exit(0)
    return pid

user = make_user("alice")
connect_tone3000(user, parse_tokens({first!r}))
Tone3000Tokens.objects.update(expires_at=timezone.now())
"""
TEN = """
pids = [fork(ask) for _ in range(10)]
assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 10
"""
KILLED = """
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

save, tokens._save = tokens._save, die
assert os.waitpid(fork(ask), 0)[1] == signal.SIGKILL
tokens._save = save
for _ in range(2):
    print(tone3000_connection_get(user).state)
    print(ask())
connect_tone3000(user, parse_tokens({second!r}))
print(tone3000_connection_get(user).state)
print(ask())
"""


def run(env: dict[str, str], code: str) -> list[str]:
    return manage(env, "shell", "-v", "0", "-c", code).splitlines()


@pytest.mark.processes
def test_ten_processes_at_expiry_refresh_once(world: dict[str, str], fake: FakeServer) -> None:
    fake.fail(TOKEN_PATH, delay_s=0.5)
    answers = run(world, COMMON.format(first=fake.tokens("alice")) + TEN)
    assert len(answers) == 10
    assert len(set(answers)) == 1
    assert ask(answers[0]) == 200
    assert num_refreshes(fake) == 1


@pytest.mark.processes
def test_killed_between_answer_and_saving_only_the_session_there_is_lost(
    world: dict[str, str], fake: FakeServer
) -> None:
    code = COMMON.format(first=fake.tokens("alice"))
    code += KILLED.format(second=fake.tokens("alice"))
    said = run(world, code)
    # The lock died with the process, so the next one is told at once: reconnect. It is asked once.
    assert said[:-1] == [
        "connected",
        "TONE3000_RECONNECT",
        "reconnect",
        "TONE3000_RECONNECT",
        "connected",
    ]
    assert ask(said[-1]) == 200
    assert num_refreshes(fake) == 2  # the one that died, and the one that was refused


@pytest.mark.processes
def test_the_key_of_the_tokens_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    env = environment(tmp_path / "var")
    show = "from django.conf import settings; print(settings.GTS_TOKEN_KEYS)"
    assert run(env, show) == run(env, show)
    key = tmp_path / "var" / "secrets" / "token_keys"
    assert key.stat().st_mode & 0o777 == 0o600

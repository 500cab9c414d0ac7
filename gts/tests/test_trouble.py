"""What GTS runs on is away or full: answered by name, wherever it is noticed."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.test import AsyncClient, Client
from psycopg_pool import PoolTimeout, TooManyRequests

from accounts.models import User
from accounts.tests.factories import api_client
from gts.web.database import is_database_away

pytestmark = pytest.mark.django_db(transaction=True)

HTML = {"Accept": "text/html"}


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def no_connection_left() -> Exception:
    why = "couldn't get a connection after 5.00 sec"
    return caused(OperationalError(why), PoolTimeout(why))


def disk_is_full() -> Exception:
    return OSError(errno.ENOSPC, "No space left on device")


def database_is_full() -> Exception:
    why = "could not extend file: No space left on device"
    return caused(OperationalError(why), psycopg.errors.DiskFull(why))


TROUBLE = [
    (no_connection_left, 503, "DATABASE_UNAVAILABLE", "The database has no time"),
    (disk_is_full, 507, "DISK_FULL", "TMPDIR"),
    (database_is_full, 507, "DISK_FULL", "no room for its database"),
]


def raising(make: Callable[[], Exception]) -> Any:
    def fail(*_: Any, **__: Any) -> Any:
        raise make()

    return fail


@pytest.mark.parametrize(("make", "status", "code", "words"), TROUBLE)
async def test_it_is_told_by_views_of_every_kind(
    make: Callable[[], Exception],
    status: int,
    code: str,
    words: str,
    alice: User,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shootouts.pages.views.HomeView.get", raising(make))
    monkeypatch.setattr("jobs.api.jobs.job_list", raising(make))
    page = await AsyncClient().get("/", headers=HTML)
    assert (page.status_code, words in page.content.decode()) == (status, True)
    assert int(page["Retry-After"]) > 0
    answer = await sync_to_async(api_client(alice).get)("/api/v1/jobs/")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert int(answer["Retry-After"]) > 0


@pytest.mark.parametrize(("make", "status", "code", "words"), TROUBLE)
def test_it_is_told_where_no_view_was_asked(
    make: Callable[[], Exception],
    status: int,
    code: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a middleware: the session is looked up, or a form is read to find its token."""
    monkeypatch.setattr(SessionStore, "load", raising(make))
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "a" * 32
    page = client.get("/", headers=HTML)
    assert (page.status_code, words in page.content.decode()) == (status, True)
    assert int(page["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("error", "is_away"),
    [
        (no_connection_left(), True),
        (caused(OperationalError("too many"), TooManyRequests("too many")), True),
        (caused(OperationalError("refused"), psycopg.OperationalError("refused")), True),
        (caused(InterfaceError("closed"), psycopg.InterfaceError("closed")), True),
        (caused(OperationalError("full"), psycopg.errors.TooManyConnections("full")), True),
        (caused(OperationalError("lock"), psycopg.errors.DeadlockDetected("lock")), True),
        (caused(OperationalError("stop"), psycopg.errors.AdminShutdown("stop")), True),
        (caused(ProgrammingError("no"), psycopg.errors.UndefinedTable("no")), False),
        (caused(OperationalError("no"), psycopg.errors.InvalidPassword("no")), False),
        (ValueError("no"), False),
    ],
)
def test_what_passes_and_what_is_a_mistake(error: Exception, is_away: bool) -> None:
    assert is_database_away(error) is is_away


def test_sqlite_is_busy_or_has_no_such_table() -> None:
    with pytest.raises(sqlite3.OperationalError) as found:
        sqlite3.connect(":memory:").execute("SELECT * FROM missing")
    assert not is_database_away(caused(OperationalError("no such table"), found.value))
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    assert is_database_away(caused(OperationalError("locked"), busy))

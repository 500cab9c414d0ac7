"""The file of the embedded database is full, read-only or gone: named, on pages and in the API."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from accounts.models import User, UserSession
from accounts.tests.factories import api_client
from accounts.tests.needs import needs_sqlite
from gear.models import Tag
from gts.environment import data_folder
from gts.errors import trouble_as_answer
from gts.web.database import is_database_file_broken, is_database_full

pytestmark = [pytest.mark.django_db(transaction=True), needs_sqlite]
HTML = {"Accept": "text/html"}
PASSWORD = "correct horse battery staple"


def execute(*statements: str) -> Any:
    with connection.cursor() as cursor:
        for statement in statements:
            found = cursor.execute(statement)
        return found.fetchone()


@pytest.fixture
def full() -> Iterator[None]:
    """Not one page more, and every statement wants one: as on a disk with no byte left."""
    tables = [model._meta.db_table for model in (User, UserSession, Tag)]
    changes = [(table, how) for table in tables for how in ("INSERT", "UPDATE", "DELETE")]
    [num_pages] = execute("CREATE TABLE filler (content)", "PRAGMA page_count")
    execute(f"PRAGMA max_page_count = {num_pages}")
    for table, how in changes:
        execute(
            f"CREATE TEMP TRIGGER full_{table}_{how} BEFORE {how} ON {table} "
            "BEGIN INSERT INTO filler VALUES (zeroblob(10000000)); END"
        )
    yield
    for table, how in changes:
        execute(f"DROP TRIGGER full_{table}_{how}")
    execute(f"PRAGMA max_page_count = {2**30}", "DROP TABLE filler")


@pytest.fixture
def read_only() -> Iterator[None]:
    execute("PRAGMA query_only = ON")
    yield
    execute("PRAGMA query_only = OFF")


def browser(user: User | None = None) -> Client:
    client = Client(raise_request_exception=False, headers=HTML)
    if user is not None:
        client.force_login(user)
    return client


def test_a_full_disk_is_named_by_the_api(
    alice: User, full: None, caplog: pytest.LogCaptureFixture
) -> None:
    answer = api_client(alice).post("/api/v1/tags/", {"name": "crunchy"})
    assert (answer.status_code, answer.json()["code"]) == (507, "DISK_FULL")
    assert "no room for its database" in answer.json()["message"]
    assert int(answer["Retry-After"]) > 0
    assert str(connection.settings_dict["NAME"]) in caplog.text


def test_and_by_login_and_logout(alice: User, request: pytest.FixtureRequest) -> None:
    alice.set_password(PASSWORD)
    alice.save()
    inside = browser(alice)
    request.getfixturevalue("full")
    words = {"username": alice.username, "password": PASSWORD}
    pages = [
        browser().post(reverse("login"), words),
        inside.post(reverse("logout")),
    ]
    for page in pages:
        assert page.status_code == 507
        assert "no room for its database" in page.content.decode()
        assert int(page["Retry-After"]) > 0
    assert UserSession.objects.count() == 1


def test_a_file_that_cannot_be_written_is_named(
    alice: User, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    inside = browser(alice)
    request.getfixturevalue("read_only")
    answer = api_client(alice).post("/api/v1/tags/", {"name": "crunchy"})
    assert (answer.status_code, answer.json()["code"]) == (503, "DATABASE_UNAVAILABLE")
    page = inside.post(reverse("logout"))
    assert page.status_code == 503
    assert "The database cannot be used just now" in page.content.decode()
    assert "must belong to the user who runs GTS" in caplog.text
    assert str(connection.settings_dict["NAME"]) in caplog.text


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError) as found:
        sqlite3.connect(tmp_path / "nowhere" / "gts.sqlite3")
    error = OperationalError(str(found.value))
    error.__cause__ = found.value
    assert is_database_file_broken(error)
    assert not is_database_full(error)
    answer = trouble_as_answer(error)
    assert answer is not None
    assert (answer.status, answer.code) == (503, "DATABASE_UNAVAILABLE")


@pytest.mark.parametrize(
    ("flags", "words"), [(os.ST_RDONLY, "Read-only file system"), (0, "Permission denied")]
)
def test_why_the_data_folder_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: int, words: str
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=flags))
    with pytest.raises(ImproperlyConfigured, match=words):
        data_folder(tmp_path)

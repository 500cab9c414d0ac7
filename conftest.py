"""What all tests share: the cast, and a world that leaves nothing behind.

alice owns, charlie is a stranger; see ``accounts.tests.factories``.
"""

from __future__ import annotations

import gc
import os
import secrets
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management.commands import flush
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.db.models.signals import post_migrate
from django.test import testcases
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, Playwright, expect, sync_playwright
from pytest_django import DjangoDbBlocker, Settings

from accounts.models import User
from accounts.tests import needs
from accounts.tests.browser import open_chromium
from accounts.tests.factories import make_user
from gts.web import redis_away

# Speed is never asserted: a busy machine is no reason to fail.
hypothesis_settings.register_profile(
    "gts", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("gts")

# By this name Django connects it, and so it is found.
_CREATE_PERMISSIONS: Final = "django.contrib.auth.management.create_permissions"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL and Redis (``make test-services``) only what uses a database runs.

    The rest is the same there as in ``make test``. What may take longest begins first, so that no
    process is left alone with it at the end.
    """
    items.sort(key=lambda item: -_patience_s(item))
    if os.environ.get("GTS_TEST_SERVICES") == "1":
        same = [item for item in items if not _uses_services(item)]
        items[:] = [item for item in items if _uses_services(item)]
        config.hook.pytest_deselected(items=same)


def pytest_collection_finish() -> None:
    """What was collected stays: the garbage collector need not look at it, nor so often at all."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _patience_s(item: pytest.Item) -> float:
    timeout = item.get_closest_marker("timeout")
    return float(timeout.args[0]) if timeout is not None else 0.0


def _uses_services(item: pytest.Item) -> bool:
    fixtures: Sequence[str] = getattr(item, "fixturenames", ())
    return bool(
        item.get_closest_marker("django_db")
        or item.get_closest_marker("services")
        or {"db", "transactional_db"}.intersection(fixtures)
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skip for a reason that ``needs`` does not name is a failure."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        assert isinstance(report.longrepr, tuple)
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason not in needs.REASONS:
            report.outcome = "failed"
            report.longrepr = f"skips for “{reason}”, which accounts/tests/needs.py does not name"
    return report


@pytest.fixture(autouse=True, scope="session")
def files_are_not_waited_for() -> Iterator[None]:
    """No power fails during a test; that files are synced is for the tests of it to see."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def static_files_are_as_written() -> Iterator[None]:
    """What ``live_server`` serves comes from the tree, not from what an earlier run has gathered:
    pytest-django does so by itself only where the app goes by its usual name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(testcases, "_StaticFilesHandler", StaticFilesHandler)
        yield


@pytest.fixture(autouse=True)
def media_root(tmp_path: Path, settings: Settings) -> Path:
    """Every test writes media to an empty folder of its own, starts with an empty cache and with
    no memory of a Redis that was away, and hashes passwords quickly.

    The cache is made empty by other names for its keys: clearing it would flush the whole Redis,
    with the messages of tests that run beside this one.
    """
    folder = tmp_path / "media"
    default = {**settings.STORAGES["default"], "OPTIONS": {"location": folder}}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    settings.MEDIA_ROOT = folder
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    names = {"KEY_PREFIX": secrets.token_hex(8)}
    settings.CACHES = {name: {**cache, **names} for name, cache in settings.CACHES.items()}
    redis_away.forget()
    return folder


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Generator[None, None, None]:
    """Behind a test that commits, all tables are made empty, in the quickest way for few rows:
    PostgreSQL's TRUNCATE makes new files for each. The rows that Django then works out for each
    model are put back as they were."""
    with django_db_blocker.unblock():
        kinds, permissions = list(ContentType.objects.all()), list(Permission.objects.all())
        tables = connection.introspection.django_table_names(only_existing=True)
    deletions = [f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables]

    def put_back(verbosity: int, interactive: bool, db: str, **kwargs: Any) -> None:
        ContentType.objects.using(db).bulk_create(kinds)
        Permission.objects.using(db).bulk_create(permissions)
        post_migrate.disconnect(create_contenttypes)
        post_migrate.disconnect(dispatch_uid=_CREATE_PERMISSIONS)
        try:
            emit_post_migrate_signal(verbosity, interactive, db, **kwargs)
        finally:
            post_migrate.connect(create_contenttypes)
            post_migrate.connect(create_permissions, dispatch_uid=_CREATE_PERMISSIONS)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", lambda *_, **__: deletions)
        patch.setattr(flush, "emit_post_migrate_signal", put_back)
        yield


@pytest.fixture
def alice(db: None) -> User:
    return make_user("alice")


@pytest.fixture
def charlie(db: None) -> User:
    return make_user("charlie")


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Not for the whole session: its event loop would be in the way of async tests."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # That loop runs in this thread, in which tests use the database as well.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        # A machine that runs other tests as well may take longer than Playwright's 5 s for a page.
        expect.set_options(timeout=30_000)
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with open_chromium(playwright) as browser:
        yield browser


@pytest.fixture(autouse=True)
def close_pages(request: pytest.FixtureRequest) -> Iterator[None]:
    """Pages that a test has opened are closed: their scripts would go on, and act, in the next."""
    if "playwright" not in request.fixturenames:  # another `browser` may be something else
        yield
        return
    browser: Browser = request.getfixturevalue("browser")
    before = set(browser.contexts)
    yield
    for context in set(browser.contexts) - before:
        context.close()

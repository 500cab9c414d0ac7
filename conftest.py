"""What all tests share: the cast, and a world that leaves nothing behind.

alice owns, charlie is a stranger; see ``accounts.tests.factories``.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings

from accounts.models import User
from accounts.tests import needs
from accounts.tests.factories import make_user

# Speed is never asserted: a busy machine is no reason to fail.
hypothesis_settings.register_profile(
    "gts", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("gts")


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


@pytest.fixture(autouse=True)
def media_root(tmp_path: Path, settings: Settings) -> Path:
    """Every test writes media to an empty folder of its own, and starts with an empty cache.

    The cache is made empty by other names for its keys: clearing it would flush the whole Redis,
    with the messages of tests that run beside this one.
    """
    folder = tmp_path / "media"
    default = {**settings.STORAGES["default"], "OPTIONS": {"location": folder}}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    settings.MEDIA_ROOT = folder
    names = {"KEY_PREFIX": secrets.token_hex(8)}
    settings.CACHES = {"default": {**settings.CACHES["default"], **names}}
    return folder


@pytest.fixture
def alice(db: None) -> User:
    return make_user("alice")


@pytest.fixture
def charlie(db: None) -> User:
    return make_user("charlie")

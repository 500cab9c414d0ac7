"""What all tests share: the cast, and a world that leaves nothing behind.

alice owns, charlie is a stranger; see ``accounts.tests.factories``.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.cache import cache
from pytest_django import Settings

from accounts.models import User
from accounts.tests.factories import make_user


@pytest.fixture(autouse=True)
def media_root(tmp_path: Path, settings: Settings) -> Path:
    """Every test writes media to an empty folder of its own, and starts with an empty cache."""
    folder = tmp_path / "media"
    default = {**settings.STORAGES["default"], "OPTIONS": {"location": folder}}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    settings.MEDIA_ROOT = folder
    cache.clear()
    return folder


@pytest.fixture
def alice(db: None) -> User:
    return make_user("alice")


@pytest.fixture
def charlie(db: None) -> User:
    return make_user("charlie")

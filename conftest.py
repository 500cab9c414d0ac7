"""Fixtures for every test."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.cache import cache
from pytest_django.fixtures import SettingsWrapper


@pytest.fixture(autouse=True)
def _own_storage_and_cache(tmp_path: Path, settings: SettingsWrapper) -> None:
    """Each test writes media to a folder of its own, and starts with an empty cache."""
    media = tmp_path / "media"
    default = {**settings.STORAGES["default"], "OPTIONS": {"location": media}}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    settings.MEDIA_ROOT = media
    cache.clear()

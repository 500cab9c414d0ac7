"""Files in TMPDIR that could not be written to their end."""

from __future__ import annotations

import errno
import gc
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings


@pytest.mark.django_db
@pytest.mark.parametrize("when", ["write", "seek"])
def test_nothing_of_them_stays_however_long_the_error_is_looked_at(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)

    def full(*_: Any) -> None:
        assert list(tmp_path.iterdir())  # it was begun
        raise OSError(errno.ENOSPC, "No space left on device")

    name = "django.core.files.uploadedfile.TemporaryUploadedFile"
    monkeypatch.setattr(f"{name}.{when}", full, raising=False)
    client = Client(raise_request_exception=False, headers={"Accept": "text/html"})
    file = SimpleUploadedFile("riff.wav", bytes(2 * 1024 * 1024))
    gc.disable()
    try:
        answer = client.post("/login/", {"file": file, "username": "a", "password": "b"})
        assert (answer.status_code, list(tmp_path.iterdir())) == (507, [])
    finally:
        gc.enable()

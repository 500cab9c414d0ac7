"""Uploaded files that Django keeps in TMPDIR until the view is done."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler


class TidyUploadHandler(TemporaryFileUploadHandler):
    """One that cannot be written to its end, on a full disk for instance, is gone at once: the
    error that says so would keep it for as long as it is looked at."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError:
            self._discard()
            raise

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        try:
            return super().file_complete(file_size)
        except OSError:  # what was still in a buffer
            self._discard()
            raise

    def _discard(self) -> None:
        with suppress(OSError):  # its buffer again; it is deleted nevertheless
            self.file.close()

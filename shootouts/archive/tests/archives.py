"""Exports in the hands of tests: taken, opened, changed, packed again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from asgiref.sync import async_to_sync

from accounts.models import User
from accounts.tests.factories import api_client
from shootouts.models import Shootout


async def _body(response: Any) -> bytes:
    return b"".join([chunk async for chunk in response.streaming_content])


def read(response: Any) -> bytes:
    return async_to_sync(_body)(response)


def export_url(shootout: Shootout) -> str:
    return f"/api/v1/shootouts/{shootout.uuid}/export/"


def exported(shootout: Shootout, **query: Any) -> bytes:
    """The archive as its owner gets it over the API."""
    answer: Any = api_client(shootout.owner).get(export_url(shootout), query)
    assert answer.status_code == 200, answer.content
    return read(answer)


def files_of(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


def packed(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return buffer.getvalue()


def post_import(user: User | None, archive: bytes, name: str = "amps.zip") -> Any:
    file = io.BytesIO(archive)
    file.name = name
    client = api_client(user)
    return client.post("/api/v1/shootouts/import/", {"file": file}, format="multipart")

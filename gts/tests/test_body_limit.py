from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from django.core.asgi import get_asgi_application
from pytest_django import Settings

from gts.web.bodies import BodyLimit

LIMIT = 1024 * 1024 + 1000  # the room for the fields of a form, and the file


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.GTS_DI_MAX_BYTES = settings.GTS_CAPTURE_MAX_BYTES = 1000


async def post(chunks: list[bytes], *, announced: int | None = None) -> tuple[int, Any, int]:
    """Status, error and how many chunks were taken, of a request to the application."""
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    if announced is not None:
        headers.append((b"content-length", str(announced).encode()))
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": index < len(chunks) - 1}
        for index, chunk in enumerate(chunks)
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        if not waiting:
            await asyncio.Event().wait()  # the client stays and waits for its answer
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/nothing/",
        "headers": headers,
        "query_string": b"",
    }
    await BodyLimit(get_asgi_application())(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(content), len(chunks) - len(waiting)


async def test_a_body_within_the_limit_is_let_through() -> None:
    status, error, _ = await post([b"x" * 600_000, b"x" * 400_000], announced=1_000_000)
    assert (status, error["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("announced", [None, LIMIT + 1, 5])
async def test_a_body_beyond_the_limit_is_a_413_whatever_it_announces(
    announced: int | None,
) -> None:
    status, error, num_taken = await post([b"x" * LIMIT, b"x"], announced=announced)
    assert (status, error["code"]) == (413, "TOO_LARGE")
    assert len(error["request_id"]) == 32
    assert num_taken == 2


async def test_what_does_not_end_is_cut_off() -> None:
    status, _, num_taken = await post([b"x" * LIMIT] * 10)
    assert status == 413
    assert num_taken == 5

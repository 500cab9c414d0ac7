"""A WebSocket client that speaks ASGI with the whole application, without a server.

(channels.testing has one, but importing it takes another web server along.)
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.test import Client

from accounts.models import User
from gts.asgi import application
from gts.tests.socket_messages import validate
from gts.web.scopes import ASGIApplication, Receive, Scope, Send

ORIGIN = (b"origin", b"http://localhost:8000")
_HOST = (b"host", b"localhost:8000")


@database_sync_to_async  # type: ignore[untyped-decorator]
def cookie_of(user: User) -> tuple[bytes, bytes]:
    """The header of a browser that is logged in."""
    client = Client()
    client.force_login(user)
    return (b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode())


def _reading(may_read: asyncio.Event) -> ASGIApplication:
    """The application with a client that reads only while ``may_read`` is set."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_when_read(message: Mapping[str, Any]) -> None:
            await may_read.wait()
            await send(message)

        await application(scope, receive, send_when_read)

    return slow


class WebSocket:
    def __init__(
        self,
        path: str,
        *headers: tuple[bytes, bytes],
        subprotocols: list[str] | None = None,
        read_when: asyncio.Event | None = None,
        timeout_s: float = 10,
        scheme: str = "ws",
    ) -> None:
        """Asks for ``localhost:8000`` where ``headers`` name no host."""
        self._timeout_s = timeout_s
        if not any(name == b"host" for name, _ in headers):
            headers = (*headers, _HOST)
        path, _, query = path.partition("?")
        self._path = path
        scope: dict[str, Any] = {
            "type": "websocket",
            "scheme": scheme,
            "path": path,
            "query_string": query.encode(),
            "headers": list(headers),
            "subprotocols": subprotocols or [],
        }
        self._application: Any = ApplicationCommunicator(  # type: ignore[no-untyped-call]
            _reading(read_when) if read_when else application, scope
        )

    async def connect(self) -> tuple[bool, str | None]:
        """Whether the handshake was accepted, and with which subprotocol."""
        await self._application.send_input({"type": "websocket.connect"})
        answer = await self._application.receive_output(self._timeout_s)
        return answer["type"] == "websocket.accept", answer.get("subprotocol")

    async def receive(self) -> dict[str, Any]:
        """The next message, which must be one of the document of sockets."""
        output = await self._application.receive_output(self._timeout_s)
        assert output["type"] == "websocket.send", output
        return self._read(output)

    async def receive_rest(self) -> tuple[list[dict[str, Any]], int]:
        """All messages until the server closes, and the code with which it does."""
        messages: list[dict[str, Any]] = []
        while True:
            output = await self._application.receive_output(self._timeout_s)
            if output["type"] == "websocket.close":
                return messages, output["code"]
            messages.append(self._read(output))

    def _read(self, output: Mapping[str, Any]) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(output["text"])
        validate(self._path, message)
        return message

    async def is_silent(self) -> bool:
        return bool(await self._application.receive_nothing(timeout=0.3))

    async def send(self, **data: Any) -> None:
        await self._application.send_input({"type": "websocket.receive", **data})

    async def leave(self) -> None:
        await self._application.send_input({"type": "websocket.disconnect", "code": 1001})
        await self._application.wait(self._timeout_s)


async def close_code_of(websocket: WebSocket) -> int:
    """Of one that is accepted, told nothing, and closed by the server."""
    is_connected, _ = await websocket.connect()
    assert is_connected
    messages, code = await websocket.receive_rest()
    assert messages == []
    return code

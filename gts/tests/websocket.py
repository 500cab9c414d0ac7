"""A WebSocket client that speaks ASGI with the whole application, without a server.

(channels.testing has one, but importing it takes another web server along.)
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from asgiref.testing import ApplicationCommunicator

from gts.asgi import application
from gts.websocket_auth import ASGIApplication, Receive, Scope, Send


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
    ) -> None:
        self._timeout_s = timeout_s
        path, _, query = path.partition("?")
        scope: dict[str, Any] = {
            "type": "websocket",
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
        """The next message."""
        output = await self._application.receive_output(self._timeout_s)
        assert output["type"] == "websocket.send", output
        message: dict[str, Any] = json.loads(output["text"])
        return message

    async def receive_rest(self) -> tuple[list[dict[str, Any]], int]:
        """All messages until the server closes, and the code with which it does."""
        messages: list[dict[str, Any]] = []
        while True:
            output = await self._application.receive_output(self._timeout_s)
            if output["type"] == "websocket.close":
                return messages, output["code"]
            messages.append(json.loads(output["text"]))

    async def is_silent(self) -> bool:
        return bool(await self._application.receive_nothing(timeout=0.3))

    async def send(self, **data: Any) -> None:
        await self._application.send_input({"type": "websocket.receive", **data})

    async def leave(self) -> None:
        await self._application.send_input({"type": "websocket.disconnect", "code": 1001})
        await self._application.wait(self._timeout_s)

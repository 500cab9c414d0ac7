"""Who is at the other end of a WebSocket.

A browser brings its session cookie; its Origin must then be one of ours, or any page could listen
in. A program brings an access token, in the ``Authorization`` header or, where headers cannot be
set, as a subprotocol: ``["gts.jwt", "<token>"]``. Never in the URL, which ends up in logs. Both
must ask for us by a name that is ours, as for pages.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http.request import validate_host

from accounts.errors import UnauthorizedError
from accounts.models import User
from accounts.selectors import access_token_user_get
from gts.errors import error_body
from gts.hosts import CODE as UNKNOWN_HOST
from gts.hosts import is_known, unknown_host
from jobs.log_context import within_request

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
ASGIApplication = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN_SUBPROTOCOL: Final = "gts.jwt"


class WebSocketAuthentication:
    """Puts ``user`` into the scope, and ``subprotocol`` when the token came as one.

    A foreign Origin is refused before the handshake. A bad token is nobody: the consumer says so
    with a close code, which a refused handshake could not carry.
    """

    def __init__(self, inner: ASGIApplication) -> None:
        self._with_token = inner
        self._with_session: ASGIApplication = AuthMiddlewareStack(inner)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host")
        if host is not None and not is_known(host):
            await receive()  # websocket.connect
            await _refuse_host(scope, send, host)
            return
        if not _is_origin_allowed(headers.get(b"origin")):
            await receive()  # websocket.connect
            await send({"type": "websocket.close"})
            return
        token, subprotocol = _token_from(headers, scope.get("subprotocols", []))
        scope = {**scope, "subprotocol": subprotocol}
        if token is None:
            await self._with_session(scope, receive, send)
            return
        await self._with_token({**scope, "user": await _user_of(token)}, receive, send)


async def _refuse_host(scope: Scope, send: Send, host: str) -> None:
    """With a reason, if the server can answer a handshake with one."""
    message = unknown_host(host).message
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    with within_request(secrets.token_hex(16)):
        content = json.dumps(error_body(UNKNOWN_HOST, message)).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
    ]
    await send({"type": "websocket.http.response.start", "status": 400, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": content})


def _is_origin_allowed(origin: str | None) -> bool:
    """Browsers always send an Origin; programs usually send none."""
    if origin is None:
        return True
    try:
        host = urlsplit(origin).hostname or ""
    except ValueError:
        return False
    if ":" in host:
        host = f"[{host}]"
    return validate_host(host, settings.ALLOWED_HOSTS)


def _token_from(
    headers: dict[bytes, str], subprotocols: list[str]
) -> tuple[str | None, str | None]:
    scheme, _, token = headers.get(b"authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip(), None
    if TOKEN_SUBPROTOCOL in subprotocols:
        others = [name for name in subprotocols if name != TOKEN_SUBPROTOCOL]
        return (others[0] if others else ""), TOKEN_SUBPROTOCOL
    return None, None


@database_sync_to_async  # type: ignore[untyped-decorator]
def _user_of(token: str) -> User | AnonymousUser:
    try:
        return access_token_user_get(token)
    except UnauthorizedError:
        return AnonymousUser()

"""Who is at the other end of a WebSocket.

A browser brings its session cookie; its Origin must then be ours, or any page could listen in: the
same scheme, host and port as it asks for, or one of ``CSRF_TRUSTED_ORIGINS``, as with forms. A
program brings an access token, in the ``Authorization`` header or, where headers cannot be set, as
a subprotocol: ``["gts.jwt", "<token>"]``. Never in the URL, which ends up in logs. Both must ask
for us by a name that is ours, as for pages.
"""

from __future__ import annotations

import json
import logging
import secrets
from typing import Final
from urllib.parse import SplitResult, urlsplit

from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import DisallowedHost
from django.utils.http import is_same_domain

from accounts.models import User
from accounts.sessions.logins import Credential, credential_of_session, credential_of_token
from gts.web.error_answers import error_body
from gts.web.errors import UnauthorizedError
from gts.web.headers import scope_headers
from gts.web.hosts import CODE as UNKNOWN_HOST
from gts.web.hosts import is_known, unknown_host
from gts.web.request_id import within_request
from gts.web.scopes import ASGIApplication, Receive, Scope, ScopeRequest, Send

TOKEN_SUBPROTOCOL: Final = "gts.jwt"
_MAX_ORIGIN_CHARS: Final = 100

logger = logging.getLogger(__name__)


class WebSocketAuthentication:
    """Puts ``user`` and ``credential`` into the scope, and ``subprotocol`` when the token came so.

    A foreign Origin is refused before the handshake. A bad token is no one: the consumer says so
    with a close code, which a refused handshake could not carry.
    """

    def __init__(self, inner: ASGIApplication) -> None:
        self._with_token = inner
        self._with_session: ASGIApplication = AuthMiddlewareStack(_with_credential(inner))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host")
        if host is not None and not is_known(host):
            await receive()  # websocket.connect
            await _refuse_host(scope, send, host)
            return
        if not _is_origin_allowed(scope, headers):
            await receive()  # websocket.connect
            await send({"type": "websocket.close"})
            return
        token, subprotocol = _token_from(headers, scope.get("subprotocols", []))
        scope = {**scope, "subprotocol": subprotocol}
        if token is None:
            await self._with_session(scope, receive, send)
            return
        user, credential = await _user_of(token)
        await self._with_token({**scope, "user": user, "credential": credential}, receive, send)


def _with_credential(inner: ASGIApplication) -> ASGIApplication:
    """Of who came with a session."""

    async def with_credential(scope: Scope, receive: Receive, send: Send) -> None:
        user = scope["user"]
        if user.is_authenticated:
            credential = credential_of_session(user, scope["session"].session_key)
            scope = {**scope, "credential": credential}
        await inner(scope, receive, send)

    return with_credential


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
        *scope_headers(scope),
    ]
    await send({"type": "websocket.http.response.start", "status": 400, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": content})


def _is_origin_allowed(scope: Scope, headers: dict[bytes, str]) -> bool:
    """Browsers always send an Origin; programs usually send none."""
    origin = headers.get(b"origin")
    if origin is None:
        return True
    try:
        ours = ScopeRequest(scope).origin
        parts = urlsplit(origin)
    except (DisallowedHost, ValueError):
        return False
    if origin == ours or any(_is_within(parts, known) for known in settings.CSRF_TRUSTED_ORIGINS):
        return True
    logger.warning(
        "refused a WebSocket to %s from a page of another origin (%s): "
        "GTS_CSRF_TRUSTED_ORIGINS lists those that are trusted",
        ours,
        "".join(char for char in origin if char.isprintable())[:_MAX_ORIGIN_CHARS],
    )
    return False


def _is_within(parts: SplitResult, trusted: str) -> bool:
    """``trusted`` may be ``https://*.example.org``, which is every name below it."""
    known = urlsplit(trusted)
    return parts.scheme == known.scheme and is_same_domain(
        parts.netloc, known.netloc.removeprefix("*")
    )


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
def _user_of(token: str) -> tuple[User | AnonymousUser, Credential | None]:
    try:
        return credential_of_token(token)
    except UnauthorizedError:
        return AnonymousUser(), None

"""What ASGI applications are called with, and what a scope says of the address it asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.http import HttpRequest

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApplication = Callable[[Scope, Receive, Send], Awaitable[None]]


class ScopeRequest(HttpRequest):
    """As much of a request as tells from where and by which address it came, by HTTP or WebSocket:
    a scope, read as Django reads a request.

    ``is_secure()`` and ``get_host()`` follow ``SECURE_PROXY_SSL_HEADER`` and ``ALLOWED_HOSTS``.
    """

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._is_tls = scope.get("scheme") in ("https", "wss")
        for name, value in scope["headers"]:
            key = name.decode("latin-1").upper().replace("-", "_")
            self.META[f"HTTP_{key}"] = value.decode("latin-1")
        self.META["REMOTE_ADDR"] = (scope.get("client") or ("", 0))[0]
        host, port = scope.get("server") or ("", "")
        self.META["SERVER_NAME"], self.META["SERVER_PORT"] = host, str(port)

    def _get_scheme(self) -> str:
        return "https" if self._is_tls else "http"

    @property
    def origin(self) -> str:
        """Scheme, host and port as a browser has them. Raises ``DisallowedHost``."""
        return f"{self.scheme}://{self.get_host()}"

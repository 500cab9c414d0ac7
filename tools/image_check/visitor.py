"""What someone does who follows ``.env.example``, and what a browser and a stranger then find.

The example is filled in where it says *required*; the site is asked through the proxy.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import secrets
import socket
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tools.image_check.report import CheckError, step

SITE: Final = "gts.localhost"
_PATIENCE_S: Final = 60


def fill_in(text: str) -> str:
    """The text with a value for each variable below a comment that says *required*.

    Not for those that are marked for another way than docker compose.
    """
    values = {
        "GTS_SECRET_KEY": secrets.token_urlsafe(64),
        "GTS_TOKEN_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "GTS_ALLOWED_HOSTS": SITE,
        "POSTGRES_PASSWORD": secrets.token_hex(16),
    }
    lines = text.splitlines()
    is_required = False
    for number, line in enumerate(lines):
        if line.startswith("# ") and not (number and lines[number - 1].startswith("#")):
            is_required = "required" in line.lower() and "without docker compose" not in line
        elif not line.strip():
            is_required = False
        found = re.fullmatch(r"([A-Z][A-Z0-9_]*)=.*", line)
        if found and is_required:
            if found[1] not in values:
                raise CheckError(f".env.example asks for {found[1]}, but not what to fill in")
            lines[number] = f"{found[1]}={values[found[1]]}"
    return "\n".join(lines) + "\n"


class Visitor:
    """Trusts the certificates of Caddy's own authority, and no others."""

    def __init__(self, address: str, authority: Path) -> None:
        self._address = address
        self._trust = ssl.create_default_context(cafile=authority)

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, *, scheme: str = "https"
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(SITE)
        connection.sock = self._connect(scheme)
        connection.request("GET", path, headers=dict(headers or {}))
        answer = connection.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def open_socket(self, path: str, origin: str) -> int:
        """The status with which the handshake of a WebSocket is answered."""
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key,
            "Origin": origin,
        }
        connection = http.client.HTTPConnection(SITE)
        connection.sock = self._connect("https")
        connection.request("GET", path, headers=headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def _connect(self, scheme: str) -> socket.socket:
        port = {"http": 80, "https": 443}[scheme]
        plain = socket.create_connection((self._address, port), timeout=30)
        return self._trust.wrap_socket(plain, server_hostname=SITE) if scheme == "https" else plain


def expect(is_true: bool, what: str, found: object) -> None:
    if not is_true:
        raise CheckError(f"{what}; found: {found}")


def check_https(visitor: Visitor) -> None:
    """https, HSTS and Secure cookies; and no one is believed who says what only the proxy knows."""
    with step(f"https://{SITE}/: certificate, HSTS, Secure cookies, workers"):
        page = visitor.get("/")
        expect(page.status == 200, "the first page is a 200", page.status)
        hsts = page.getheader("Strict-Transport-Security", "")
        expect(hsts.startswith("max-age=31536000"), "HSTS for a year", hsts)
        cookies = visitor.get("/login/").headers.get_all("Set-Cookie") or []
        expect(bool(cookies), "the login page sets a cookie", cookies)
        expect(all("; Secure" in cookie for cookie in cookies), "every cookie is Secure", cookies)
        _wait_until_ready(visitor)
    with step("http leads to https; X-Forwarded-… of a stranger is not believed"):
        for headers in ({}, {"X-Forwarded-Proto": "https"}):
            plain = visitor.get("/", headers, scheme="http")
            where = plain.getheader("Location", "")
            expect(plain.status in (301, 308), "http is redirected", plain.status)
            expect(where == f"https://{SITE}/", "to the same page by https", where)
        forged = visitor.get("/", {"X-Forwarded-Proto": "http"})
        expect(forged.status == 200, "a forged scheme changes nothing", forged.status)
        forged = visitor.get("/", {"X-Forwarded-Host": "evil.example"})
        expect(forged.status == 200, "a forged host changes nothing", forged.status)
        forged = visitor.get("/", {"X-Request-ID": "forged"})
        request_id = forged.getheader("X-Request-ID", "")
        expect(request_id not in ("", "forged"), "the proxy gives ids to requests", request_id)
        for headers in ({}, {"X-Forwarded-For": "127.0.0.1"}):
            metrics = visitor.get("/metrics", headers)
            expect(metrics.status == 404, "no one sees /metrics through the proxy", metrics.status)
    with step("WebSockets: this site's pages may, others may not"):
        status = visitor.open_socket("/ws/notifications/", f"https://{SITE}")
        expect(status == 101, "a WebSocket of this site is opened", status)
        status = visitor.open_socket("/ws/notifications/", "https://evil.example")
        expect(status == 403, "a WebSocket of another site is refused", status)


def _wait_until_ready(visitor: Visitor) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while True:
        answer = visitor.get("/health/ready")
        body = json.loads(answer.body)  # type: ignore[attr-defined]
        if answer.status == 200 and body["status"] == "ok":
            return
        expect(time.monotonic() < deadline_s, "everything is ready, workers too", body)
        time.sleep(0.5)

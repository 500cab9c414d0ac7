"""The client's side of OAuth, by hand: for tests of the fake server itself."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tools.tone3000_server import CLIENT_ID, FakeServer

REDIRECT_URI = "http://127.0.0.1:8000/complete/tone3000/?from=here"
VERIFIER = "v" * 64
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
HEADERS = {"User-Agent": "tests"}

# One for all calls: making a client takes longer than a response.
http = httpx.Client(headers=HEADERS)


def authorize(fake: FakeServer, **changes: str | None) -> httpx.Response:
    """A right request with ``changes``; None leaves a parameter out. No redirect is followed."""
    params = {
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "state": "the-state",
        **changes,
    }
    given = {name: value for name, value in params.items() if value is not None}
    address = f"{fake.base}/api/v1/oauth/authorize"
    return http.get(address, params=given)


def returned(response: httpx.Response) -> dict[str, str]:
    """The query with which the browser is sent back."""
    assert response.status_code == 302, response.text
    query = parse_qs(urlsplit(response.headers["location"]).query, keep_blank_values=True)
    return {name: values[0] for name, values in query.items()}


def exchange(fake: FakeServer, **changes: str | None) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
        **changes,
    }
    given = {name: value for name, value in form.items() if value is not None}
    return http.post(f"{fake.base}/api/v1/oauth/token", data=given)


def refresh(fake: FakeServer, token: str, **changes: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT_ID}
    address = f"{fake.base}/api/v1/oauth/token"
    return http.post(address, data={**form, **changes})


def get(fake: FakeServer, path: str, token: str, **params: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return http.get(f"{fake.base}/api/v1/{path}", params=params, headers=headers)

"""Tone 3000's token endpoint and ``GET /user``: the two calls that logging in needs.

Every exchange with them goes through here: login, refresh, and whatever else is handed a code.
One POST or GET, no redirects, bounded in time and size, and read leniently.
"""

from __future__ import annotations

import json
import logging
import math
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from django.conf import settings

from gts.web.errors import TokenServiceUnavailableError
from gts.web.slots import give_back_slot

logger = logging.getLogger(__name__)

TIMEOUT_S: Final = 10.0
MAX_ANSWER_BYTES: Final = 256 * 1024
# Supposed of a pair that does not say how long it lasts. A wrong guess costs one refused call.
DEFAULT_LIFETIME_S: Final = 3600.0
_MAX_LIFETIME_S: Final = 30 * 24 * 3600.0
_MAX_TOKEN_CHARS: Final = 16 * 1024
_MAX_WAIT_S: Final = 3600.0
_MAX_ID_CHARS: Final = 64

UNAVAILABLE: Final = "Tone 3000 does not answer just now. Please try again in a moment."

# Refusals that say nothing of the user's session: our key is wrong, and no one's tokens are.
_OUR_FAULT: Final = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type"})


class GrantRefusedError(Exception):
    """The code or refresh token is worth nothing. ``code`` is Tone 3000's word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnreadableAnswerError(Exception):
    """An answer that is none: what it must hold is missing, or is not what it should be."""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A pair fresh from the endpoint. ``refresh`` is empty when the answer held none."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    lifetime_s: float


@dataclass(frozen=True, slots=True)
class Tone3000User:
    """Who someone is at Tone 3000. Only ``id`` is sure to be there, and never changes.

    ``id`` is text whatever they send: UUIDs were seen, numbers are documented.
    """

    id: str
    username: str
    display_name: str
    avatar_url: str
    url: str

    @property
    def name(self) -> str:
        return self.display_name or self.username


@dataclass(frozen=True, slots=True)
class Answer:
    """Any answer at all. ``data`` is its JSON, ``None`` when it is none."""

    status: int
    data: Any = field(repr=False)
    wait_s: float | None


def code_exchange(*, code: str, code_verifier: str, redirect_uri: str) -> TokenAnswer:
    """Trade the code of a callback. ``redirect_uri`` must be the one of the authorize call.

    Raises ``GrantRefusedError`` and ``TokenServiceUnavailableError``.
    """
    return _token_request(
        grant_type="authorization_code",
        code=code,
        code_verifier=code_verifier,
        redirect_uri=redirect_uri,
    )


def tokens_refresh(refresh: str) -> TokenAnswer:
    """Trade a refresh token, which is spent by this, for a new pair. Raises like the exchange."""
    return _token_request(grant_type="refresh_token", refresh_token=refresh)


def _token_request(**fields: str) -> TokenAnswer:
    url = f"{settings.GTS_TONE3000_API}/oauth/token"
    form = {**fields, "client_id": settings.GTS_TONE3000_KEY}
    answer = call("POST", url, form=form)
    if answer.status == 200:
        return parse_tokens(answer.data)
    if answer.status in (400, 401):
        code = error_code_of(answer.data)
        if code in _OUR_FAULT:
            logger.error("Tone 3000 refuses this server: %s. Is GTS_TONE3000_KEY right?", code)
            raise TokenServiceUnavailableError(UNAVAILABLE)
        raise GrantRefusedError(code)
    raise TokenServiceUnavailableError(UNAVAILABLE, wait=answer.wait_s)


def parse_tokens(data: Any) -> TokenAnswer:
    """An answer without an access token is none: ``TokenServiceUnavailableError``."""
    if not isinstance(data, Mapping):
        raise TokenServiceUnavailableError(UNAVAILABLE)
    access, refresh = (_token(data.get(name)) for name in ("access_token", "refresh_token"))
    if not access:
        raise TokenServiceUnavailableError(UNAVAILABLE)
    return TokenAnswer(access, refresh, _lifetime_s(data.get("expires_in")))


def parse_user(data: Any) -> Tone3000User:
    """Leniently: all but the id may be missing or odd. Raises ``UnreadableAnswerError``."""
    if not isinstance(data, Mapping):
        raise UnreadableAnswerError("no object")
    return Tone3000User(
        id=_user_id(data.get("id")),
        username=_text(data.get("username"), 100),
        display_name=_text(data.get("display_name"), 100),
        avatar_url=_text(data.get("avatar_url"), 500),
        url=_text(data.get("url"), 500),
    )


def _user_id(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise UnreadableAnswerError("no user id")
    text = str(value) if isinstance(value, str) or abs(value) < 10**_MAX_ID_CHARS else ""
    if not 0 < len(text) <= _MAX_ID_CHARS or not text.isascii() or not text.isprintable():
        raise UnreadableAnswerError("no usable user id")
    return text


def _text(value: Any, max_chars: int) -> str:
    """Printable text for people, as databases and pages can take it; nothing else."""
    if not isinstance(value, str):
        return ""
    return "".join(char for char in value if char.isprintable()).strip()[:max_chars]


def _token(value: Any) -> str:
    """Tokens are opaque, but they travel in headers and forms: printable ASCII, bounded."""
    is_sane = isinstance(value, str) and 0 < len(value) <= _MAX_TOKEN_CHARS
    return value if is_sane and value.isascii() and value.isprintable() else ""


def _lifetime_s(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return DEFAULT_LIFETIME_S
    if isinstance(value, bool) or not math.isfinite(seconds) or seconds <= 0:
        return DEFAULT_LIFETIME_S
    return min(seconds, _MAX_LIFETIME_S)


def error_code_of(data: Any) -> str:
    """Tone 3000's word for what is wrong, in either of the two shapes its endpoint speaks."""
    if isinstance(data, Mapping):
        for name in ("error", "error_code"):
            value = data.get(name)
            if isinstance(value, str) and value.isascii() and value.isprintable() and value:
                return value[:64]
    return "unknown"


@cache
def certificates() -> ssl.SSLContext:
    """Those that are trusted. Read once: it takes longer than many a request."""
    import httpx

    return httpx.create_ssl_context()


def call(
    method: str, url: str, *, form: Mapping[str, str] | None = None, bearer: str = ""
) -> Answer:
    """One call. Raises ``TokenServiceUnavailableError`` when no whole answer comes in time."""
    import httpx  # here and above: models lead to this module, and few processes call

    headers = {"Accept": "application/json", "User-Agent": settings.GTS_USER_AGENT}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    deadline_s = time.monotonic() + TIMEOUT_S
    give_back_slot()
    try:
        with (
            httpx.Client(
                timeout=TIMEOUT_S, follow_redirects=False, verify=certificates()
            ) as client,
            client.stream(method, url, headers=headers, data=form) as response,
        ):
            body = b""
            for chunk in response.iter_bytes():
                body += chunk
                # The limit of the client is for each read: a trickle would pass it for ever.
                if len(body) > MAX_ANSWER_BYTES or time.monotonic() > deadline_s:
                    raise TokenServiceUnavailableError(UNAVAILABLE)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Not chained: such an error carries the request, and the request carries tokens.
        logger.warning("no answer from %s: %s", url, type(error).__name__)
        raise TokenServiceUnavailableError(UNAVAILABLE) from None
    return Answer(response.status_code, _json(body), _wait_s(response.headers.get("Retry-After")))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _wait_s(header: str | None) -> float | None:
    """Seconds only; the date form of the header has never been seen from Tone 3000."""
    text = header or ""
    return min(float(text), _MAX_WAIT_S) if text.isascii() and text.isdecimal() else None

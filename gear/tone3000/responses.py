"""What an answer's status means, and what is to be done about it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from gear.tone3000.errors import (
    NOT_AVAILABLE,
    RECONNECT,
    REFUSED,
    UNAVAILABLE,
    UNREADABLE,
    NotAvailableError,
    RefusedRequestError,
    Tone3000Error,
    UnreadableAnswerError,
)
from gear.tone3000.rate_limit import RateLimit
from gts.web.errors import ReconnectNeededError

logger = logging.getLogger(__name__)

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MAX_WAIT_S: Final = 3600.0


async def raise_for(response: httpx.Response, traffic: RateLimit, *, is_list: bool) -> None:
    """Nothing for a good answer or a redirect, else the error that it stands for.

    ``is_list``: there is no tone that could be private, so a 403 or 404 is no news about one.
    """
    status = response.status_code
    where = f"{response.request.url.path}: {status}"
    if 200 <= status < 300 or status in _REDIRECTS:
        return
    if status == 401:
        raise ReconnectNeededError(RECONNECT)
    is_firewall = status == 403 and (is_list or _is_html(response))
    if status == 429 or is_firewall:
        logger.warning("Tone 3000 asks for less: %s", where)
        raise await traffic.told_to_wait(wait_s_of(response), is_everybody=is_firewall)
    # An id that they cannot read is a 400.
    if status in (400, 403, 404, 410) and not is_list:
        raise NotAvailableError(NOT_AVAILABLE)
    if status == 400:
        logger.error("Tone 3000 refuses a request of GTS: %s", where)
        raise RefusedRequestError(REFUSED, detail=where)
    if status >= 500:
        logger.warning("Tone 3000 fails: %s", where)
        raise Tone3000Error(UNAVAILABLE, detail=where, wait=wait_s_of(response))
    raise UnreadableAnswerError(UNREADABLE, detail=where)


def wait_s_of(response: httpx.Response) -> float | None:
    """Retry-After in either of its forms; ``None`` when it is missing or makes no sense."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:10]), _MAX_WAIT_S)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), _MAX_WAIT_S)


def note_deprecations(response: httpx.Response) -> None:
    """They say in headers what will stop working one day: for operators and for tests."""
    names = response.headers.get("X-Tone3000-Deprecations", "")
    if names or response.headers.get("Deprecation"):
        path = response.request.url.path
        logger.warning("Tone 3000 calls this deprecated: %s: %s", path, names[:200] or "unnamed")


def _is_html(response: httpx.Response) -> bool:
    return "html" in response.headers.get("Content-Type", "").lower()

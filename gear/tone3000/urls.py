"""Where GTS may send requests, and where a token may go: nowhere that is not configured."""

from __future__ import annotations

from typing import Final

import httpx
from django.conf import settings

from gear.tone3000.errors import DownloadError

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS: Final = {"https": 443, "http": 80}


def api_url(path: str) -> httpx.URL:
    """``path`` without a slash at its beginning: two in a row would be a redirect."""
    return httpx.URL(f"{settings.GTS_TONE3000_API}/{path}")


def file_url(address: str) -> httpx.URL:
    """Checks where a file is to be fetched from. Raises ``DownloadError`` DOWNLOAD_FORBIDDEN.

    The API's own site, or one of ``GTS_TONE3000_DOWNLOAD_HOSTS``; by https, unless the API is
    itself on this machine without it.
    """
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        raise _forbidden("not an address") from None
    if url.userinfo:
        raise _forbidden(f"credentials in an address of {url.host}")
    if is_api_site(url):
        return url
    is_local = httpx.URL(settings.GTS_TONE3000_API).scheme == "http" and url.host in _LOOPBACK
    is_secure = url.scheme == "https" and _port(url) == 443
    if url.host in settings.GTS_TONE3000_DOWNLOAD_HOSTS and (is_secure or is_local):
        return url
    raise _forbidden(f"{url.scheme}://{url.host}")


def is_api_site(url: httpx.URL) -> bool:
    """Only there may the token go: the same scheme, host and port as the API."""
    api = httpx.URL(settings.GTS_TONE3000_API)
    return (url.scheme, url.host, _port(url)) == (api.scheme, api.host, _port(api))


def _port(url: httpx.URL) -> int | None:
    return url.port or _PORTS.get(url.scheme)


def _forbidden(where: str) -> DownloadError:
    return DownloadError(
        "DOWNLOAD_FORBIDDEN",
        "Tone 3000 sent GTS to a place where it does not go.",
        detail=where,
        is_permanent=True,
    )

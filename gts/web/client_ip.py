"""Whence a request comes, as far as it can be believed."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from django.conf import settings
from django.http import HttpRequest

# Who comes by IPv4 to a server that has IPv6 alone (RFC 6052): the last four bytes say from where.
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
# As some proxies write it; an address of IPv6 with a port has brackets.
_WITH_PORT: Final = re.compile(r"\[(?P<v6>[^]]*)\](?::\d+)?|(?P<v4>[^:]*):\d+")


def client_address(request: HttpRequest) -> str | None:
    """The address that the outermost of our own proxies saw. Not an address: ``None``.

    Each proxy appends what it saw to ``X-Forwarded-For``, and the client may have put anything
    before that: so it is counted from the right, by ``GTS_TRUSTED_PROXIES``, and with fewer
    entries than proxies nothing of it is believed.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    num_proxies: int = settings.GTS_TRUSTED_PROXIES
    if num_proxies:
        parts = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        seen = [part.strip() for part in parts if part.strip()]
        address = seen[-num_proxies] if len(seen) >= num_proxies else address
    return _plain(address)


def _plain(text: str) -> str | None:
    """One way of writing for each address: without port and zone, and IPv4 as IPv4."""
    with_port = _WITH_PORT.fullmatch(text)
    if with_port is not None:
        text = with_port["v6"] or with_port["v4"] or ""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def network_of(address: str) -> str:
    """The address or network that counts as one client. Of IPv6 it is the /64, which a single
    customer has. An IPv6 address that carries an IPv4 address counts as that one."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv4Address):
        return address
    inner = found.ipv4_mapped or found.sixtofour
    if found.teredo is not None:
        _, inner = found.teredo
    if found in _TRANSLATED:
        inner = ipaddress.IPv4Address(found.packed[-4:])
    return str(inner or ipaddress.ip_network((found, 64), strict=False))

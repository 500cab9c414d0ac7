"""Whence a request comes, as far as it can be believed."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The address that the outermost of our own proxies saw. Not an address: ``None``.

    Each proxy appends what it saw to ``X-Forwarded-For``, and whoever asks may have put anything
    before that: so it is counted from the right, by ``GTS_TRUSTED_PROXIES``, and with fewer
    entries than proxies nothing of it is believed.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    num_proxies: int = settings.GTS_TRUSTED_PROXIES
    if num_proxies:
        parts = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        seen = [part.strip() for part in parts if part.strip()]
        address = seen[-num_proxies] if len(seen) >= num_proxies else address
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


def network_of(address: str) -> str:
    """Whom an address stands for: of IPv6 a customer has a whole /64 to choose from."""
    found = ipaddress.ip_address(address)
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False))

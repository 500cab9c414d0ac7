"""Who is offered to log in as the person at this machine, and who needs no token for it.

Offered it is in embedded mode, to a connection from the machine itself, by a loopback name (a
foreign page that points its own name at 127.0.0.1 does not have one), with no trace of a proxy.
That proves nothing: a proxy on this machine need leave no trace, and everybody behind it looks
local. So it takes the token of ``accounts.login.owner_token`` besides, unless ``GTS_OPEN`` is set.
"""

from __future__ import annotations

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest

# Headers by which proxies, tunnels and content delivery networks give themselves away.
FORWARDING_HEADERS = frozenset(
    {
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-original-forwarded-for",
        "x-original-host",
        "x-original-url",
        "x-envoy-external-address",
        "x-azure-clientip",
        "x-appengine-user-ip",
        "true-client-ip",
        "client-ip",
        "fastly-client-ip",
        "cdn-loop",
        "tailscale-user-login",
    }
)
FORWARDING_PREFIXES = ("x-forwarded", "cf-", "x-amz-cf-", "ngrok-")

_LOOPBACK_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)


def is_local_login_allowed(request: HttpRequest) -> bool:
    """Whether this request is offered to become the local user. Says no whenever in doubt."""
    return bool(settings.IS_EMBEDDED) and comes_from_this_machine(request)


def is_open() -> bool:
    """Whether who looks local becomes the local user without a token (``GTS_OPEN``)."""
    return bool(settings.IS_EMBEDDED and settings.GTS_OPEN)


def comes_from_this_machine(request: HttpRequest) -> bool:
    """Whether a request looks as if it came from this machine. Says no whenever in doubt.

    Behind a proxy on this machine that adds no header, every request does.
    """
    return (
        _is_loopback(request.META.get("REMOTE_ADDR", ""))
        and not _is_forwarded(request)
        and _LOOPBACK_HOST.fullmatch(request.META.get("HTTP_HOST", "")) is not None
    )


def _is_loopback(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        return ip.ipv4_mapped.is_loopback
    return ip.is_loopback


def _is_forwarded(request: HttpRequest) -> bool:
    names = (name.lower() for name in request.headers)
    return any(name in FORWARDING_HEADERS or name.startswith(FORWARDING_PREFIXES) for name in names)

"""Who is offered to log in as the person at this machine, and the owner's token by which they do.

Offered it is in embedded mode, to a connection from the machine itself, by a loopback name (a
foreign page that points its own name at 127.0.0.1 does not have one), with no trace of a proxy.
That proves nothing: a proxy on this machine need leave no trace, and everybody behind it looks
local. So it takes the owner's token besides, unless ``GTS_OPEN`` is set.

Who can read the data folder, or the console of the server, is the owner. The token lies there in a
file of mode 600, is good once, and is replaced when it was used and at every start.
"""

from __future__ import annotations

import hmac
import html
import ipaddress
import os
import re
import secrets
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

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

# 256 bits: nothing to guess, so tries need no limit.
_TOKEN_BYTES: Final = 32
_TOKEN_NAME: Final = "owner_token"
_PAGE_NAME: Final = "owner.html"
# A browser is given this file and not the address, which other users would see in the list of
# processes.
_OWNER_PAGE: Final = """\
<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url={url}">
<title>Guitar Tone Shootout</title>
<p><a href="{url}">Open Guitar Tone Shootout</a></p>
"""


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


def secrets_dir() -> Path:
    return Path(settings.DATA_DIR) / "secrets"


def owner_token_renew(folder: Path) -> str:
    """A new token into ``folder``; the one before is worthless. Raises ``OSError``."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    _write(folder / _TOKEN_NAME, token)
    return token


def owner_token_spend(folder: Path, given: str) -> bool:
    """Whether ``given`` is the token. It is spent then, and the next one is in its place.

    Of several who come with the same token at once, in any process, one gets in.
    """
    path = folder / _TOKEN_NAME
    if not given or not _is_content(path, given):
        return False
    taken = path.with_name(f"{_TOKEN_NAME}.{secrets.token_hex(8)}")
    try:
        path.rename(taken)
    except FileNotFoundError:
        return False  # another request was quicker
    try:
        is_the_same = _is_content(taken, given)
    finally:
        taken.unlink()
    owner_token_renew(folder)
    (folder / _PAGE_NAME).unlink(missing_ok=True)
    return is_the_same


def owner_page_write(folder: Path, url: str) -> Path:
    """A page for the owner's browser that leads to ``url``. Raises ``OSError``."""
    path = folder / _PAGE_NAME
    _write(path, _OWNER_PAGE.format(url=html.escape(url)))
    return path


def owner_link(base_url: str, token: str) -> str:
    """The address that logs the owner in once; ``base_url`` has no slash at its end."""
    return f"{base_url}{reverse('login-link')}?{urlencode({'token': token})}"


def token_in(text: str) -> str:
    """The token in what was typed: the token itself, or the whole address with it."""
    text = text.strip()
    try:
        found = parse_qs(urlsplit(text).query).get("token", [])
    except ValueError:
        found = []
    return found[0] if found else text


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


def _is_content(path: Path, given: str) -> bool:
    """In a time that does not depend on how much of ``given`` is right."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    return bool(content) and hmac.compare_digest(content, given.encode("utf-8", "replace"))


def _write(path: Path, text: str) -> None:
    """For its owner only from the first moment, and never half of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

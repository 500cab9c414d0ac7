"""The token by which the owner of this machine logs in without a password (embedded mode).

Where a request comes from proves nothing: behind a proxy on this machine every stranger comes from
loopback. Who can read the data folder, or the console of the server, is the owner. The token lies
there in a file of mode 600, is good once, and is replaced when it was used and at every start.
"""

from __future__ import annotations

import hmac
import html
import os
import secrets
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.urls import reverse

# 256 bits: nothing to guess, so tries need no limit.
_NUM_BYTES: Final = 32
_TOKEN_NAME: Final = "owner_token"
_PAGE_NAME: Final = "owner.html"
# A browser is given this file and not the address, which other users would see in the list of
# processes.
_PAGE: Final = """\
<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url={url}">
<title>Guitar Tone Shootout</title>
<p><a href="{url}">Open Guitar Tone Shootout</a></p>
"""


def secrets_dir() -> Path:
    return Path(settings.DATA_DIR) / "secrets"


def owner_token_renew(folder: Path) -> str:
    """A new token into ``folder``; the one before is worthless. Raises ``OSError``."""
    token = secrets.token_urlsafe(_NUM_BYTES)
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
    _write(path, _PAGE.format(url=html.escape(url)))
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

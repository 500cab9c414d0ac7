"""Secrets that a page shows once, after a redirect: a page that was answered to a POST would make
another one when it is loaded again.

Meanwhile they lie in the session, encrypted, for a minute at most.
"""

from __future__ import annotations

import json
import time
from typing import Final, cast

from django.http import HttpRequest

from accounts.models import User
from accounts.token_encryption import DecryptionError, decrypt_secret, encrypt_secret

_KEY: Final = "shown_once"
_GOOD_FOR_S: Final = 60


def show_once(request: HttpRequest, what: str, secrets: list[str]) -> None:
    """Give these to the page that asks for ``what`` next, in this session."""
    encrypted = encrypt_secret(json.dumps(secrets), owner=cast(User, request.user).uuid)
    request.session[_KEY] = {"what": what, "encrypted": encrypted, "at_s": time.time()}


def take_shown(request: HttpRequest, what: str) -> list[str]:
    """What is to be shown now, and never again; nothing if there is none, or it took too long."""
    kept = request.session.get(_KEY)
    if kept is None:
        return []
    is_in_time = time.time() - kept["at_s"] <= _GOOD_FOR_S
    if kept["what"] != what and is_in_time:
        return []
    del request.session[_KEY]
    if not is_in_time:
        return []
    try:
        found: list[str] = json.loads(
            decrypt_secret(kept["encrypted"], owner=cast(User, request.user).uuid)
        )
    except DecryptionError:
        return []
    return found

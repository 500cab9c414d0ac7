"""Who may send more than a form: known users, and each only so many files at once.

A body is written to the disk before Django looks who sends it. So that is looked at first: the
session or the token is read from the database and checked, as for any request.
"""

from __future__ import annotations

import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest

from accounts.models import User
from accounts.sessions.credentials import credential_of_token
from gts.errors import trouble_as_answer
from gts.web.asgi_types import Scope
from gts.web.database import release_connections
from gts.web.errors import LimitError, UnauthorizedError
from gts.web.intake import SMALL_BODY_BYTES
from gts.web.slots import busy

NOT_LOGGED_IN: Final = (
    f"Log in first: more than {SMALL_BODY_BYTES // 1024} KiB are taken from known users only."
)
# Looking a user up takes a connection to the database, and views need most of those.
_NUM_THREADS: Final = 2
_RETRY_AFTER_S: Final = 10.0


class Uploads:
    """Those that this process is taking in."""

    def __init__(self) -> None:
        self._num_by_user: Counter[int] = Counter()
        threads = ThreadPoolExecutor(_NUM_THREADS, thread_name_prefix="uploads")
        self._identify = sync_to_async(_identify, thread_sensitive=False, executor=threads)

    async def admit(self, scope: Scope) -> int:
        """The primary key of who sends it; to be given to ``leave`` at the end.

        Raises ``UnauthorizedError``, ``LimitError`` TOO_MANY_UPLOADS, ``BusyError``, and
        ``UnavailableError`` without a database.
        """
        if not _has_credentials(scope):
            raise UnauthorizedError(NOT_LOGGED_IN)
        user_id = await self._identify(scope)
        if self._num_by_user.total() >= settings.GTS_MAX_UPLOADS:
            raise busy(wait_s=_RETRY_AFTER_S)
        if self._num_by_user[user_id] >= settings.GTS_MAX_UPLOADS_PER_USER:
            raise LimitError(
                f"You are sending {settings.GTS_MAX_UPLOADS_PER_USER} files already. "
                "Wait until one of them is uploaded, then try again.",
                code="TOO_MANY_UPLOADS",
                wait=_RETRY_AFTER_S,
            )
        self._num_by_user[user_id] += 1
        return user_id

    def leave(self, user_id: int) -> None:
        self._num_by_user -= Counter({user_id: 1})  # keeps those above zero


def _has_credentials(scope: Scope) -> bool:
    """Whether there is anything to look up: what shows nothing costs no query."""
    cookie = f"{settings.SESSION_COOKIE_NAME}=".encode()
    return any(
        name == b"authorization" or (name == b"cookie" and cookie in value)
        for name, value in scope["headers"]
    )


def _identify(scope: Scope) -> int:
    try:
        user = _user_of(ASGIRequest(scope, io.BytesIO()))
    except Exception as error:
        answer = trouble_as_answer(error)
        if answer is None:
            raise
        raise answer from error
    finally:
        release_connections()
    if user is None:
        raise UnauthorizedError(NOT_LOGGED_IN)
    return user.pk


def _user_of(request: ASGIRequest) -> User | None:
    """As views know users: by a token, or by the session. Raises ``UnauthorizedError``."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credential_of_token(token.strip())[0]
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    return user if isinstance(user, User) else None

"""Where sessions are kept: Django's own way, in rows that also say whose they are, and from where.

The cookie has the key, the database only its digest: who reads a row, in a backup for instance, has
no cookie that is good. ``session_key`` is the key itself in a store and the digest in a row.

``SESSION_ENGINE`` names this module.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Any, Final

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import UserSession
from gts.web.client_ip import client_address

# In the data of a session: where and when its login was.
LOGIN_KEY: Final = "login"

# As wide as Django's column. 160 bits of SHA-256 are as hard to invert as a key is to guess.
DIGEST_CHARS: Final = 40

# Of a browser's or a program's name.
MAX_NAME_CHARS: Final = 60
# The first that is found counts: most say of themselves that they are others too.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def session_digest(session_key: str) -> str:
    """What the database knows a session by. A key is random, so the digest needs no salt."""
    return hashlib.sha256(session_key.encode("utf-8", "replace")).hexdigest()[:DIGEST_CHARS]


class SessionStore(DatabaseSessionStore):
    @classmethod
    def get_model_class(cls) -> type[UserSession]:
        return UserSession

    def exists(self, session_key: str) -> bool:
        return super().exists(session_digest(session_key))

    async def aexists(self, session_key: str) -> bool:
        return await super().aexists(session_digest(session_key))

    def delete(self, session_key: str | None = None) -> None:
        key = self.session_key if session_key is None else session_key
        if key is not None:
            super().delete(session_digest(key))

    async def adelete(self, session_key: str | None = None) -> None:
        key = self.session_key if session_key is None else session_key
        if key is not None:
            await super().adelete(session_digest(key))

    def create_model_instance(self, data: dict[str, Any]) -> UserSession:
        return _described(super().create_model_instance(data), data)

    async def acreate_model_instance(self, data: dict[str, Any]) -> UserSession:
        return _described(await super().acreate_model_instance(data), data)

    def _get_session_from_db(self) -> UserSession | None:
        row = self._alive().first()
        if row is None:
            self._session_key = None
        return row

    async def _aget_session_from_db(self) -> UserSession | None:
        row = await self._alive().afirst()
        if row is None:
            self._session_key = None
        return row

    def _alive(self) -> QuerySet[UserSession]:
        """The row of this session, or none."""
        digest = session_digest(self.session_key or "")
        return UserSession.objects.filter(session_key=digest, expire_date__gt=timezone.now())


def connect() -> None:
    """Every login is noted in its session, however it comes about."""
    user_logged_in.connect(_logged_in, dispatch_uid="accounts.sessions.store")


def _logged_in(request: HttpRequest, **_: Any) -> None:
    request.session[LOGIN_KEY] = {
        "id": str(uuid.uuid4()),
        "at": timezone.now().isoformat(),
        "address": client_address(request),
        "browser": browser_name(request.META.get("HTTP_USER_AGENT", "")),
    }


def _described(row: Any, data: dict[str, Any]) -> UserSession:
    login = data.get(LOGIN_KEY, {})
    row.session_key = session_digest(row.session_key)
    row.user_id = data.get(SESSION_KEY)
    # One without a login, or from before there were such ids, has one that stays the same too.
    row.uuid = login.get("id") or uuid.uuid5(uuid.NAMESPACE_OID, str(row.session_key))
    row.started_at = parse_datetime(login.get("at", ""))
    row.address = login.get("address")
    row.browser = login.get("browser", "")
    described: UserSession = row
    return described


def browser_name(user_agent: str) -> str:
    """Short, of a ``User-Agent`` header: enough to know one's own devices by.

    Such as “Firefox on Windows”; of a program its own first word, such as “curl/8.5.0”.
    """
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser:
        return f"{browser} on {system}" if system else browser
    first = user_agent.split(" ", 1)[0]
    return "".join(char for char in first if char.isprintable())[:MAX_NAME_CHARS]

"""Where sessions are kept: Django's own way, in rows that also say whose they are.

``SESSION_ENGINE`` names this module. The class has the name of Django's own, from which the
signature of what is kept derives: sessions from before stay good.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.addresses import client_address
from accounts.browsers import browser_name
from accounts.models import UserSession

# In the data of a session: where and when its login was.
LOGIN_KEY: Final = "login"


class SessionStore(DatabaseSessionStore):
    @classmethod
    def get_model_class(cls) -> type[UserSession]:
        return UserSession

    def create_model_instance(self, data: dict[str, Any]) -> UserSession:
        return _described(super().create_model_instance(data), data)

    async def acreate_model_instance(self, data: dict[str, Any]) -> UserSession:
        return _described(await super().acreate_model_instance(data), data)


def connect() -> None:
    """Every login is noted in its session, however it comes about."""
    user_logged_in.connect(_logged_in, dispatch_uid="accounts.sessions")


def _logged_in(request: HttpRequest, **_: Any) -> None:
    request.session[LOGIN_KEY] = {
        "id": str(uuid.uuid4()),
        "at": timezone.now().isoformat(),
        "address": client_address(request),
        "browser": browser_name(request.META.get("HTTP_USER_AGENT", "")),
    }


def _described(row: Any, data: dict[str, Any]) -> UserSession:
    login = data.get(LOGIN_KEY, {})
    row.user_id = data.get(SESSION_KEY)
    # One without a login, or from before there were such ids, has one that stays the same too.
    row.uuid = login.get("id") or uuid.uuid5(uuid.NAMESPACE_OID, str(row.session_key))
    row.started_at = parse_datetime(login.get("at", ""))
    row.address = login.get("address")
    row.browser = login.get("browser", "")
    described: UserSession = row
    return described

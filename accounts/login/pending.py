"""Logins of which the password was right, and the code of the second factor is still to come.

Nothing is logged in meanwhile: the session only remembers, for five minutes, who is to be asked.
"""

from __future__ import annotations

import time
from typing import Any, Final

from django.contrib.auth import login
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from accounts.login.two_factor import code_check, mark_session, two_factor_get
from accounts.models import TwoFactor, User

_KEY: Final = "pending_login"
_GOOD_FOR_S: Final = 300


def pending_begin(request: HttpRequest, user: User, next_url: str) -> None:
    """``user``: as ``authenticate`` gave it."""
    request.session[_KEY] = {
        "user": user.pk,
        "backend": getattr(user, "backend", ""),
        "password": user.get_session_auth_hash(),
        "next": next_url,
        "at_s": time.time(),
    }


def pending_get(request: HttpRequest) -> tuple[TwoFactor, str] | None:
    """Whose code is to come, and where they want to go; ``None`` where there is no such login, or
    it took too long, or meanwhile the account was changed."""
    kept: dict[str, Any] | None = request.session.get(_KEY)
    if kept is None or time.time() - kept["at_s"] > _GOOD_FOR_S:
        return None
    user = User.objects.filter(pk=kept["user"], is_active=True).first()
    if user is None or not constant_time_compare(kept["password"], user.get_session_auth_hash()):
        return None
    row = two_factor_get(user)
    return None if row is None else (row, str(kept["next"]))


def pending_complete(request: HttpRequest, row: TwoFactor, code: str) -> None:
    """Log in by the code. Raises what ``code_check`` raises."""
    code_check(request=request, row=row, code=code)
    backend = request.session.pop(_KEY)["backend"]
    login(request, row.user, backend=backend)
    mark_session(request, row)

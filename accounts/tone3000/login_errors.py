"""When a login with Tone 3000 fails: a page that says so, a line in the log, no traceback."""

from __future__ import annotations

import logging
from typing import Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from social_core.exceptions import (
    AuthCanceled,
    AuthConfigurationError,
    SocialAuthBaseException,
)
from social_django.middleware import SocialAuthExceptionMiddleware

from accounts import audit
from accounts.models import AuditAction, User
from accounts.tone3000.pipeline import BEGUN_BY_KEY, INACTIVE, OTHER_ACCOUNT, USER_ID_ALARM
from gts.web.client_ip import client_address

logger = logging.getLogger(__name__)

_START_AGAIN: Final = (
    "This login was not started here, or it took too long. Nothing was changed; please start again."
)
_TRY_LATER: Final = (
    "Tone 3000 does not answer as it should just now. Nothing was changed; please try again in a "
    "moment."
)
_OPERATORS: Final = (
    "The login with Tone 3000 is not set up correctly on this server. Its operators find the "
    "reason in the log."
)
TEXTS: Final = {
    "authorization_declined": "Tone 3000 did not log you in, because you stopped there. "
    "Nothing was changed.",
    "missing_parameter": _START_AGAIN,
    "session_context_missing": _START_AGAIN,
    "state_mismatch": _START_AGAIN,
    "user_mismatch": "Someone else has logged in here in the meantime. Please start again.",
    "authorization_code_rejected": "Tone 3000 did not accept this login any more. "
    "Please start again.",
    "reauthentication_required": "Tone 3000 did not accept this login any more. "
    "Please start again.",
    "identity_in_use": "This Tone 3000 account belongs to another account here. Log out and log in "
    "with Tone 3000 to use that one, or disconnect Tone 3000 there first.",
    OTHER_ACCOUNT: "You are logged in at tone3000.com as someone else than the Tone 3000 account "
    "connected here. Log out there and try again, or disconnect here first.",
    INACTIVE: "This account is switched off.",
    USER_ID_ALARM: "New accounts cannot be made with Tone 3000 just now: something has changed "
    "there that the operators of this server must look at. They have been told.",
}


class LoginErrorMiddleware(SocialAuthExceptionMiddleware):
    """Back to where the login was started, with one sentence. Works both ways."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, SocialAuthBaseException):
            return None
        _note(request, exception)
        is_their_wish = isinstance(exception, AuthCanceled)
        level = messages.INFO if is_their_wish else messages.ERROR
        messages.add_message(request, level, _text_of(exception))
        return redirect(_way_back(request))


def _text_of(error: SocialAuthBaseException) -> str:
    if isinstance(error, AuthConfigurationError):
        return _OPERATORS
    return TEXTS.get(error.code, _TRY_LATER)


def _way_back(request: HttpRequest) -> str:
    if request.user.is_authenticated:
        return resolve_url("account")
    wanted = request.session.get("next", "")
    return resolve_url("login") + (f"?{urlencode({'next': wanted})}" if wanted else "")


def _note(request: HttpRequest, error: SocialAuthBaseException) -> None:
    is_alarm = error.code == USER_ID_ALARM
    level = logging.CRITICAL if is_alarm else logging.WARNING
    if isinstance(error, AuthCanceled):
        level = logging.INFO
    logger.log(level, "no login with Tone 3000: %s", _reason(error))
    if BEGUN_BY_KEY in request.session:  # else anybody could fill the table
        audit.record(
            AuditAction.USER_ID_ALARM if is_alarm else AuditAction.LOGIN_FAILED,
            user=request.user if isinstance(request.user, User) else None,
            address=client_address(request),
            detail=f"{error.code} at {error.stage}",
        )


def _reason(error: SocialAuthBaseException) -> str:
    """For operators. Part of it may come from the address bar: short and printable only."""
    word = str(error.provider_code or error.parameter or "")
    word = "".join(char for char in word if char.isprintable())[:64]
    facts = [f"{error.code} at {error.stage}", word, f"status {error.status_code}"]
    return ", ".join(facts if error.status_code else facts[: 2 if word else 1])

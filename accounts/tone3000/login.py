"""A login with Tone 3000 once that has answered: our steps up to the session, and its failures.

The steps are those of social-auth's pipeline, and all of them run in one transaction. A login that
fails leads to a page that says so and a line in the log, with no traceback.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from social_core.exceptions import (
    AuthAssociationError,
    AuthCanceled,
    AuthConfigurationError,
    AuthPolicyError,
    AuthSessionError,
    SocialAuthBaseException,
)
from social_django.middleware import SocialAuthExceptionMiddleware
from social_django.models import UserSocialAuth

from accounts import audit
from accounts.models import AuditAction, User
from accounts.selectors import TONE3000, tone3000_connection_get
from accounts.services import user_create_named_like
from accounts.tone3000.calls import parse_tokens
from accounts.tone3000.oauth import Tone3000OAuth2
from accounts.tone3000.tokens import tokens_store
from gts.web.client_ip import client_address

logger = logging.getLogger(__name__)

# In the session: who was logged in when the way to Tone 3000 began.
BEGUN_BY_KEY = "tone3000_begun_by"

# Codes of our own, beside those of social-auth.
INACTIVE = "account_inactive"
OTHER_ACCOUNT = "other_account"
USER_ID_ALARM = "user_id_alarm"

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
# For people, by code.
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


def begun_by(request: HttpRequest) -> str:
    return str(request.user.uuid) if isinstance(request.user, User) else ""


def check_user(
    backend: Tone3000OAuth2,
    uid: str,
    user: User | None,
    social: UserSocialAuth | None,
    **_: Any,
) -> None:
    """Refuses what must not happen: a switched or doubled account, a second connection."""
    request = backend.http_request
    if social is None and request.session.get(BEGUN_BY_KEY) != begun_by(request):
        # Someone else has logged in here since: this is not theirs to have.
        raise AuthSessionError(backend, code="user_mismatch", stage="pipeline")
    if user is not None and not user.is_active:
        raise AuthPolicyError(backend, code=INACTIVE, stage="pipeline")
    if social is None and _is_other_kind_of_id(uid):
        raise AuthPolicyError(backend, code=USER_ID_ALARM, stage="pipeline")
    if user is not None:
        known = User.objects.select_for_update().get(pk=user.pk).tone3000_id
        if known is not None and known != uid:
            raise AuthAssociationError(backend, code=OTHER_ACCOUNT, stage="pipeline")


def _is_other_kind_of_id(uid: str) -> bool:
    """Whether ids look unlike those stored: bare numbers where UUIDs were, or the reverse.

    Their documents and their answers disagree on the kind. Should it ever change, everybody would
    get a second, empty account.
    """
    stored = UserSocialAuth.objects.filter(provider=TONE3000)
    if uid.isdecimal():
        return stored.exclude(uid__regex=r"^[0-9]+$").exists()
    return stored.filter(uid__regex=r"^[0-9]+$").exists()


def create_user(
    backend: Tone3000OAuth2, details: Mapping[str, str], user: User | None, **_: Any
) -> dict[str, Any]:
    """A new person. No one is found by name or address: only the id at Tone 3000 tells."""
    if user is not None:
        return {"is_new": False}
    name = details["username"]
    shown = details["fullname"] or name
    return {"is_new": True, "user": user_create_named_like(username=name, display_name=shown)}


def store_tokens(
    backend: Tone3000OAuth2,
    uid: str,
    user: User,
    response: Mapping[str, Any],
    **_: Any,
) -> None:
    was_connected = tone3000_connection_get(user).is_usable
    if user.tone3000_id != uid:
        user.tone3000_id = uid
        user.save(update_fields=["tone3000_id"])
    tokens_store(user=user, answer=parse_tokens(response), tone3000_id=uid)
    if not was_connected:
        address = client_address(backend.http_request)
        audit.record(AuditAction.CONNECTED, user=user, address=address)


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

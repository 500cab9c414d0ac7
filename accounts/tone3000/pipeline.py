"""Our steps between Tone 3000's answer and the session. All of them run in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from social_core.exceptions import AuthAssociationError, AuthPolicyError, AuthSessionError
from social_django.models import UserSocialAuth

from accounts import audit
from accounts.models import AuditAction, User
from accounts.selectors import TONE3000, tone3000_connection_get
from accounts.services import user_create_named_like
from accounts.tone3000.calls import parse_tokens
from accounts.tone3000.oauth import Tone3000OAuth2
from accounts.tone3000.tokens import tokens_store
from gts.web.client_ip import client_address

# In the session: who was logged in when the way to Tone 3000 began.
BEGUN_BY_KEY = "tone3000_begun_by"

# Codes of our own, beside those of social-auth; accounts.tone3000.login_errors has their texts.
INACTIVE = "account_inactive"
OTHER_ACCOUNT = "other_account"
USER_ID_ALARM = "user_id_alarm"


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

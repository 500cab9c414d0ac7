"""Picking a tone in Tone 3000's own catalog: their *select* flow, bound to who is logged in here.

A browser leaves for Tone 3000 with a state and a challenge of its own, and comes back with a code
and the tone that was picked. What is begun is kept in the cache for half an hour; the page that
began it asks how it ended, so nothing depends on two windows finding each other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core.cache import cache

from accounts.models import User
from accounts.tone3000 import calls
from accounts.tone3000.tokens import tokens_store
from gear.tone3000.schemas import is_identifier
from gts.web.errors import ConflictError, NotFoundError, UnavailableError

logger = logging.getLogger(__name__)

LIFETIME_S: Final = 1800
NOT_KEPT: Final = "Picking at Tone 3000 does not work just now. Try again in a minute."
_NOT_KEPT_WAIT_S: Final = 60.0
NOT_BEGUN: Final = "This was not begun here, or it took too long. Please pick again."


class Choice(StrEnum):
    """What is looked for. Their flow takes one architecture, or A1 and custom if none is named."""

    NAM = "nam"
    NAM_A2 = "nam-a2"
    IR = "ir"


_PARAMS: Final[dict[Choice, dict[str, str]]] = {
    Choice.NAM: {"format": "nam"},
    Choice.NAM_A2: {"format": "nam", "architecture": "2"},
    Choice.IR: {"format": "ir"},
}


class PickState(StrEnum):
    WAITING = "waiting"
    PICKED = "picked"
    CANCELED = "canceled"
    DENIED = "denied"
    OTHER_ACCOUNT = "other_account"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Pick:
    """``tone_id``: what was picked, which need not be what was asked for. ``other_name``: who is
    logged in there, when that is not who is connected here."""

    id: str
    user_id: int
    oauth_state: str
    verifier: str
    redirect_uri: str
    is_popup: bool
    state: str = PickState.WAITING
    tone_id: str = ""
    other_name: str = ""


def pick_begin(
    *,
    user: User,
    pick_id: UUID,
    redirect_uri: str,
    choice: Choice | None = None,
    tone_id: str = "",
    is_popup: bool = False,
) -> str:
    """Where to send the browser. With ``tone_id`` for that tone, or one in its place.

    Raises ``NotFoundError`` when the id is someone else's, or the server has no key, and
    ``UnavailableError`` when what is begun cannot be kept until the browser comes back.
    """
    if not settings.GTS_TONE3000_KEY:
        raise NotFoundError("Tone 3000 is not set up on this server.")
    known = _read(pick_id)
    if known is not None and known.user_id != user.pk:
        raise NotFoundError(NOT_BEGUN)
    pick = Pick(
        id=str(pick_id),
        user_id=user.pk,
        oauth_state=f"{pick_id}.{secrets.token_urlsafe(24)}",
        verifier=secrets.token_urlsafe(48),
        redirect_uri=redirect_uri,
        is_popup=is_popup,
    )
    _write(pick)
    if _read(pick_id) is None:
        raise UnavailableError(NOT_KEPT, wait=_NOT_KEPT_WAIT_S)
    digest = hashlib.sha256(pick.verifier.encode()).digest()
    params = {
        "client_id": settings.GTS_TONE3000_KEY,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "state": pick.oauth_state,
        "menubar": "true",
    }
    if tone_id:
        params |= {"prompt": "load_tone", "tone_id": tone_id}
    else:
        params |= {"prompt": "select_tone", "preview": "true", **_PARAMS[choice or Choice.NAM]}
    return f"{settings.GTS_TONE3000_AUTHORIZE_URL}?{urlencode(params)}"


def pick_get(*, user: User, pick_id: UUID) -> Pick:
    """How it stands. Raises ``NotFoundError`` for what ``user`` has not begun."""
    pick = _read(pick_id)
    if pick is None or pick.user_id != user.pk:
        raise NotFoundError(NOT_BEGUN)
    return pick


def pick_finish(*, user: User, params: Mapping[str, str]) -> Pick:
    """The browser is back with ``params``. Works once per beginning; asks Tone 3000, so it is slow.

    Raises ``NotFoundError`` when this user has not begun it, or it has ended already.
    """
    pick = _claimed(user, params.get("state", ""))
    finished = _finished(user, pick, params)
    _write(finished)
    return finished


def _claimed(user: User, state: str) -> Pick:
    try:
        pick = _read(UUID(state.partition(".")[0]))
    except ValueError:
        pick = None
    if pick is None or pick.user_id != user.pk or pick.state != PickState.WAITING:
        raise NotFoundError(NOT_BEGUN)
    if not hmac.compare_digest(pick.oauth_state.encode(), state.encode()):
        raise NotFoundError(NOT_BEGUN)
    # Of two callbacks at once, one.
    if not cache.add(f"tone3000:pick_used:{pick.oauth_state}", 1, timeout=LIFETIME_S):
        raise NotFoundError(NOT_BEGUN)
    return pick


def _finished(user: User, pick: Pick, params: Mapping[str, str]) -> Pick:
    is_canceled = params.get("canceled") == "true"
    code = params.get("code", "")
    if params.get("error"):
        is_denied = params["error"] == "access_denied"
        return replace(pick, state=PickState.DENIED if is_denied else PickState.FAILED)
    if not code:
        return replace(pick, state=PickState.CANCELED if is_canceled else PickState.FAILED)
    # Also when nothing was picked: they are signed in there, and these tokens are the newest.
    try:
        other_name = _keep_tokens(user, pick, code)
    except (calls.GrantRefusedError, calls.UnreadableAnswerError, UnavailableError) as error:
        logger.warning("a pick at Tone 3000 did not end well: %s", type(error).__name__)
        return replace(pick, state=PickState.FAILED)
    if other_name is not None:
        return replace(pick, state=PickState.OTHER_ACCOUNT, other_name=other_name)
    tone_id = params.get("tone_id", "")
    if is_canceled or not is_identifier(tone_id):
        return replace(pick, state=PickState.CANCELED if is_canceled else PickState.FAILED)
    return replace(pick, state=PickState.PICKED, tone_id=tone_id)


def _keep_tokens(user: User, pick: Pick, code: str) -> str | None:
    """``None``: kept. Else the name of the other account they belong to, and they are forgotten."""
    answer = calls.code_exchange(
        code=code, code_verifier=pick.verifier, redirect_uri=pick.redirect_uri
    )
    asked = calls.call("GET", f"{settings.GTS_TONE3000_API}/user", bearer=answer.access)
    who = calls.parse_user(asked.data if asked.status == 200 else None)
    try:
        tokens_store(user=user, answer=answer, tone3000_id=who.id)
    except ConflictError:
        return who.name
    return None


def _key(pick_id: UUID | str) -> str:
    return f"tone3000:pick:{pick_id}"


def _read(pick_id: UUID) -> Pick | None:
    kept = cache.get(_key(pick_id))
    return Pick(**kept) if kept is not None else None


def _write(pick: Pick) -> None:
    cache.set(_key(pick.id), asdict(pick), timeout=LIFETIME_S)

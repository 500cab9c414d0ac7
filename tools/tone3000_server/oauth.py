"""OAuth 2.0 with PKCE, as strict as the real one can be: the authorize and the token endpoint.

At the latter codes and refresh tokens are given for new pairs.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tools.tone3000_server import responses
from tools.tone3000_server.catalog import ARCHITECTURES, FORMATS, GEARS, FakeTone, gears_of
from tools.tone3000_server.responses import (
    Request,
    Response,
    error,
    html_response,
    json_response,
    redirect,
)
from tools.tone3000_server.state import Code, FakeState, Outcome, Pair, Session

COOKIE: Final = "fake_server_user"
_REQUIRED: Final = (
    "client_id",
    "redirect_uri",
    "response_type",
    "code_challenge",
    "code_challenge_method",
    "state",
)
_OPTIONAL: Final = frozenset(
    {
        "prompt",
        "tone_id",
        "login_hint",
        "menubar",
        "locale",
        "gears",
        "format",
        "architecture",
        "calibrated",
        "preview",
        "scope",
    }
)
_DEPRECATED: Final = {"platform": "legacy_platform_key", "model_id": "legacy_model_id"}
_PROMPTS: Final = ("", "select_tone", "load_tone")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class _Ask:
    """An authorization request that has been found in order."""

    client_id: str
    redirect_uri: str
    challenge: str
    state: str
    prompt: str
    tone_id: int | None
    has_menu: bool
    gears: tuple[str, ...]
    format: str
    architecture: str


def authorize(state: FakeState, request: Request) -> Response:
    params = request.query
    _lint(state, params)
    asked = _check(state, params)
    if isinstance(asked, Response):
        return asked
    if state.outcomes:
        return _forced(state, asked, state.outcomes.popleft())
    if request.method == "POST":
        return _decided(state, asked, request)
    user = state.options.auto_approve or request.cookie(COOKIE)
    if user not in state.catalog.users:
        people = [name for name in state.catalog.users if name != "dora"]
        return html_response(200, responses.sign_in_page(people, has_menu=asked.has_menu))
    return _signed_in(state, asked, user)


def _lint(state: FakeState, params: dict[str, str]) -> None:
    for name in params:
        if name in _DEPRECATED:
            state.note("deprecated_params", f"authorize {_DEPRECATED[name]}")
        elif name not in _OPTIONAL and name not in _REQUIRED:
            state.note("unknown_params", f"authorize {name}")
    if params.get("scope") == "":
        state.note("empty_scope", "authorize")
    if params.get("prompt") == "":
        state.note("unknown_params", "authorize prompt=")


def _check(state: FakeState, params: dict[str, str]) -> _Ask | Response:
    """In the order of the real one, as far as it is known."""
    options = state.options
    if params.get("client_id") not in options.clients:
        return error(400, "invalid_client", "This client is not known.")
    missing = [name for name in _REQUIRED if not params.get(name)]
    if missing:
        return error(400, "invalid_request", f"Missing parameters: {', '.join(missing)}")
    if params["response_type"] != "code" or params["code_challenge_method"] != "S256":
        return error(400, "invalid_request", "Only response_type code with S256 is served.")
    if not _CHALLENGE.fullmatch(params["code_challenge"]):
        return error(400, "invalid_request", "The code challenge is no SHA-256 in base64url.")
    if not _may_redirect(params["redirect_uri"], options.clients[params["client_id"]]):
        return error(400, "invalid_request", "This redirect_uri is not registered.")
    prompt = params.get("prompt", "")
    tone_id = params.get("tone_id", "")
    if prompt not in _PROMPTS:
        return error(400, "invalid_request", "There is no such prompt.")
    if prompt == "load_tone" and not tone_id.isdecimal():
        return error(400, "invalid_request", "load_tone needs a tone_id.")
    gears, deprecated = gears_of(params.get("gears", ""))
    for name in deprecated:
        state.note("deprecated_params", f"authorize {name}")
    for name, value, known in (
        ("architecture", params.get("architecture"), ARCHITECTURES),
        ("format", params.get("format"), FORMATS),
        *(("gears", gear, GEARS) for gear in gears),
    ):
        if value is not None and value not in known:
            return error(400, "invalid_request", f"{name} must be one of {', '.join(known)}")
    return _Ask(
        client_id=params["client_id"],
        redirect_uri=params["redirect_uri"],
        challenge=params["code_challenge"],
        state=params["state"],
        prompt=prompt,
        tone_id=int(tone_id) if tone_id.isdecimal() else None,
        has_menu=params.get("menubar") == "true",
        gears=gears,
        format=params.get("format", ""),
        architecture=params.get("architecture", ""),
    )


def _may_redirect(address: str, registered: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.hostname or "#" in address:
        return False
    return parts.hostname in _LOOPBACK or not registered or address in registered


def _signed_in(state: FakeState, asked: _Ask, user: str) -> Response:
    if not asked.prompt:
        return _back(state, asked, user=user)
    is_loading = asked.prompt == "load_tone" and asked.tone_id is not None
    if is_loading and state.catalog.visible(asked.tone_id or 0, user) is not None:
        return _back(state, asked, user=user, tone_id=asked.tone_id)
    tones = _selectable(state, asked, user)
    if state.options.auto_approve and tones:
        return _back(state, asked, user=user, tone_id=tones[0].id)
    is_replacing = asked.prompt == "load_tone"
    html = responses.choose_page(user, tones, is_replacing=is_replacing, has_menu=asked.has_menu)
    return html_response(200, html)


def _selectable(state: FakeState, asked: _Ask, user: str) -> list[FakeTone]:
    """Public tones and one's own private ones. Without an architecture: no tone of A2 only."""

    def fits(tone: FakeTone) -> bool:
        if not tone.is_public and tone.owner != user:
            return False
        if asked.gears and tone.gear not in asked.gears:
            return False
        if asked.format and tone.format != asked.format:
            return False
        if tone.format != "nam":
            return True
        wanted = (asked.architecture,) if asked.architecture else ("1", "custom")
        return any(tone.count(architecture) for architecture in wanted)

    return [tone for tone in state.catalog.tones.values() if fits(tone)]


def _decided(state: FakeState, asked: _Ask, request: Request) -> Response:
    """A button of the page was pressed."""
    kind, _, what = request.form.get("decision", "").partition(":")
    user = request.cookie(COOKIE)
    if kind == "deny":
        return _back(state, asked, failure="access_denied")
    if kind == "close":
        user = what or user
        return _back(state, asked, user=user, is_canceled=True, is_sign_in=bool(what))
    if kind == "approve" and what in state.catalog.users:
        response = _signed_in(state, asked, what)
        if response.status != 302:  # the list of tones: asked for again, now that there is a cookie
            response = redirect(f"?{request.query_string}", 303)
        response.headers["set-cookie"] = _cookie(what)
        return response
    is_pick = kind == "pick" and what.isdecimal() and user in state.catalog.users
    if is_pick and state.catalog.visible(int(what), user) is not None:
        return _back(state, asked, user=user, tone_id=int(what))
    return html_response(400, responses.refusal_page())


def _forced(state: FakeState, asked: _Ask, outcome: Outcome) -> Response:
    """What a test has asked for, without a page."""
    match outcome.kind:
        case "approve":
            tone_id = outcome.tone_id
            if tone_id is None and asked.prompt == "load_tone":
                tone_id = asked.tone_id
            if tone_id is None and asked.prompt:
                tone_id = next((tone.id for tone in _selectable(state, asked, outcome.user)), None)
            return _back(state, asked, user=outcome.user, tone_id=tone_id)
        case "deny":
            return _back(state, asked, failure="access_denied")
        case "error":
            return _back(state, asked, failure="server_error")
        case "cancel_with_code":
            return _back(state, asked, user=outcome.user, is_canceled=True)
        case "cancel":
            return _back(state, asked, is_canceled=True)
        case _:  # "refuse": a page and no redirect
            return html_response(400, responses.refusal_page())


def _back(
    state: FakeState,
    asked: _Ask,
    *,
    user: str = "",
    tone_id: int | None = None,
    is_canceled: bool = False,
    failure: str = "",
    is_sign_in: bool = False,
) -> Response:
    """To the client, keeping the query of its address."""
    parts = urlsplit(asked.redirect_uri)
    query = parse_qsl(parts.query, keep_blank_values=True)
    if failure:
        query += [("error", failure), ("error_description", "constructed")]
    if is_canceled:
        query.append(("canceled", "true"))
    if user and not failure:
        code = state.tokens.new_code(
            client_id=asked.client_id,
            redirect_uri=asked.redirect_uri,
            challenge=asked.challenge,
            user=user,
            ttl_s=state.options.code_ttl_s,
        )
        query.append(("code", code))
    if tone_id is not None:
        query.append(("tone_id", str(tone_id)))
    query.append(("state", asked.state))
    response = redirect(urlunsplit(parts._replace(query=urlencode(query))))
    if is_sign_in:
        response.headers["set-cookie"] = _cookie(user)
    return response


def _cookie(user: str) -> str:
    return f"{COOKIE}={user}; Path=/; HttpOnly; SameSite=Lax"


def token(state: FakeState, request: Request) -> Response:
    if request.content_type != "application/x-www-form-urlencoded":
        return error(400, "invalid_request", "The body must be a form.")
    form = request.form
    if form.get("client_secret"):
        return error(400, "invalid_client", "A public client has no secret.")
    if "client_secret" in form:
        state.note("empty_client_secret", "token")
    if form.get("scope") == "":
        state.note("empty_scope", "token")
    if form.get("client_id") not in state.options.clients:
        return error(400, "invalid_client", "This client is not known.")
    match form.get("grant_type"):
        case "authorization_code":
            return _exchange(state, form)
        case "refresh_token":
            return _refresh(state, form)
        case _:
            return error(400, "unsupported_grant_type")


def _exchange(state: FakeState, form: dict[str, str]) -> Response:
    # Used up by the first attempt, whatever comes of it.
    code = state.tokens.take_code(form.get("code", ""))
    if code is None or not _matches(code, form):
        return error(400, "invalid_grant", "The code is not good (any more).")
    code.session, pair = state.tokens.new_session(
        user=code.user, client_id=code.client_id, ttl_s=state.options.access_ttl_s
    )
    return _pair_response(state, pair)


def _matches(code: Code, form: dict[str, str]) -> bool:
    verifier = form.get("code_verifier", "")
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    return (
        digest.rstrip(b"=").decode() == code.challenge
        and form.get("client_id") == code.client_id
        and form.get("redirect_uri") == code.redirect_uri
    )


def _refresh(state: FakeState, form: dict[str, str]) -> Response:
    options, tokens = state.options, state.tokens
    given = form.get("refresh_token", "")
    session = tokens.session_of_refresh(given)
    if session is None or session.is_revoked or session.client_id != form["client_id"]:
        return _dead_refresh(state, "refresh_token_not_found")
    if given == session.refresh_token:
        return _pair_response(state, tokens.rotate(session, ttl_s=options.access_ttl_s))
    if _is_in_grace(state, session, given):
        return _pair_response(state, tokens.access_again(session, ttl_s=options.access_ttl_s))
    if options.reuse_kills_session:
        tokens.revoke(session)
    return _dead_refresh(state, "refresh_token_already_used")


def _is_in_grace(state: FakeState, session: Session, refresh_token: str) -> bool:
    age_s = state.clock() - session.used_at[refresh_token]
    return age_s < state.options.refresh_reuse_grace_s


def _dead_refresh(state: FakeState, gotrue_code: str) -> Response:
    if state.options.error_style == "gotrue":
        return json_response(
            400, {"code": 400, "error_code": gotrue_code, "msg": "Invalid Refresh Token"}
        )
    return error(400, "invalid_grant", "The refresh token is not good (any more).")


def _pair_response(state: FakeState, pair: Pair) -> Response:
    document = {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "token_type": "bearer",
        "expires_in": state.options.access_ttl_s,
    }
    return json_response(200, document, cache_control="no-store")

"""The token endpoint: codes and refresh tokens for new pairs."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

from tools.tone3000_server.messages import Request, Response, error, json_response
from tools.tone3000_server.tokens import Code, Pair, Session
from tools.tone3000_server.world import World

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def token(world: World, request: Request) -> Response:
    if request.content_type != "application/x-www-form-urlencoded":
        return error(400, "invalid_request", "The body must be a form.")
    form = request.form
    if form.get("client_secret"):
        return error(400, "invalid_client", "A public client has no secret.")
    if "client_secret" in form:
        world.note("empty_client_secret", "token")
    if form.get("scope") == "":
        world.note("empty_scope", "token")
    if form.get("client_id") not in world.options.clients:
        return error(400, "invalid_client", "This client is not known.")
    match form.get("grant_type"):
        case "authorization_code":
            return _exchange(world, form)
        case "refresh_token":
            return _refresh(world, form)
        case _:
            return error(400, "unsupported_grant_type")


def _exchange(world: World, form: dict[str, str]) -> Response:
    # Used up by the first attempt, whatever comes of it.
    code = world.tokens.take_code(form.get("code", ""))
    if code is None or not _matches(code, form):
        return error(400, "invalid_grant", "The code is not good (any more).")
    code.session, pair = world.tokens.new_session(
        user=code.user, client_id=code.client_id, ttl_s=world.options.access_ttl_s
    )
    return _pair_response(world, pair)


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


def _refresh(world: World, form: dict[str, str]) -> Response:
    options, tokens = world.options, world.tokens
    given = form.get("refresh_token", "")
    session = tokens.session_of_refresh(given)
    if session is None or session.is_revoked or session.client_id != form["client_id"]:
        return _dead_refresh(world, "refresh_token_not_found")
    if given == session.refresh_token:
        return _pair_response(world, tokens.rotate(session, ttl_s=options.access_ttl_s))
    if _is_in_grace(world, session, given):
        return _pair_response(world, tokens.access_again(session, ttl_s=options.access_ttl_s))
    if options.reuse_kills_session:
        tokens.revoke(session)
    return _dead_refresh(world, "refresh_token_already_used")


def _is_in_grace(world: World, session: Session, refresh_token: str) -> bool:
    age_s = world.clock() - session.used_at[refresh_token]
    return age_s < world.options.refresh_reuse_grace_s


def _dead_refresh(world: World, gotrue_code: str) -> Response:
    if world.options.error_style == "gotrue":
        return json_response(
            400, {"code": 400, "error_code": gotrue_code, "msg": "Invalid Refresh Token"}
        )
    return error(400, "invalid_grant", "The refresh token is not good (any more).")


def _pair_response(world: World, pair: Pair) -> Response:
    document = {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "token_type": "bearer",
        "expires_in": world.options.access_ttl_s,
    }
    return json_response(200, document, cache_control="no-store")

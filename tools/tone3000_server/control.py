"""How tests drive the fake server: everything below ``/__fake__/``, never below ``/api``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from tools.tone3000_server.messages import Request, Response, error, json_response
from tools.tone3000_server.world import Failure, Outcome, World

PREFIX: Final = "/__fake__/"
OUTCOMES: Final = ("approve", "deny", "error", "cancel", "cancel_with_code", "refuse")

_Given = dict[str, Any]


def control(world: World, request: Request) -> Response:
    name = request.path.removeprefix(PREFIX)
    try:
        if request.method == "GET" and name in _READS:
            return json_response(200, _READS[name](world))
        if request.method == "POST" and name in _ACTIONS:
            given = json.loads(request.body or b"{}")
            return json_response(200, _ACTIONS[name](world, given) or {})
    except (ValueError, TypeError, KeyError) as problem:
        return error(400, "invalid_request", repr(problem))
    return error(404, "not_found")


# Reading


def _requests(world: World) -> list[dict[str, Any]]:
    return world.requests


def _lint(world: World) -> _Given:
    return {"counters": dict(world.lint), "notes": world.lint_notes}


_READS: Final[dict[str, Callable[[World], Any]]] = {"requests": _requests, "lint": _lint}

# Doing


def _reset(world: World, given: _Given) -> None:
    world.reset()
    _options(world, given)


def _seed(world: World, given: _Given) -> None:
    world.seed()


def _options(world: World, given: _Given) -> None:
    changes = {**given}
    if "clients" in changes:
        changes["clients"] = {key: tuple(uris) for key, uris in changes["clients"].items()}
    world.options = world.options.changed(changes)


def _advance(world: World, given: _Given) -> None:
    world.clock.advance(float(given["seconds"]))


def _next_authorize(world: World, given: _Given) -> None:
    outcome = Outcome(**given)
    if outcome.kind not in OUTCOMES or outcome.user not in world.catalog.users:
        raise ValueError(f"kind is one of {OUTCOMES}, user one of {list(world.catalog.users)}")
    world.outcomes.append(outcome)


def _expire_access_tokens(world: World, given: _Given) -> _Given:
    return {"num_expired": world.tokens.expire_access()}


def _revoke(world: World, given: _Given) -> _Given:
    return {"num_revoked": world.tokens.revoke_user(given["user"])}


def _fail(world: World, given: _Given) -> None:
    world.failures.append(Failure(**{"times": 1, **given}))


def _forget(world: World, given: _Given) -> None:
    """Empties the log and the counters; tokens and data stay."""
    world.requests.clear()
    world.clear_lint()


def _tokens(world: World, given: _Given) -> _Given:
    """A pair without the way through the browser."""
    client_id = given.get("client_id") or next(iter(world.options.clients))
    user = given["user"]
    if user not in world.catalog.users:
        raise ValueError(f"there is no user {user}")
    ttl_s = world.options.access_ttl_s
    _, pair = world.tokens.new_session(user=user, client_id=client_id, ttl_s=ttl_s)
    return {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "expires_in": ttl_s,
    }


def _tone(world: World, given: _Given) -> None:
    """Make a tone private or public, or take it away."""
    tone_id = int(given["tone_id"])
    if given.get("is_deleted"):
        del world.catalog.tones[tone_id]
    else:
        world.catalog.set_public(tone_id, is_public=bool(given["is_public"]))


_ACTIONS: Final[dict[str, Callable[[World, _Given], _Given | None]]] = {
    "reset": _reset,
    "seed": _seed,
    "options": _options,
    "advance": _advance,
    "next-authorize": _next_authorize,
    "expire-access-tokens": _expire_access_tokens,
    "revoke": _revoke,
    "fail": _fail,
    "forget": _forget,
    "tokens": _tokens,
    "tone": _tone,
}

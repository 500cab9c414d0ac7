"""How tests drive the fake server: everything below ``/__fake__/``, never below ``/api``.

``control`` serves that, ``FakeServer`` asks for it, from tests in any app or process.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

import httpx

from tools.tone3000_server.responses import Request, Response, error, json_response
from tools.tone3000_server.state import CLIENT_ID, Failure, FakeState, Outcome

PREFIX: Final = "/__fake__/"
_TIMEOUT_S: Final = 10.0
OUTCOMES: Final = ("approve", "deny", "error", "cancel", "cancel_with_code", "refuse")

_Given = dict[str, Any]


def control(state: FakeState, request: Request) -> Response:
    name = request.path.removeprefix(PREFIX)
    try:
        if request.method == "GET" and name in _READS:
            return json_response(200, _READS[name](state))
        if request.method == "POST" and name in _ACTIONS:
            given = json.loads(request.body or b"{}")
            return json_response(200, _ACTIONS[name](state, given) or {})
    except (ValueError, TypeError, KeyError) as problem:
        return error(400, "invalid_request", repr(problem))
    return error(404, "not_found")


# Reading


def _requests(state: FakeState) -> list[dict[str, Any]]:
    return state.requests


def _lint(state: FakeState) -> _Given:
    return {"counters": dict(state.lint), "notes": state.lint_notes}


_READS: Final[dict[str, Callable[[FakeState], Any]]] = {"requests": _requests, "lint": _lint}

# Doing


def _reset(state: FakeState, given: _Given) -> None:
    state.reset()
    _options(state, given)


def _seed(state: FakeState, given: _Given) -> None:
    state.seed()


def _options(state: FakeState, given: _Given) -> None:
    changes = {**given}
    if "clients" in changes:
        changes["clients"] = {key: tuple(uris) for key, uris in changes["clients"].items()}
    state.options = state.options.changed(changes)


def _advance(state: FakeState, given: _Given) -> None:
    state.clock.advance(float(given["seconds"]))


def _next_authorize(state: FakeState, given: _Given) -> None:
    outcome = Outcome(**given)
    if outcome.kind not in OUTCOMES or outcome.user not in state.catalog.users:
        raise ValueError(f"kind is one of {OUTCOMES}, user one of {list(state.catalog.users)}")
    state.outcomes.append(outcome)


def _expire_access_tokens(state: FakeState, given: _Given) -> _Given:
    return {"num_expired": state.tokens.expire_access()}


def _revoke(state: FakeState, given: _Given) -> _Given:
    return {"num_revoked": state.tokens.revoke_user(given["user"])}


def _fail(state: FakeState, given: _Given) -> None:
    state.failures.append(Failure(**{"times": 1, **given}))


def _forget(state: FakeState, given: _Given) -> None:
    """Empties the log and the counters; tokens and data stay."""
    state.requests.clear()
    state.clear_lint()


def _tokens(state: FakeState, given: _Given) -> _Given:
    """A pair without the way through the browser."""
    client_id = given.get("client_id") or next(iter(state.options.clients))
    user = given["user"]
    if user not in state.catalog.users:
        raise ValueError(f"there is no user {user}")
    ttl_s = state.options.access_ttl_s
    _, pair = state.tokens.new_session(user=user, client_id=client_id, ttl_s=ttl_s)
    return {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "expires_in": ttl_s,
    }


def _tone(state: FakeState, given: _Given) -> None:
    """Make a tone private or public, or take it away."""
    tone_id = int(given["tone_id"])
    if given.get("is_deleted"):
        del state.catalog.tones[tone_id]
    else:
        state.catalog.set_public(tone_id, is_public=bool(given["is_public"]))


_ACTIONS: Final[dict[str, Callable[[FakeState, _Given], _Given | None]]] = {
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


class FakeServer:
    """A running one, to be driven: every method is one call of ``/__fake__/…``.

    ``base``: its address, for settings.
    """

    client_id = CLIENT_ID

    def __init__(self, base: str) -> None:
        self.base = base
        self._http = httpx.Client(base_url=f"{base}/__fake__/", timeout=_TIMEOUT_S)

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def reset(self, **options: Any) -> None:
        """As at the start, with these options."""
        self._post("reset", options)

    def seed(self) -> None:
        """The data as at the start; tokens stay good."""
        self._post("seed")

    def set(self, **options: Any) -> None:
        """Change options (see ``Options``) from now on."""
        self._post("options", options)

    def advance(self, seconds: float) -> None:
        """Skip time: tokens expire, windows of the rate limit pass."""
        self._post("advance", {"seconds": seconds})

    def next_authorize(self, kind: str, *, user: str = "alice", tone_id: int | None = None) -> None:
        """approve, deny, error, cancel, cancel_with_code or refuse; without any page."""
        self._post("next-authorize", {"kind": kind, "user": user, "tone_id": tone_id})

    def expire_access_tokens(self) -> None:
        self._post("expire-access-tokens")

    def revoke(self, user: str) -> None:
        """End all sessions of a user: access and refresh tokens are dead."""
        self._post("revoke", {"user": user})

    def fail(self, path: str, *, times: int = 1, **how: Any) -> None:
        """The next calls of ``path`` (a * at its end: all below) get ``status``, ``body``,
        ``headers`` after ``delay_s``; without a status they are only late."""
        self._post("fail", {"path": path, "times": times, **how})

    def tone_set(self, tone_id: int, **change: bool) -> None:
        """``is_public`` or ``is_deleted``."""
        self._post("tone", {"tone_id": tone_id, **change})

    def tokens(self, user: str = "alice") -> dict[str, Any]:
        """access_token, refresh_token and expires_in, without the way through the browser."""
        pair: dict[str, Any] = self._post("tokens", {"user": user})
        return pair

    def forget(self) -> None:
        """Empty the log and the lint counters."""
        self._post("forget")

    def requests(self, path: str = "") -> list[dict[str, Any]]:
        """What was asked so far, secrets masked; only of one path if it is given."""
        entries: list[dict[str, Any]] = self._get("requests")
        return [entry for entry in entries if not path or entry["path"] == path]

    def lint(self) -> dict[str, int]:
        counters: dict[str, int] = self._get("lint")["counters"]
        return counters

    def lint_notes(self) -> list[str]:
        notes: list[str] = self._get("lint")["notes"]
        return notes

    def assert_clean(self) -> None:
        """Nothing was asked that a well-behaved client does not ask."""
        found = self._get("lint")
        assert not any(found["counters"].values()), found["notes"]

    def _post(self, name: str, given: dict[str, Any] | None = None) -> Any:
        response = self._http.post(name, json=given or {})
        response.raise_for_status()
        return response.json()

    def _get(self, name: str) -> Any:
        return self._http.get(name).raise_for_status().json()
